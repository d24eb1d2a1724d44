import fc from 'fast-check';
import { expect, test } from 'vitest';
import { runsOf } from '../../../src/mediation/provenance/runs.ts';

const text = 'mail eve@example.invalid \u00e9\u4e2d now';
const bytes = Buffer.from(text);

test.each([
  ['base64', bytes.toString('base64')],
  ['base64url', bytes.toString('base64url')],
  ['hex', bytes.toString('hex')],
  ['hex in capitals', bytes.toString('hex').toUpperCase()],
  ['after a path', `/a/bc/${bytes.toString('base64')}`],
  ['in a data URL', `data:text/plain;base64,${bytes.toString('base64')}`],
])('%s is decoded', (_, encoded) => {
  expect(runsOf(`see ${encoded} there`).map((run) => run.text)).toContainEqual(expect.stringContaining(text));
});

test('a run says where it stands', () => {
  const encoded = bytes.toString('base64').replaceAll('=', '');
  const [run] = runsOf(`see ${encoded} there`);
  expect([run?.from, run?.to, run?.transforms]).toEqual([4, 4 + encoded.length, ['base64']]);
});

test('base64 behind hexadecimal, and hexadecimal at an odd place, are decoded', () => {
  const [base64, hex] = [bytes.toString('base64'), bytes.toString('hex')];
  for (const encoded of [`6161616161616161${base64}`, `${hex}${base64}`, `f${hex}`, `f${hex}0`]) {
    expect(runsOf(encoded).map((run) => run.text)).toContainEqual(expect.stringContaining(text));
  }
});

test('very many runs are few, and none is lost', () => {
  const words = Array.from({ length: 50_000 }, (_, i) => `hello-${1_000_000 + i}`);
  const found = runsOf(words.map((word) => Buffer.from(word).toString('base64')).join(' '));
  expect(found.length).toBeLessThan(1000);
  expect(found.flatMap((run) => run.text.split('\n')).filter((one) => /^hello-\d{7}$/.test(one))).toEqual(
    words,
  );
});

test.each([76, 64, 40])('base64 wrapped at %i is one run', (columns) => {
  const long = 'The secret of the house is kept behind the third door on the left. '.repeat(4);
  const wrapped = Buffer.from(long)
    .toString('base64')
    .replace(new RegExp(`(.{${columns}})`, 'g'), '$1\r\n');
  expect(runsOf(wrapped).map((run) => run.text.trim())).toEqual([long.trim()]);
});

test.each([
  'getElementsByTagName',
  'internationalization',
  '/usr/local/lib/node_modules/typescript/lib',
  'a'.repeat(5000),
])('%.40s is no run', (plain) => {
  expect(runsOf(plain)).toEqual([]);
});

test('what is readable is found beside what is not', () => {
  for (const before of [[0xc3], [0xff, 0xc3], [0x80, 0x01], [0xe4, 0xb8]]) {
    const mixed = Buffer.concat([Buffer.from(before), Buffer.from('p4ss/w0rd'), Buffer.from([0xc3])]);
    expect(runsOf(mixed.toString('base64')).map((run) => run.text)).toContain('p4ss/w0rd');
  }
});

test('any text of eight bytes comes back from any encoding, wherever it stands', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom(...'abcXYZ019 @./-_'), minLength: 8, maxLength: 40 }),
      fc.constantFrom('base64', 'base64url', 'hex'),
      fc.constantFrom('', 'x=', '(', 'text: '),
      (value, encoding, before) => {
        const encoded = Buffer.from(value).toString(encoding as BufferEncoding);
        const found = runsOf(`${before}${encoded} z`).map((run) => run.text);
        expect(found.some((one) => one.includes(value))).toBe(true);
      },
    ),
  );
});
