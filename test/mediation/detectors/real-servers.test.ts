import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { DescriptorKind } from '../../../src/event.ts';
import { describeAll, textsOf } from '../../../src/mediation/descriptors/descriptor.ts';
import { inspect } from '../../../src/mediation/detectors/inspect.ts';

/** What real servers advertised: fixtures/descriptors/capture.ts. */
const FOLDER = new URL('../../../fixtures/descriptors/', import.meta.url);

interface Captured {
  instructions?: string;
  tools: { name: string }[];
  prompts: unknown[];
  resources: unknown[];
  resourceTemplates: unknown[];
}

const servers = readdirSync(FOLDER)
  .filter((file) => file.endsWith('.json'))
  .map((file) => [file, JSON.parse(readFileSync(new URL(file, FOLDER), 'utf8')) as Captured] as const);
const namesOf = ({ tools }: Captured) => tools.map(({ name }) => name);

test('all eight are here', () => {
  expect(servers).toHaveLength(8);
});

// All behind one Cordon: each is also looked at for the names of the others' tools.
test.each(servers)('nothing of %s is suspect', (file, captured) => {
  const ownTools = namesOf(captured);
  const foreignTools = servers.flatMap(([other, { tools }]) =>
    other === file ? [] : tools.map(({ name }) => name).filter((name) => !ownTools.includes(name)),
  );
  const lists: [DescriptorKind, unknown[]][] = [
    ['tool', captured.tools],
    ['prompt', captured.prompts],
    ['resource', captured.resources],
    ['resourceTemplate', captured.resourceTemplates],
    ['instructions', captured.instructions === undefined ? [] : [captured.instructions]],
  ];
  const descriptors = lists.flatMap(([kind, values]) => describeAll(kind, file, values));
  expect(descriptors.length).toBeGreaterThan(0);
  for (const descriptor of descriptors) {
    const context = { server: file, kind: 'descriptor', foreignTools, ownTools } as const;
    const findings = [...descriptor.faults, ...inspect(textsOf(descriptor), context)];
    expect({ name: descriptor.name, findings }).toEqual({ name: descriptor.name, findings: [] });
  }
});
