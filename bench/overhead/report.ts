/** What the harness measured, as the README tells it, against what is aimed at, and beside peers. */

/** What is known of a target in a suite: more or less of it, by the kind of suite; nothing else where it failed. */
export interface Measured {
  error?: string;
  p50?: number;
  /** Of the medians of each round, over what no proxy takes. */
  addedP50?: number;
  rate?: number;
  /** Of each start: ms to the list of tools. */
  list?: number[];
  end?: { rss: number };
  bytesPerCall?: number;
}

/** By suite and target. */
export type Results = Record<string, Record<string, Measured>>;

type Figure = (measured: Measured) => number | undefined;

export const CORDON = 'cordon';
export const WARM = 'cordon-warm';
const DIRECT = 'direct';
const PARSING = 'line-json';
const COLUMNS = [
  ['no proxy', DIRECT],
  ['pipe-raw', 'pipe-raw'],
  ['line-json', PARSING],
  ['Cordon', CORDON],
  ['sdk1-full', 'sdk1-full'],
] as const;

const whole = (value: number): string => Math.round(value).toLocaleString('en-US');
const microseconds = (ms: number): string => whole(ms * 1000);
const milliseconds = (ms: number): string => (ms < 100 ? ms.toFixed(1) : whole(ms));
const megabytes = (kilobytes: number): string => whole(kilobytes / 1024);

const p50: Figure = (measured) => measured.p50;
const added: Figure = ({ addedP50 }) => addedP50;
const rate: Figure = (measured) => measured.rate;
const resident: Figure = ({ end }) => end?.rss;
const growth: Figure = ({ bytesPerCall }) => bytesPerCall;
const cold: Figure = ({ list }) => list && median(list);

/** What a row says, its suite, its figure, how that is written, and whose it is where it is Cordon's alone. */
const ROWS: readonly [string, string, Figure, (value: number) => string, string?][] = [
  ['cold start to the list of tools, ms', 'cold', cold, whole],
  ['a call of 100 bytes, p50, µs', 'small', p50, microseconds],
  ['the same, 10 MB read before', 'small', p50, microseconds, WARM],
  ['a result of 10 KB, p50, µs', 'r10k', p50, microseconds],
  ['the same, 10 MB read before', 'r10k', p50, microseconds, WARM],
  ['a result of 1 MB, p50, ms', 'r1m', p50, milliseconds],
  ['arguments of 1 MB, p50, ms', 'a1m', p50, milliseconds],
  ['a result of 10 MB, p50, ms', 'r10m', p50, milliseconds],
  ['calls a second, 32 in flight', 'p32', rate, whole],
  ['calls a second, 256 in flight', 'p256', rate, whole],
  ['memory of proxy and server after 20,000 calls, MB', 'mem', resident, megabytes],
];

type Value = (figure: Figure, suite: string, target: string) => number;

const ratio = (of: Value, figure: Figure, suite: string, one: string, other: string): number =>
  of(figure, suite, one) / of(figure, suite, other);
const more = (of: Value, figure: Figure, suite: string, other: string): number =>
  of(figure, suite, CORDON) - of(figure, suite, other);

/** What is aimed at, and how it is told from what was measured. */
const AIMS: readonly [string, (of: Value) => number, '<' | '<=' | '>=', number][] = [
  [
    'added p50 at 100 bytes, times what `line-json` adds',
    (of) => ratio(of, added, 'small', CORDON, PARSING),
    '<=',
    1.15,
  ],
  [
    'added p50 at 10 KB, times what `line-json` adds',
    (of) => ratio(of, added, 'r10k', CORDON, PARSING),
    '<=',
    1.15,
  ],
  [
    'added p50 at a result of 1 MB, times what `line-json` adds',
    (of) => ratio(of, added, 'r1m', CORDON, PARSING),
    '<=',
    1.2,
  ],
  [
    'added p50 at arguments of 1 MB, times what `line-json` adds',
    (of) => ratio(of, added, 'a1m', CORDON, PARSING),
    '<=',
    1.2,
  ],
  [
    'rate at a result of 10 MB, times that of `line-json`',
    (of) => ratio(of, p50, 'r10m', PARSING, CORDON),
    '>=',
    0.8,
  ],
  [
    'rate with 32 in flight, times that of `line-json`',
    (of) => ratio(of, rate, 'p32', CORDON, PARSING),
    '>=',
    0.9,
  ],
  [
    'rate with 256 in flight, times that of `line-json`',
    (of) => ratio(of, rate, 'p256', CORDON, PARSING),
    '>=',
    0.9,
  ],
  [
    'added p50 at 100 bytes with 10 MB read before, times without',
    (of) => ratio(of, added, 'small', WARM, CORDON),
    '<=',
    1.3,
  ],
  [
    'added p50 at 10 KB with 10 MB read before, times without',
    (of) => ratio(of, added, 'r10k', WARM, CORDON),
    '<=',
    1.3,
  ],
  ['cold start over no proxy, ms', (of) => more(of, cold, 'cold', DIRECT), '<=', 30],
  ['memory over `line-json`, MB', (of) => more(of, resident, 'mem', PARSING) / 1024, '<=', 25],
  // What is kept of a call is a pointer at least.
  ['growth a call in a long run, bytes', (of) => of(growth, 'long', CORDON), '<', 8],
];

/** What tells a peer from Cordon, in which suite, and whether less of it is better. */
const RACE: readonly [string, string, Figure, (value: number) => string, 'less' | 'more'][] = [
  ['100 bytes, added p50, µs', 'small', added, microseconds, 'less'],
  ['10 KB, added p50, µs', 'r10k', added, microseconds, 'less'],
  ['calls a second, 32 in flight', 'p32', rate, whole, 'more'],
  ['cold start, ms', 'cold', cold, whole, 'less'],
];

/** The tables in Markdown. What was not measured is left out, what failed is said; `long` is the suite of the long run. */
export function report(results: Results, peers: readonly string[]): string {
  const rows = ROWS.filter(([, suite]) => results[suite] !== undefined);
  const figures = rows.map(([title, suite, figure, write, only]) => [
    title,
    ...COLUMNS.map(([, target]) => {
      if (only === undefined) return cell(results[suite]?.[target], figure, write);
      return target === CORDON ? cell(results[suite]?.[only], figure, write) : '';
    }),
  ]);
  const tables = [
    table(['', ...COLUMNS.map(([title]) => title)], figures),
    table(['against what is aimed at', 'aim', 'reached'], reached(results)),
  ];
  if (peers.length > 0) tables.push(table(['', ...RACE.map(([title]) => title)], race(results, peers)));
  return tables.join('\n');
}

function reached(results: Results): string[][] {
  const of: Value = (figure, suite, target) => {
    const measured = results[suite]?.[target];
    return (measured && figure(measured)) ?? Number.NaN;
  };
  return AIMS.flatMap(([title, tell, sign, aim]) => {
    const value = tell(of);
    if (Number.isNaN(value)) return [];
    const isMet = sign === '<' ? value < aim : sign === '<=' ? value <= aim : value >= aim;
    return [[title, `${sign} ${aim}`, `${value.toFixed(2)}${isMet ? '' : ' (missed)'}`]];
  });
}

function race(results: Results, peers: readonly string[]): string[][] {
  return [CORDON, ...peers].map((name) => [
    name,
    ...RACE.map(([, suite, figure, write, better]) => {
      const [own, theirs] = [results[suite]?.[CORDON], results[suite]?.[name]];
      const [a, b] = [own && figure(own), theirs && figure(theirs)];
      const isAhead = a !== undefined && b !== undefined && (better === 'less' ? b < a : b > a);
      return `${cell(theirs, figure, write)}${isAhead ? ' (ahead)' : ''}`;
    }),
  ]);
}

function cell(measured: Measured | undefined, figure: Figure, write: (value: number) => string): string {
  if (measured === undefined) return '';
  const value = figure(measured);
  return measured.error !== undefined || value === undefined ? 'failed' : write(value);
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |\n`;
  return line(head) + line(head.map((_, index) => (index === 0 ? '---' : '---:'))) + rows.map(line).join('');
}
