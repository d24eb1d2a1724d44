import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, expect, test } from 'vitest';
import { type Measured, report } from '../../bench/overhead/report.ts';

const folder = mkdtempSync(join(tmpdir(), 'cordon-overhead-'));
afterAll(() => rmSync(folder, { recursive: true }));

const small = (p50: number, addedP50: number): Measured => ({ p50, addedP50 });

test('the tables hold what was measured, say what failed or was missed, and leave out the rest', () => {
  const results = {
    cold: {
      direct: { list: [31, 30, 90] },
      cordon: { list: [60, 92, 61] },
      quick: { list: [33] },
      gone: { error: 'no such file' },
    },
    small: {
      direct: small(0.03, 0),
      'line-json': small(0.13, 0.1),
      cordon: small(0.15, 0.12),
      'cordon-warm': small(0.18, 0.15),
      quick: small(0.2, 0.17),
      gone: { error: 'no such file' },
    },
    long: { cordon: { bytesPerCall: 7.5 } },
  };
  expect(report(results, ['quick', 'gone']).split('\n')).toEqual([
    '|  | no proxy | pipe-raw | line-json | Cordon | sdk1-full |',
    '| --- | ---: | ---: | ---: | ---: | ---: |',
    '| cold start to the list of tools, ms | 31 |  |  | 61 |  |',
    '| a call of 100 bytes, p50, µs | 30 |  | 130 | 150 |  |',
    '| the same, 10 MB read before |  |  |  | 180 |  |',
    '',
    '| against what is aimed at | aim | reached |',
    '| --- | ---: | ---: |',
    '| added p50 at 100 bytes, times what `line-json` adds | <= 1.15 | 1.20 (missed) |',
    '| added p50 at 100 bytes with 10 MB read before, times without | <= 1.3 | 1.25 |',
    '| cold start over no proxy, ms | <= 30 | 30.00 |',
    '| growth a call in a long run, bytes | < 8 | 7.50 |',
    '',
    '|  | 100 bytes, added p50, µs | 10 KB, added p50, µs | calls a second, 32 in flight | cold start, ms |',
    '| --- | ---: | ---: | ---: | ---: |',
    '| cordon | 120 |  |  | 61 |',
    '| quick | 170 |  |  | 33 (ahead) |',
    '| gone | failed |  |  | failed |',
    '',
  ]);
});

test('the upstream of a warm session gives 10 MB beside its first answers, and then its own alone', async () => {
  const script = join(folder, 'upstream.mjs');
  writeFileSync(
    script,
    `import { createInterface } from 'node:readline';
     createInterface({ input: process.stdin }).on('line', (id) => {
       const result = id === '0' ? { tools: [] } : { content: [{ type: 'text', text: 'own' }] };
       process.stdout.write(JSON.stringify({ jsonrpc: '2.0', id, result }) + '\\n');
     });`,
  );
  const warm = join(import.meta.dirname, '../../bench/overhead/warm.mjs');
  const child = spawn(process.execPath, [warm, process.execPath, script], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  child.stdin.end(Array.from({ length: 102 }, (_, id) => `${id}\n`).join(''));
  const [output] = await Promise.all([text(child.stdout), once(child, 'close')]);
  const lines = output.trimEnd().split('\n');
  expect(lines).toHaveLength(102);
  expect(JSON.parse(lines[0]!).result).toEqual({ tools: [] });
  const given = lines.slice(1, 101);
  expect(given.every((line) => JSON.parse(line).result.content[0].text === 'own')).toBe(true);
  expect(given.join('').length).toBeGreaterThan(10_000_000);
  expect(JSON.parse(lines[101]!).result).toEqual({ content: [{ type: 'text', text: 'own' }] });
});
