/**
 * Protection and friction on recorded agents:
 * `npm run bench:protection -- --data DIR [--mode M] [--with-prompt] [--no-detectors] [--life] [--out verdicts.jsonl]`.
 * DIR holds traces and `score.mjs`; what either means is said in its README.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Mode } from '../../src/event.ts';
import { type Life, replay, type VerdictLine } from './replay.ts';
import { toolsetOf, tracesOf } from './traces.ts';

const { values } = parseArgs({
  options: {
    data: { type: 'string' },
    mode: { type: 'string', default: 'guard' },
    'with-prompt': { type: 'boolean', default: false },
    life: { type: 'boolean', default: false },
    'no-detectors': { type: 'boolean', default: false },
    out: { type: 'string' },
  },
});
const { data, mode } = values;
if (data === undefined || !['observe', 'guard', 'lockdown'].includes(mode)) {
  process.stderr.write(
    'usage: npm run bench:protection -- --data DIR [--mode observe|guard|lockdown] [--with-prompt] [--no-detectors] [--life] [--out FILE]\n',
  );
  process.exit(2);
}
const options = {
  mode: mode as Mode,
  withPrompt: values['with-prompt'],
  detectors: !values['no-detectors'],
};

const lines: VerdictLine[] = [];
if (values.life) {
  // One corpus is one user's life: its honest traces in the order of the digests of their ids, then each attack alone.
  const lives = new Map<string, Life>();
  const order = (id: string): string => createHash('sha256').update(id).digest('hex');
  const benign = [...tracesOf(data, 'benign')].sort((a, b) => (order(a.id) < order(b.id) ? -1 : 1));
  for (const trace of benign) {
    const life = lives.get(trace.corpus) ?? { remembered: [], learns: true };
    lives.set(trace.corpus, life);
    lines.push(...replay(trace, toolsetOf(data, trace.toolset), options, life));
  }
  for (const trace of tracesOf(data, 'attack')) {
    const remembered = lives.get(trace.corpus)?.remembered ?? [];
    lines.push(...replay(trace, toolsetOf(data, trace.toolset), options, { remembered, learns: false }));
  }
  for (const [corpus, { remembered }] of lives) {
    process.stdout.write(
      `${corpus}: ${new Set(remembered.map((flow) => JSON.stringify(flow))).size} flows remembered\n`,
    );
  }
} else {
  for (const kind of ['attack', 'benign'] as const) {
    for (const trace of tracesOf(data, kind))
      lines.push(...replay(trace, toolsetOf(data, trace.toolset), options));
  }
}
const folder = values.out === undefined ? mkdtempSync(join(tmpdir(), 'cordon-bench-')) : undefined;
const file = values.out ?? join(folder!, 'verdicts.jsonl');
writeFileSync(file, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
const { status } = spawnSync(
  process.execPath,
  [
    ...[join(data, 'score.mjs'), '--data', data, '--verdicts', file],
    ...(values.life ? ['--second-half'] : []),
  ],
  {
    stdio: 'inherit',
  },
);
if (folder !== undefined) rmSync(folder, { recursive: true });
process.exit(status ?? 1);
