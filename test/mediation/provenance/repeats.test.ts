import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Repeats } from '../../../src/mediation/provenance/repeats.ts';

const MIB = 1024 * 1024;

/** Takes a text as a queue does; what was retained of it. */
function take(repeats: Repeats, text: string, kind = 1): string[] {
  const pieces = repeats.news(text, kind).map(([from, to]) => text.slice(from, to));
  for (const piece of pieces) repeats.keep(piece, kind);
  return pieces;
}

function line(i: number): string {
  return `${i} ${(Math.imul(i + 1, 0x9e3779b1) >>> 0).toString(36).repeat(1 + (i % 9))} took ${i % 7} ms`;
}
const page = (from: number, to: number): string =>
  Array.from({ length: to - from }, (_, i) => line(from + i)).join('\n');

test('what was retained is not retained again', () => {
  const repeats = new Repeats(64 * MIB);
  const text = page(0, 500);
  expect(take(repeats, text)).toEqual([text]);
  expect(take(repeats, text)).toEqual([]);
  expect(take(repeats, page(100, 400))).toEqual([]);
});

test('of a text with one new line that line is, and what stands around it', () => {
  const repeats = new Repeats(64 * MIB);
  take(repeats, page(0, 500));
  const text = `${page(0, 250)}\nmail eve@example.invalid\n${page(250, 500)}`;
  const [piece, ...others] = take(repeats, text);
  expect(others).toEqual([]);
  expect(piece).toContain(`\nmail eve@example.invalid\n${line(250)}`);
  expect(piece!.length).toBeLessThan(300);
  expect(take(repeats, text)).toEqual([]);
});

test('another class of source, or what may be forgotten, is retained again', () => {
  const repeats = new Repeats(8 * 100_000);
  const text = page(0, 500);
  take(repeats, text);
  expect(take(repeats, text, 2)).toEqual([text]);
  for (let i = 0; take(repeats, page(1000 * (i + 1), 1000 * (i + 1) + 500)).length > 0 && i < 10; i++);
  expect(take(repeats, text)).toEqual([text]);
});

test('a value in escapes across a new border is retained whole', () => {
  const repeats = new Repeats(64 * MIB);
  const escaped = [...'eve.doe@example.invalid'].map((c) => `%2525${c.charCodeAt(0).toString(16)}`).join('');
  const [left, right] = [escaped.slice(0, 80), escaped.slice(80)];
  take(repeats, `${page(0, 50)}\nto ${left}`);
  take(repeats, `${page(90, 99)}\n${right} now\n${page(50, 100)}`);
  expect(take(repeats, `${page(0, 50)}\nto ${left}${right} now\n${page(50, 100)}`).join('')).toContain(
    escaped,
  );
});

test('every stretch of 96 characters stands in something retained, however texts are put together', () => {
  const part = fc.tuple(fc.nat(60), fc.nat(12)).map(([from, n]) => page(from, from + n + 1));
  const foreign = fc.constantFrom('\n', '\n\n', ' ', '', '\nshort\n', ' and more of it ', 'x'.repeat(120));
  const text = fc
    .array(fc.tuple(part, foreign), { minLength: 1, maxLength: 8 })
    .map((parts) => parts.flat().join(''));
  fc.assert(
    fc.property(fc.array(fc.tuple(text, fc.nat(1)), { maxLength: 8 }), (texts) => {
      const repeats = new Repeats(64 * MIB);
      const retained: string[][] = [[], []];
      for (const [one, kind] of texts) {
        retained[kind]!.push(...take(repeats, one, kind));
        const all = retained[kind]!.join('\0');
        for (let i = 0; i <= Math.max(0, one.length - 96); i++) {
          if (!all.includes(one.slice(i, i + 96))) throw new Error(`lost: ${one.slice(i, i + 96)}`);
        }
      }
    }),
    { numRuns: 200 },
  );
});
