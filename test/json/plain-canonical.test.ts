import fc from 'fast-check';
import { expect, test } from 'vitest';
import { canonical } from '../../src/json/canonical.ts';
import { PlainCanonical } from '../../src/json/plain-canonical.ts';

const WANTED = ['n', 'kind', 'b'];
const plain = new PlainCanonical(WANTED);

/** What is taken for canonical must be: read by another parser and written again, it is the same. */
function check(bytes: Buffer): boolean {
  if (!plain.read(bytes)) return false;
  const text = bytes.toString('utf8');
  const value = JSON.parse(text) as Record<string, unknown>;
  expect(canonical(value)).toBe(text);
  WANTED.forEach((name, index) => {
    const own = Object.hasOwn(value, name) ? value[name] : undefined;
    expect(plain.value(index)).toBe(typeof own === 'number' || typeof own === 'string' ? own : undefined);
  });
  return true;
}

test('usual entries are told', () => {
  const entry = {
    flows: [{ at: [0, 5], alone: true }],
    kind: 'tool.invoke',
    n: 12,
    time: 1_700_000_000_000,
    v: 1,
  };
  expect(check(Buffer.from(canonical(entry)))).toBe(true);
  expect(check(Buffer.from('{}'))).toBe(true);
});

test.each([
  ...[
    '',
    '{',
    '{}x',
    '[]',
    '1',
    '"a"',
    ' {}',
    '{"a" :1}',
    '{"a":1,}',
    '{"a":}',
    '{"a":1 }',
    '{"a":[1,]}',
    '{"a":[,1]}',
  ],
  ...[
    '{"b":1,"a":1}',
    '{"a":1,"a":1}',
    '{"ab":1,"a":1}',
    '{"a":01}',
    '{"a":-0}',
    '{"a":1.0}',
    '{"a":1e3}',
    '{"a":+1}',
  ],
  ...[
    '{"a":1234567890123456}',
    '{"a":tru}',
    '{"a":nul}',
    '{"a":"\\u0061"}',
    '{"a":"\\n"}',
    '{"a":"\t"}',
    '{"a":"é"}',
  ],
  ...['{"a":"', '{"a', '{a:1}', "{'a':1}", `{"a":${'['.repeat(70)}${']'.repeat(70)}}`],
])('%s is left to others', (text) => {
  expect(plain.read(Buffer.from(text))).toBe(false);
});

test('whatever is told is canonical, in JSON with any byte changed too', () => {
  let told = 0;
  const objects = fc.dictionary(fc.constantFrom('n', 'kind', 'b', 'a', 'longer', '~', ''), fc.jsonValue());
  fc.assert(
    fc.property(objects, fc.nat(), fc.integer({ min: 0, max: 255 }), (value, at, byte) => {
      const bytes = Buffer.from(canonical(value));
      if (check(bytes)) told++;
      bytes[at % bytes.length] = byte;
      check(bytes);
    }),
    { numRuns: 2_000 },
  );
  expect(told).toBeGreaterThan(200);
});
