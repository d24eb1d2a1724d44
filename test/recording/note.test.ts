import { createPublicKey, verify } from 'node:crypto';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  formatCheckpoint,
  formatNote,
  keyIdOf,
  NoteError,
  parseCheckpoint,
  parseNote,
  verifierKey,
} from '../../src/recording/note.ts';

const vector: { name: string; key: string; text: string; note: string } = JSON.parse(
  readFileSync(new URL('../../fixtures/vectors/note.json', import.meta.url), 'utf8'),
);
const golden = readFileSync(
  new URL('../../fixtures/vectors/state/sessions/golden/checkpoint', import.meta.url),
);
const publicKey = Buffer.from(vector.key.split('+')[2]!, 'base64').subarray(1);

test('a note of the reference implementation parses, verifies and prints again', () => {
  const note = parseNote(Buffer.from(vector.note));
  expect(note.text).toBe(vector.text);
  const [{ name, keyId, signature }] = note.signatures as [(typeof note.signatures)[0]];
  expect(name).toBe(vector.name);
  expect(keyId).toEqual(keyIdOf(name, publicKey));
  const key = createPublicKey({
    key: { kty: 'OKP', crv: 'Ed25519', x: publicKey.toString('base64url') },
    format: 'jwk',
  });
  expect(verify(null, Buffer.from(note.text), key, signature)).toBe(true);
  expect(formatNote(note)).toBe(vector.note);
  expect(verifierKey(name, publicKey)).toBe(vector.key);
});

test('a checkpoint is three lines', () => {
  const { text } = parseNote(golden);
  const checkpoint = parseCheckpoint(text);
  expect(text.split('\n')).toHaveLength(4);
  expect(checkpoint).toMatchObject({ origin: 'cordon/00112233aabbccdd/golden', size: 5 });
  expect(formatCheckpoint(checkpoint)).toBe(text);
});

const signature = '— a AAAAAAAA\n';
test.each([
  ['empty', ''],
  ['no signature', 'text\n\n'],
  ['no blank line', `text\n${signature}`],
  ['no text', `\n${signature}`],
  ['a signature line that does not end', `text\n\n${signature.trimEnd()}`],
  ['a hyphen for the dash', 'text\n\n- a AAAAAAAA\n'],
  ['two spaces', 'text\n\n—  a AAAAAAAA\n'],
  ['a trailing space', 'text\n\n— a AAAAAAAA \n'],
  ['a fourth word', 'text\n\n— a AAAAAAAA b\n'],
  ['a plus in the name', 'text\n\n— a+b AAAAAAAA\n'],
  ['a Unicode space in the name', 'text\n\n— a\u00a0b AAAAAAAA\n'],
  ['a Unicode line separator in the name', 'text\n\n— a\u0085b AAAAAAAA\n'],
  ['base64 with stray bits', 'text\n\n— a AAAAAAB=\n'],
  ['base64 of another alphabet', 'text\n\n— a AAAAAA-_\n'],
  ['a signature of no bytes', 'text\n\n— a AAAA\n'],
  ['a control character', `te\u0007xt\n\n${signature}`],
  ['a carriage return', `text\r\n\n${signature}`],
  ['a byte order mark', `\ufefftext\n\n— a AAAAAAAA\r\n`],
  ['more than it may hold', `${'x'.repeat(70_000)}\n\n${signature}`],
])('no note: %s', (_, note) => {
  expect(() => parseNote(Buffer.from(note))).toThrow(NoteError);
});

test('no note: broken UTF-8', () => {
  expect(() => parseNote(Buffer.from(`te\xffxt\n\n${signature}`, 'latin1'))).toThrow(NoteError);
});

const root = Buffer.alloc(32).toString('base64');
test.each([
  ['an empty origin', `\n1\n${root}\n`],
  ['a leading zero', `a\n01\n${root}\n`],
  ['a negative size', `a\n-1\n${root}\n`],
  ['a size in hexadecimal', `a\n0x1\n${root}\n`],
  ['a size with a fraction', `a\n1.5\n${root}\n`],
  ['an exponent', `a\n1e3\n${root}\n`],
  ['no size', `a\n\n${root}\n`],
  ['a size past 2^53', `a\n9007199254740993\n${root}\n`],
  ['a short root', 'a\n1\nAAAA\n'],
  ['an extension line', `a\n1\n${root}\nmore\n`],
  ['two lines', 'a\n1\n'],
])('no checkpoint: %s', (_, text) => {
  expect(() => parseCheckpoint(text)).toThrow(NoteError);
});

test('arbitrary bytes are a note only if they print as one', () => {
  const almost = fc
    .tuple(fc.nat(vector.note.length - 1), fc.integer({ min: 0, max: 255 }))
    .map(([at, byte]) => {
      const bytes = Buffer.from(vector.note);
      bytes[at] = byte;
      return bytes;
    });
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 64 }), almost), (bytes) => {
      try {
        return Buffer.from(formatNote(parseNote(bytes))).equals(bytes);
      } catch (error) {
        return error instanceof NoteError;
      }
    }),
    { numRuns: 500 },
  );
});
