import canonicalize from 'canonicalize';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CanonicalError, canonical } from '../../src/json/canonical.ts';

describe('RFC 8785', () => {
  test('section 3.2.2: the example', () => {
    const input = String.raw`{
      "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
      "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
      "literals": [null, true, false]
    }`;
    expect(canonical(JSON.parse(input))).toBe(
      String.raw`{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}`,
    );
  });

  test('section 3.2.3: members are sorted by UTF-16 code units', () => {
    const input = String.raw`{
      "\u20ac": "Euro Sign",
      "\r": "Carriage Return",
      "\ufb33": "Hebrew Letter Dalet With Dagesh",
      "1": "One",
      "\ud83d\ude00": "Emoji: Grinning Face",
      "\u0080": "Control",
      "\u00f6": "Latin Small Letter O With Diaeresis"
    }`;
    const values = Object.values(JSON.parse(canonical(JSON.parse(input))) as object);
    // A parsed object shows keys that look like integers first; in the text they stand where they are sorted.
    expect(canonical(JSON.parse(input)).indexOf('Carriage')).toBeLessThan(
      canonical(JSON.parse(input)).indexOf('One'),
    );
    expect(values.filter((value) => value !== 'One')).toEqual([
      'Carriage Return',
      'Control',
      'Latin Small Letter O With Diaeresis',
      'Euro Sign',
      'Emoji: Grinning Face',
      'Hebrew Letter Dalet With Dagesh',
    ]);
  });

  test.each([
    ['0000000000000000', '0'],
    ['8000000000000000', '0'],
    ['0000000000000001', '5e-324'],
    ['8000000000000001', '-5e-324'],
    ['7fefffffffffffff', '1.7976931348623157e+308'],
    ['ffefffffffffffff', '-1.7976931348623157e+308'],
    ['4340000000000000', '9007199254740992'],
    ['c340000000000000', '-9007199254740992'],
    ['4430000000000000', '295147905179352830000'],
    ['44b52d02c7e14af5', '9.999999999999997e+22'],
    ['44b52d02c7e14af6', '1e+23'],
    ['44b52d02c7e14af7', '1.0000000000000001e+23'],
    ['444b1ae4d6e2ef4e', '999999999999999700000'],
    ['444b1ae4d6e2ef4f', '999999999999999900000'],
    ['444b1ae4d6e2ef50', '1e+21'],
    ['3eb0c6f7a0b5ed8c', '9.999999999999997e-7'],
    ['3eb0c6f7a0b5ed8d', '0.000001'],
    ['41b3de4355555553', '333333333.3333332'],
    ['41b3de4355555554', '333333333.33333325'],
    ['41b3de4355555555', '333333333.3333333'],
    ['41b3de4355555556', '333333333.3333334'],
    ['41b3de4355555557', '333333333.33333343'],
    ['becbf647612f3696', '-0.0000033333333333333333'],
    ['43143ff3c1cb0959', '1424953923781206.2'],
  ])('appendix B: the double %s is %s', (bits, text) => {
    expect(canonical(Buffer.from(bits, 'hex').readDoubleBE())).toBe(text);
  });

  test.each(['7fffffffffffffff', '7ff0000000000000', 'fff0000000000000'])(
    'appendix B: the double %s is none',
    (bits) => {
      expect(() => canonical([Buffer.from(bits, 'hex').readDoubleBE()])).toThrow(CanonicalError);
    },
  );
});

const json = fc
  .jsonValue({ maxDepth: 5, stringUnit: 'binary' })
  .filter((value) => JSON.stringify(value).isWellFormed());

test('agrees with another implementation', () => {
  fc.assert(
    fc.property(json, (value) => {
      expect(canonical(value)).toBe(canonicalize(value));
    }),
    { numRuns: 500 },
  );
});

test('reads back as the same value, and says it the same again', () => {
  fc.assert(
    fc.property(json, (value) => {
      const text = canonical(value);
      expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
      expect(canonical(JSON.parse(text))).toBe(text);
    }),
  );
});

test('does not depend on the order of members, however many there are', () => {
  const names = fc.uniqueArray(fc.string({ unit: 'binary', maxLength: 3 }), { maxLength: 50 });
  fc.assert(
    fc.property(
      names.filter((all) => all.every((name) => name.isWellFormed())),
      (all) => {
        const members = all.map((name, i) => [name, i] as const);
        const text = canonical(Object.fromEntries(members));
        expect(canonical(Object.fromEntries([...members].reverse()))).toBe(text);
        expect(text).toBe(canonicalize(Object.fromEntries(members)));
      },
    ),
  );
});

test('a member named __proto__ is a member', () => {
  expect(canonical(JSON.parse('{"a":1,"__proto__":{"b":2}}'))).toBe('{"__proto__":{"b":2},"a":1}');
});

test('a member without a value is left out', () => {
  expect(canonical({ a: undefined, b: 1 })).toBe('{"b":1}');
});

describe('refuses what has no canonical form', () => {
  test.each<[string, unknown]>([
    ['a high surrogate alone', '\ud800'],
    ['a low surrogate alone', ['x\udc00y']],
    ['surrogates in the wrong order', '\udc00\ud800'],
    ['a lone surrogate in a member name', { '\ud83d': 1 }],
    ['NaN', Number.NaN],
    ['Infinity', { a: Number.POSITIVE_INFINITY }],
    ['undefined', undefined],
    ['a hole', [1, undefined]],
    ['a bigint', 1n],
    ['a function', () => 1],
    ['a symbol', Symbol('x')],
  ])('%s', (_, value) => {
    expect(() => canonical(value)).toThrow(CanonicalError);
  });

  test('256 levels, and not one more', () => {
    const nested = (levels: number, of: (inner: unknown) => unknown): unknown => {
      let value: unknown = 1;
      for (let i = 0; i < levels; i++) value = of(value);
      return value;
    };
    for (const of of [(inner: unknown) => [inner], (inner: unknown) => ({ a: inner })]) {
      expect(canonical(nested(256, of))).toContain('1');
      expect(() => canonical(nested(257, of))).toThrow(CanonicalError);
      expect(() => canonical(nested(100_000, of))).toThrow(CanonicalError);
    }
  });
});
