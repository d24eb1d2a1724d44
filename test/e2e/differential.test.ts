import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Conversation, converse, type Line, scriptOf } from './differential/conversation.ts';
import { conversations } from './differential/generate.ts';
import { readRecorded, recorded } from './differential/recorded.ts';
import { inFrontOf } from './support/launch.ts';
import { sandbox } from './support/sandbox.ts';
import { isLabelled, withLabelsTakenOut, withoutLabels } from './support/wire.ts';

/** `npm run differential` has many more of them, from a seed that it prints. */
const COUNT = Number(process.env['CORDON_CONVERSATIONS'] ?? 5);
const PATIENCE_MS = 120_000 + COUNT * 6_000;

const base = sandbox();
let count = 0;

/** The line without the labels that this one may have, and must. */
function bare(line: string, expected: Line | undefined): string {
  if (expected?.labelled === undefined) return line;
  if (!isLabelled(line)) return `without a label: ${line}`;
  const whole = withLabelsTakenOut(line);
  // Cordon's `_meta` goes with its labels, the server's own stays, be it empty.
  return whole === expected.text ? whole : withoutLabels(line);
}

/** Has the conversation directly and through Cordon: both must be what the script says, byte for byte and in order. */
async function compare(conversation: Conversation): Promise<void> {
  const name = `conversation-${count++}`;
  const state = join(base, `${name}-state`);
  const [direct, through] = await Promise.all([
    converse(conversation, base, `${name}-direct`),
    converse(conversation, base, `${name}-through`, (server) => inFrontOf(server, { state })),
  ]);
  const said = scriptOf(conversation, true);
  const texts = (lines: readonly Line[]): string[] => lines.map(({ text }) => text);
  expect(direct).toEqual({ client: texts(said.client), server: texts(said.server) });

  const passes = scriptOf(conversation, false);
  expect(through.server).toEqual(texts(passes.server));
  expect(through.client.map((line, index) => bare(line, passes.client[index]))).toEqual(texts(passes.client));
}

describe('what passes through Cordon is what would have passed without it', () => {
  test.each(recorded)('in the recorded conversation %s', (name) => compare(readRecorded(name)));

  test(
    `in ${COUNT} generated conversations of every revision`,
    async () => {
      await fc.assert(fc.asyncProperty(conversations, compare), {
        numRuns: COUNT,
        endOnFailure: true,
      });
    },
    PATIENCE_MS,
  );
});
