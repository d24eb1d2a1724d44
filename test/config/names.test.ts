import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isServerName, nameAfter, nearestServerName, sameName, suggestion } from '../../src/config/names.ts';

test.each(['a', 'A1', 'my-server', 'my.server', 'a_b-c.d', 'x'.repeat(40)])(
  '%j may name a server',
  (name) => {
    expect(isServerName(name)).toBe(true);
  },
);

test.each([
  '',
  '_a',
  'a_',
  'a.',
  'a__b',
  'a._b',
  'a--b',
  'a b',
  'a/b',
  'ä',
  'a\n',
  '__proto__',
  'x'.repeat(41),
])('%j may not', (name) => {
  expect(isServerName(name)).toBe(false);
});

test('server__tool splits in one way only, with dots read as underscores too', () => {
  const name = fc.string({
    unit: fc.constantFrom('a', 'B', '.', '_', '-', '7'),
    minLength: 1,
    maxLength: 40,
  });
  fc.assert(
    fc.property(
      name.filter(isServerName),
      fc.string({ unit: fc.constantFrom('_', 'a', '.') }),
      (server, tool) => {
        const seen = `${server}__${tool}`.replaceAll('.', '_');
        expect(seen.slice(0, seen.indexOf('__'))).toBe(server.replaceAll('.', '_'));
      },
    ),
  );
});

test('what looks the same is the same name', () => {
  expect(sameName('My.Db')).toBe(sameName('my-db'));
  expect(sameName('my-db')).not.toBe(sameName('mydb'));
});

test('any name has one near it that may be used, or none', () => {
  expect(nearestServerName('my server (old)')).toBe('my-server-old');
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 80 }), (name) => {
      const nearest = nearestServerName(name);
      expect(nearest === '' || isServerName(nearest)).toBe(true);
    }),
  );
});

test.each<[string, string]>([
  ['my-server', 'my-server'],
  ['/opt/bin/my-server.exe --flag', 'my-server'],
  ['node dist/server.mjs /data', 'server'],
  ['/usr/bin/node --enable-source-maps ./build/files.js', 'files'],
  ['npx -y @scope/server-files@1.2 /data', 'server-files'],
  ['npx', 'npx'],
  ['uvx mcp-server-git', 'mcp-server-git'],
  ['python3 -m mcp_time', 'mcp_time'],
  ['docker run -i --rm example/mail', 'mail'],
  ['/???', 'server'],
])('a server started by %j is named %j', (line, expected) => {
  const [command, ...args] = line.split(' ');
  expect(nameAfter(command!, args)).toBe(expected);
});

test.each<[string, string | undefined]>([
  ['limit', 'limits'],
  ['LIMITS', 'limits'],
  ['mdoe', 'mode'],
  ['completely else', undefined],
  ['x'.repeat(10_000), undefined],
])('%j was meant to be %j', (typed, expected) => {
  expect(suggestion(typed, ['limits', 'mode', 'record'])).toBe(expected);
});
