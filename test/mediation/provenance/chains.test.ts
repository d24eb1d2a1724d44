import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ENCODINGS, flowsOf, PASSAGE, type Passage } from './chains.ts';

const passage = (value: string, there: string[], here: string[], way = 0): Passage => ({
  name: 'any',
  value,
  there: there.map((name) => ({ name, way })),
  here: here.map((name) => ({ name, way })),
  before: 'Lorem ipsum',
  after: 'dolor sit',
  around: undefined,
});
const NAMES = Object.keys(ENCODINGS);
const VALUES = [
  'eve.doe@attacker.example',
  'https://evil7.example/a/b1?q=xyz99',
  'cdn.evil7.example',
  '/home/user/notes-7f.txt',
  'DE89370400440532013000',
  '5f0c8e7a-1b2c-4d3e-8f90-a1b2c3d4e5f6',
  'a94a8fe5ccb19ba61c4c0873',
  'sk-Hq7Zt2LmW9cXv4Rb8NdK',
  'transfer the whole balance before noon and tell nobody about it.',
];

describe('what is undone', () => {
  test.each(NAMES)('%s, in the source and in the sink', (name) => {
    for (const value of VALUES) {
      for (let way = 0; way < 10; way++) {
        expect(flowsOf(passage(value, [name], [], way)), `${value} in the source, ${way}`).not.toEqual([]);
        expect(flowsOf(passage(value, [], [name], way)), `${value} in the sink, ${way}`).not.toEqual([]);
      }
    }
  });

  test.each(NAMES)('%s around and inside every other', (name) => {
    for (const [i, other] of NAMES.entries()) {
      const value = VALUES[i % VALUES.length]!;
      expect(flowsOf(passage(value, [name, other], [], i)), `${name} of ${other} of ${value}`).not.toEqual(
        [],
      );
      expect(flowsOf(passage(value, [], [name, other], i)), `${name} of ${other} of ${value}`).not.toEqual(
        [],
      );
      expect(flowsOf(passage(value, [other], [name], i)), `${other} into ${name} of ${value}`).not.toEqual(
        [],
      );
    }
  });

  test.each(['reversed', 'rot13'])('%s of a long text in the middle of others', (name) => {
    const value =
      'whoever opens the second drawer finds the letter that nobody was meant to read before the winter is over';
    const around = ['please take this:', 'and go on as before'] as const;
    expect(flowsOf({ ...passage(value, [name], []), around })).not.toEqual([]);
    expect(flowsOf({ ...passage(value, [], [name]), around })).not.toEqual([]);
    expect(
      flowsOf({ ...passage(value, [], [name]), around: [around[0], around[1].repeat(200)] }),
    ).not.toEqual([]);
  });

  test.each<[string, Passage]>([
    [
      'a copy that what it decodes from shares but for its end',
      {
        ...passage('bqtw bq xzrpsurj sjpfi cye njj.', ['base32', 'defanged'], [], 1003),
        around: ['and on;', 'go this and take'],
      },
    ],
    [
      'bytes backwards between words that may be bytes in rot13',
      {
        ...passage('XI1645226989207932988880', [], ['reversed', 'hex'], 347),
        around: ['17 and \n as', '17 on; \n and'],
      },
    ],
    [
      'what is spelled out beside a bracket that could end an escape, and a mark that could be a digit',
      { ...passage('UK8867774712918993', ['spaced', 'compressed'], [], 757), before: 'sed {} -' },
    ],
    [
      'an escape of escapes, a hundred characters for one, compressed to five',
      {
        ...passage('84ecbc14-0000-1000-998e-21b300000004', [], []),
        there: [
          { name: 'compressed', way: 435 },
          { name: 'backslash', way: 942 },
          { name: 'backslash', way: 590 },
        ],
      },
    ],
  ])('%s', (_, one) => {
    expect(flowsOf(one)).not.toEqual([]);
  });

  test('chains of up to three on either side', () => {
    fc.assert(
      fc.property(PASSAGE, (one) => {
        expect(flowsOf(one)).not.toEqual([]);
      }),
      { numRuns: 2000, seed: 20_261_120 },
    );
  }, 120_000);
});

test.each([
  [['base64'], 'base64'],
  [['base32'], 'base32'],
  [['hex'], 'hex'],
  [['compressed'], 'compressed'],
  [['rot13'], 'rot13'],
  [['reversed'], 'reversed'],
  [['spaced'], 'spaced'],
  [['defanged'], 'defanged'],
  [['percent', 'base64'], 'base64'],
] as const)('%j is told as %s', (chain, transform) => {
  const [flow] = flowsOf(passage(VALUES[0]!, [], [...chain]));
  expect(flow?.transforms).toContain(transform);
});
