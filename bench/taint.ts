/**
 * What the taint engine costs, in one run: `npm run bench:taint`. Ratios to JSON.parse of the same bytes travel
 * between machines; times do not. Medians of many short measurements, so that a busy machine disturbs little.
 */
import type { Leaf, Source } from '../src/event.ts';
import { structured, textsOfMessage } from '../src/mediation/inbound.ts';
import { Provenance } from '../src/mediation/provenance/provenance.ts';
import { address, hex, KINDS, pick, sentence } from './realistic.mjs';

const MB = 1_000_000;
const RESULT = 16_000;
const RETAINED = 10 * MB;
const limits = { retainedBytes: 64 * MB };

function message(content: unknown): string {
  const result =
    typeof content === 'string'
      ? { content: [{ type: 'text', text: content }] }
      : { content: [], structuredContent: { content } };
  return JSON.stringify({ jsonrpc: '2.0', id: 1, result });
}

function source(event: number): Source {
  const label = { integrity: 'untrusted', confidentiality: 'public', reasons: [] } as const;
  return {
    event: `e${event}`,
    server: pick(['web', 'mail', 'files']),
    origin: 'read',
    channel: 'result',
    label,
  };
}

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[values.length >> 1]!;
}
function time(run: () => unknown): number {
  const start = performance.now();
  run();
  return performance.now() - start;
}

/** Learns and settles one message; returns the milliseconds of parsing it and of indexing it. */
function index(provenance: Provenance, event: number, line: string): [number, number] {
  const parsed = median([1, 2, 3].map(() => time(() => JSON.parse(line))));
  const { result } = JSON.parse(line) as { result: unknown };
  const texts = structured(
    textsOfMessage({ server: 'web', channel: 'result', origin: 'read', payload: result }),
  );
  const from = source(event);
  return [
    parsed,
    time(() => {
      provenance.learn(from, texts);
      provenance.settle();
    }),
  ];
}

console.log('indexing, against JSON.parse of the same bytes (target: 12)');
const session = new Provenance(limits);
const ratios: number[] = [];
let event = 0;
for (const warm of [true, false]) {
  for (const [kind, make] of Object.entries(KINDS)) {
    const parse: number[] = [];
    const work: number[] = [];
    for (let bytes = 0; bytes < (warm ? MB : RETAINED / 5); bytes += RESULT) {
      const [parsed, indexed] = index(
        warm ? new Provenance(limits) : session,
        event++,
        message(make(RESULT)),
      );
      parse.push(parsed);
      work.push(indexed);
    }
    if (warm) continue;
    const ratio = median(work) / median(parse);
    ratios.push(ratio);
    const rate = (RESULT / 1000 / median(work)).toFixed(0);
    console.log(`  ${kind.padEnd(14)} ${ratio.toFixed(1).padStart(6)} x   ${rate.padStart(4)} MB/s`);
  }
}
console.log(
  `  ${'mean'.padEnd(14)} ${(ratios.reduce((a, b) => a + b) / ratios.length).toFixed(1).padStart(6)} x`,
);
const { text, index: bytes } = session.bytes;
console.log(
  `memory: ${(text / MB).toFixed(1)} MB retained, index ${(bytes / text).toFixed(2)} bytes a byte (target: 4)`,
);

console.log(`tracing, with ${(text / MB).toFixed(0)} MB retained`);
const small = (): Leaf[] => [
  { path: '/to', text: address(), form: 'string' },
  { path: '/note', text: sentence(10).slice(0, 70), form: 'string' },
];
const body = (content: unknown): Leaf[] => [{ path: '/body', text: String(content), form: 'string' }];
const calls: [string, Provenance, () => Leaf[], string][] = [
  ['100 B', session, small, '0.05'],
  ['10 KB of prose', session, () => body(KINDS['prose']!(10_000)), '0.5'],
  ['10 KB of log', session, () => body(KINDS['log']!(10_000)), '0.5'],
  ['10 KB of code', session, () => body(KINDS['code']!(10_000)), '0.5'],
  ['100 B, nothing retained', new Provenance(limits), small, '0.001'],
];
for (const [name, provenance, make, target] of calls) {
  const times = Array.from({ length: 300 }, make).map((leaves) => time(() => provenance.trace(leaves)));
  console.log(`  ${name.padEnd(24)} ${median(times).toFixed(4).padStart(8)} ms (target: ${target})`);
}

/** What a call waits for right after a result that is not indexed yet. */
const smallCall = (i: number): Leaf[] => [
  { path: '/size', text: String(999_990 + i), form: 'number' },
  { path: '/kind', text: 'text', form: 'string' },
];
const behind: [string, number, (i: number) => Leaf[]][] = [
  ['small, 1 MB unindexed', MB, smallCall],
  ['small, 10 KB unindexed', 10_000, smallCall],
  ['10 KB, 10 KB unindexed', 10_000, () => body(KINDS['prose']!(10_000))],
];
for (const [name, bytes, make] of behind) {
  const pending = new Provenance(limits);
  const waits = Array.from({ length: bytes === MB ? 20 : 200 }, (_, i) => {
    const text = `${i} ${KINDS['log']!(bytes)}`;
    pending.learn(source(i), [{ path: '/content/0/text', text, form: 'prose' }]);
    const leaves = make(i);
    const waited = time(() => pending.trace(leaves));
    pending.settle();
    return waited;
  });
  console.log(`  ${name.padEnd(24)} ${median(waits).toFixed(4).padStart(8)} ms`);
}

for (const [name, bytes, rounds] of [
  ['10 KB again, with a line of its own', 10_000, 400],
  ['1 MB again, with a line of its own', MB, 40],
] as const) {
  const same = KINDS['log']!(bytes) as string;
  const repeated = new Provenance(limits);
  const times = Array.from({ length: rounds }, (_, i) => {
    const leaves: Leaf[] = [{ path: '/n', text: String(100_000 + i), form: 'number' }];
    const texts = [{ path: '/content/0/text', text: `#${i}\n${same}`, form: 'prose' as const }];
    const from = source(i);
    return time(() => {
      repeated.trace(leaves);
      repeated.offer(leaves);
      repeated.learn(from, texts);
    });
  });
  console.log(`  ${name.padEnd(24)} ${median(times).toFixed(4).padStart(8)} ms a call, never settled`);
}

const filler = sentence(200).slice(0, 1000);
const echoes = new Provenance(limits);
const before = process.memoryUsage().rss;
for (let i = 0; i < 20_000; i++) {
  const leaves: Leaf[] = [{ path: '/text', text: `${hex(9)} ${filler}`, form: 'string' }];
  echoes.trace(leaves);
  echoes.offer(leaves);
  echoes.learn(source(i), [{ path: '/content/0/text', text: `Echo: ${leaves[0]!.text}`, form: 'prose' }]);
  if (i % 4 === 0) echoes.settle();
}
const grown = (process.memoryUsage().rss - before) / MB;
console.log(
  `20,000 echoes of 1 KB: ${(echoes.bytes.text / 1000).toFixed(1)} KB retained, resident memory +${grown.toFixed(1)} MB`,
);
