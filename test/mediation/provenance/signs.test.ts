import fc from 'fast-check';
import { expect, test } from 'vitest';
import { defangedIn, mayBeDefanged } from '../../../src/mediation/provenance/defanged.ts';
import { reversedEscapes, rotatedEscapes } from '../../../src/mediation/provenance/disguises.ts';
import { signsIn } from '../../../src/mediation/provenance/signs.ts';

/** Texts made of little else than what transformations leave behind. */
const PARTS = fc.constantFrom(
  ...['%', '41', '6r', '&', '#', ';', 'amp', 'nzc', '\\', 'u', 'x', 'k', 'h', '0041', '{', '}', '2s'],
  ...['[', ']', '(', ')', '<', '>', 'at', 'dot', 'ta', 'tod', 'ng', 'qbg', 'gn', 'gbq', '.', '@', ':', '//'],
  ...[' ', 'hxxp', 'pxxh', 'UKKC', 'ckku', 'eve', 'a', 'D', 'é'],
);
const TEXT = fc.array(PARTS, { maxLength: 12 }).map((parts) => parts.join(''));

test('no transformation is there without its sign', () => {
  fc.assert(
    fc.property(TEXT, (text) => {
      const signs = signsIn(text);
      const { plain, reversed, rotated } = defangedIn(text);
      const isDefanged = mayBeDefanged(text) || plain.length + reversed.length + rotated.length > 0;
      if (isDefanged) expect(signs.defanged).toBe(true);
      if (/%[\da-f]{2}/i.test(text)) expect(signs.percent).toBe(true);
      if (/&(?:#|[a-z]{2,8};)/i.test(text)) expect(signs.ampersand).toBe(true);
      if (/\\[ux][\da-f{]/i.test(text)) expect(signs.backslash).toBe(true);
      const escapes = signs.percent || signs.ampersand || signs.backslash;
      if (reversedEscapes(text).length + rotatedEscapes(text).length > 0) expect(escapes).toBe(true);
      expect(signs.any || !(isDefanged || escapes)).toBe(true);
    }),
    { numRuns: 20_000 },
  );
});

test.each([
  '[info] worker 12: "item 4711 served from cache", status=200, took {"ms":17}; next in queue: 3',
  'if (list[0] < n) return { a: list[1], b: 100 % n, c: x && width };',
  'Profits rose by 12 %, Ann & Sons, who do not (yet) pay a dividend.',
  '',
])('ordinary text shows none: %j', (text) => {
  expect(signsIn(text).any).toBe(false);
});
