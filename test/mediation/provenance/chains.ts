import { deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import type { Flow, Source } from '../../../src/event.ts';
import { Provenance } from '../../../src/mediation/provenance/provenance.ts';

/**
 * Attackers' values, and everything in the closed list of transformations that could be done to one: what the taint
 * engine has to find. An encoding takes a text and a number that chooses among the ways to write it.
 */

const LOWER = 'abcdefghijklmnopqrstuvwxyz';
const DIGITS = '0123456789';

const of = (unit: string, minLength: number, maxLength: number): fc.Arbitrary<string> =>
  fc.string({ unit: fc.constantFrom(...unit), minLength, maxLength });
const name = of(LOWER + DIGITS, 4, 9);
const word = of(LOWER, 2, 9);

export const VALUES: Readonly<Record<string, fc.Arbitrary<string>>> = {
  address: fc.tuple(name, name, name).map(([a, b, c]) => `${a}.${b}@${c}.example`),
  URL: fc.tuple(name, name, name).map(([a, b, c]) => `https://${a}.example/${b}?x=${c}`),
  host: fc.tuple(name, name).map(([a, b]) => `${a}.${b}.example`),
  path: fc.tuple(name, name, name).map(([a, b, c]) => `/home/${a}/${b}-${c}.txt`),
  account: fc
    .tuple(of('ABCDEFGHIJKLMNOPQRSTUVWXYZ', 2, 2), of(DIGITS, 14, 24))
    .map((parts) => parts.join('')),
  uuid: fc.uuid(),
  hex: of('0123456789abcdef', 12, 40).filter((id) => /\d/.test(id) && /[a-f]/.test(id)),
  key: of(`${LOWER}${LOWER.toUpperCase()}${DIGITS}`, 12, 40)
    .filter((id) => /\d/.test(id))
    .map((id) => `sk-${id}`),
  sentence: fc
    .array(word, { minLength: 6, maxLength: 14 })
    .map((words) => `${words.join(' ')}.`)
    .filter((text) => text.length >= 31),
};

type Encoding = (text: string, way: number) => string;

const bytes = (text: string): number[] => [...Buffer.from(text)];
const hex = (byte: number): string => byte.toString(16).padStart(2, '0');
const pick = <T>(from: readonly T[], way: number): T => from[way % from.length]!;
/** Whether the character at this place is one of those chosen: all, or some. */
const chosen = (way: number, i: number): boolean =>
  way % 2 === 0 || (Math.imul(way ^ i, 0x9e3779b1) >>> 28) % 2 === 0;
/** What marks an escape is escaped itself, or nobody could undo it. */
const each = (text: string, way: number, encode: (c: string) => string): string =>
  [...text].map((c, i) => (chosen(way, i) || /[%&\\]/.test(c) ? encode(c) : c)).join('');
const rot13 = (text: string): string =>
  text.replace(/[a-z]/gi, (c) => String.fromCharCode(c.charCodeAt(0) + (c.toLowerCase() < 'n' ? 13 : -13)));

function base32(text: string): string {
  let bits = bytes(text)
    .map((byte) => byte.toString(2).padStart(8, '0'))
    .join('');
  bits = bits.padEnd(Math.ceil(bits.length / 5) * 5, '0');
  return bits.replace(/.{5}/g, (five) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'[Number.parseInt(five, 2)]!);
}

const CYRILLIC = new Map(
  Array.from('aceopxyijsABCEHKMOPTX', (c, i) => [c, [...'асеорхуіјѕАВСЕНКМОРТХ'][i]!]),
);
const GREEK = new Map(
  Array.from('aeikonrtuvxABEHIKMNOPTXYZ', (c, i) => [c, [...'αεικοηρτυνχΑΒΕΗΙΚΜΝΟΡΤΧΥΖ'][i]!]),
);
GREEK.delete('r');
const LOOKS: readonly ((c: string) => string)[] = [
  (c) => CYRILLIC.get(c) ?? c,
  (c) => GREEK.get(c) ?? c,
  (c) => (/[!-~]/.test(c) ? String.fromCodePoint(c.charCodeAt(0) + 0xfee0) : c),
  (c) => c.replace(/[a-z]/, (l) => String.fromCodePoint(0x1d41a - 97 + l.charCodeAt(0))),
  (c) => c.replace(/[A-Z]/, (l) => String.fromCodePoint(0x1d400 - 65 + l.charCodeAt(0))),
];
const ENTITIES: Readonly<Record<string, string>> = {
  '@': '&commat;',
  '.': '&period;',
  '/': '&sol;',
  ':': '&colon;',
};

export const ENCODINGS: Readonly<Record<string, Encoding>> = {
  percent: (text, way) =>
    pick(
      [
        encodeURIComponent(text.toWellFormed()),
        bytes(text)
          .map((byte) => `%${hex(byte)}`)
          .join(''),
        each(text, way, (c) =>
          bytes(c)
            .map((byte) => `%${hex(byte).toUpperCase()}`)
            .join(''),
        ),
      ],
      way,
    ),
  html: (text, way) =>
    pick(
      [
        each(text, way, (c) => `&#${c.codePointAt(0)};`),
        each(text, way, (c) => `&#x${c.codePointAt(0)!.toString(16)};`),
        each(text, way, (c) => ENTITIES[c] ?? c),
        text.replace(/[^\w\s]/gu, (c) => `&#${c.codePointAt(0)};`),
      ],
      way >> 1,
    ),
  backslash: (text, way) =>
    pick(
      [
        text.replace(/[\s\S]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`),
        bytes(text)
          .map((byte) => `\\x${hex(byte)}`)
          .join(''),
        each(text, way, (c) => `\\u{${c.codePointAt(0)!.toString(16)}}`),
        each(text, way, (c) => `\\U${c.codePointAt(0)!.toString(16).padStart(8, '0')}`),
      ],
      way >> 1,
    ).replace(/\\x[89a-f]\w(?:\\x[89a-f]\w)+/g, (utf8) =>
      // Bytes of UTF-8 one by one are code of few languages: characters beyond ASCII by their number.
      [...Buffer.from(utf8.replaceAll('\\x', ''), 'hex').toString()]
        .map((c) => `\\u{${c.codePointAt(0)!.toString(16)}}`)
        .join(''),
    ),
  base64: (text, way) =>
    pick(
      [
        Buffer.from(text).toString('base64'),
        Buffer.from(text).toString('base64').replaceAll('=', ''),
        Buffer.from(text).toString('base64url'),
        Buffer.from(text)
          .toString('base64')
          .replace(/.{76}(?=.)/g, '$&\r\n'),
        Buffer.from(text)
          .toString('base64')
          .replace(/.{64}(?=.)/g, '$&\n'),
      ],
      way,
    ),
  base32: (text, way) => {
    const digits = base32(text);
    const padded = digits.padEnd(Math.ceil(digits.length / 8) * 8, '=');
    return pick([digits, padded, digits.toLowerCase()], way);
  },
  hex: (text, way) => {
    const pairs = bytes(text).map(hex);
    return pick(
      [
        pairs.join(''),
        pairs.join('').toUpperCase(),
        pairs.join(' '),
        pairs.join(':').toUpperCase(),
        pairs.join('-'),
        pairs.join(', '),
        `0x${pairs.join('')}`,
        pairs.map((pair) => `0x${pair}`).join(' '),
        pairs.map((pair) => `0x${pair}`).join(', '),
        pairs.map((pair) => `\\x${pair}`).join(''),
      ],
      way,
    );
  },
  compressed: (text, way) =>
    pick(
      [gzipSync, deflateSync, deflateRawSync],
      way,
    )(text).toString(pick(['base64', 'base64url', 'base64'] as const, way >> 2)),
  rot13: (text) => rot13(text),
  reversed: (text) => [...text].reverse().join(''),
  invisible: (text, way) => [...text].join(pick(['\u200b', '\u200d', '\u2060', '\ufeff', '\u00ad'], way)),
  tags: (text, way) =>
    each(text, way, (c) => (/[ -~]/.test(c) ? String.fromCodePoint(0xe0000 + c.charCodeAt(0)) : c)),
  look: (text, way) => each(text, way, pick(LOOKS, way >> 1)),
  spaced: (text, way) => [...text].join(pick(['.', ' ', '-', '_', ','], way)),
  defanged: (text, way) =>
    text
      .replaceAll('@', pick(['[at]', '(at)', ' at ', '[@]', ' [at] '], way))
      .replaceAll('.', pick(['[.]', '(dot)', '[dot]', ' dot ', '(.)'], way >> 1))
      .replaceAll('http', 'hxxp'),
};

export interface Step {
  name: string;
  way: number;
}

export const CHAIN: fc.Arbitrary<Step[]> = fc
  .array(fc.record({ name: fc.constantFrom(...Object.keys(ENCODINGS)), way: fc.nat(1023) }), {
    minLength: 1,
    maxLength: 3,
  })
  .filter(isInvertible);

/**
 * Whether anybody could undo it: rot13 leaves other scripts alone, and so mixes what is written in one twice; what is
 * invisible cannot be told from what is invisible.
 */
function isInvertible(chain: readonly Step[]): boolean {
  const [outer, middle, inner] = chain.map(({ name }) => name);
  if (outer !== inner) return true;
  return !(middle === 'rot13' && (inner === 'tags' || inner === 'look')) && inner !== 'invisible';
}

/** What becomes of a value: the last step of a chain is the innermost, done first. */
export function encoded(value: string, chain: readonly Step[]): string {
  return chain.reduceRight((text, { name, way }) => ENCODINGS[name]!(text, way), value);
}

/** Text around a value; what stands around it in a source has no word in common with what does in a sink. */
export const SOURCE_FILLER = fc
  .array(
    fc.constantFrom('Lorem', 'ipsum', 'dolor', 'sit', 'amet,', 'sed', '42', '{}', '\n', '-', 'tempor:'),
    {
      maxLength: 8,
    },
  )
  // Which of two numbers before a number in pieces belongs to it nobody could say.
  .map((parts) => parts.join(' ').replace(/42(?: 42)+/g, '42'));
export const SINK_FILLER = fc
  .array(fc.constantFrom('please', 'take', 'this', 'and', 'go', '"', 'on;', '\n', '17', '[x]', 'as'), {
    maxLength: 8,
  })
  .map((parts) => parts.join(' ').replace(/17(?: 17)+/g, '17'));

const SOURCE: Source = {
  event: 'e1',
  server: 'web',
  origin: 'fetch',
  channel: 'result',
  label: { integrity: 'untrusted', confidentiality: 'public', reasons: [] },
};

/** Escapes of escapes of escapes take up to a thousand characters for one; so many are not looked at. */
const MOST_EXPANDED = 128;

/** A value on its way from a source into a sink, and what was done to it on either side. */
export interface Passage {
  name: string;
  value: string;
  there: Step[];
  here: Step[];
  before: string;
  after: string;
  around: readonly [string, string] | undefined;
}

export const PASSAGE: fc.Arbitrary<Passage> = fc
  .constantFrom(...Object.keys(VALUES))
  .chain((name) =>
    fc.record({
      name: fc.constant(name),
      value: VALUES[name]!,
      sides: fc.constantFrom('source', 'sink', 'both'),
      there: CHAIN,
      here: CHAIN,
      before: SOURCE_FILLER,
      after: SOURCE_FILLER,
      around: fc.option(fc.tuple(SINK_FILLER, SINK_FILLER), { nil: undefined }),
    }),
  )
  .map(({ sides, there, here, ...rest }) => ({
    ...rest,
    there: sides === 'sink' ? [] : there,
    here: sides === 'source' ? [] : here,
  }))
  .filter(({ value, there, here }) =>
    [there, here].every((chain) => encoded(value, chain).length <= MOST_EXPANDED * value.length),
  );

/** The flows of a passage: of those that are found some lead from the source into the sink. */
export function flowsOf({ value, there, here, before, after, around }: Passage): Flow[] {
  const provenance = new Provenance({ retainedBytes: 1 << 20 });
  const text = `${before} ${encoded(value, there)} ${after}`;
  provenance.learn(SOURCE, [{ path: '/content/0/text', text, form: 'prose' }]);
  const sent = encoded(value, here);
  const leaf = around === undefined ? sent : `${around[0]} ${sent} ${around[1]}`;
  return provenance.trace([{ path: '/to', text: leaf, form: 'string' }]);
}
