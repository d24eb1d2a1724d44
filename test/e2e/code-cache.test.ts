import { execFileSync } from 'node:child_process';
import { cpSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { Puppet } from './support/puppet.ts';
import { RawClient } from './support/raw-client.ts';
import { sandbox } from './support/sandbox.ts';

const CACHE = 'serve.code.js.cache';

test('V8 takes its cache of the bundle', () => {
  const script = `
    const { readFileSync } = require('node:fs');
    const source = readFileSync('serve.code.js', 'utf8');
    const wrapped = '(function(exports,require,module,__filename,__dirname){' + source + '\\n})';
    const cachedData = readFileSync('serve.code.js.cache');
    console.log(new (require('node:vm').Script)(wrapped, { cachedData }).cachedDataRejected);
  `;
  const out = execFileSync(process.execPath, ['-e', script], { cwd: resolve('dist'), encoding: 'utf8' });
  expect(out).toBe('false\n');
});

test.each([
  ['is used if it is there', () => {}],
  ['is not needed', (path: string) => rmSync(path)],
  [
    'of another version of V8 is passed over',
    (path: string) => {
      const bytes = readFileSync(path);
      // Where V8 keeps the hash of its version: after a magic number, 32 bits each.
      bytes.writeUInt32LE(~bytes.readUInt32LE(4) >>> 0, 4);
      writeFileSync(path, bytes);
    },
  ],
])("V8's cache of the bundle %s", async (_, change) => {
  const folder = sandbox();
  cpSync(resolve('dist'), join(folder, 'dist'), { recursive: true });
  const cache = join(folder, 'dist', CACHE);
  expect(statSync(cache).size).toBeGreaterThan(100_000);
  change(cache);
  const puppet = await Puppet.listen(folder);
  const cordon = [process.execPath, join(folder, 'dist/cordon.js'), 'run', '--state', join(folder, 'state')];
  const client = new RawClient([...cordon, '--', ...puppet.command]);
  expect((await client.handshake()).message.result).toBeDefined();
  expect((await client.end()).code).toBe(0);
});
