import { createParser } from 'eventsource-parser';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SseReader } from '../../../src/proxy/http/sse.ts';

interface Read {
  data: string[];
  ids: string[];
  retries: number[];
  oversize: number;
}

function read(chunks: readonly (string | Buffer)[], limitBytes = 1 << 20): Read {
  const seen: Read = { data: [], ids: [], retries: [], oversize: 0 };
  const reader = new SseReader(limitBytes, {
    data: (data) => seen.data.push(data.toString('utf8')),
    id: (id) => seen.ids.push(id),
    retry: (ms) => seen.retries.push(ms),
    oversize: () => seen.oversize++,
  });
  for (const chunk of chunks) reader.feed(Buffer.from(chunk));
  return seen;
}

test.each<[string, string, Partial<Read>]>([
  ['one event', 'data: {"a":1}\n\n', { data: ['{"a":1}'] }],
  ['one blank after the colon is taken off, and no more', 'data:  a\n\ndata:b\n\n', { data: [' a', 'b'] }],
  ['every line end', 'data: a\r\n\r\ndata: b\r\rdata: c\n\n', { data: ['a', 'b', 'c'] }],
  ['mixed line ends', 'data: a\r\n\rdata: b\n\r\n', { data: ['a', 'b'] }],
  ['data of several lines', 'data: {\ndata: "a":1\ndata: }\n\n', { data: ['{\n"a":1\n}'] }],
  ['a comment', ': hello\n:\ndata: a\n\n', { data: ['a'] }],
  ['an event without its blank line is none', 'data: a\n\ndata: b\n', { data: ['a'] }],
  ['an event without data is none', 'event: message\n\ndata\n\ndata:\n\n', { data: [] }],
  ['an event of another type', 'event: ping\ndata: a\n\nevent: message\ndata: b\n\n', { data: ['b'] }],
  ['a type is for one event', 'event: ping\n\ndata: b\n\n', { data: ['b'] }],
  ['a field that means nothing', 'datas: a\ndat: b\nfoo\ndata: c\n\n', { data: ['c'] }],
  ['a byte order mark', '\ufeffdata: a\n\n', { data: ['a'] }],
  ['an id before its data', 'id: 7\ndata: a\n\nid\nid:\n\n', { ids: ['7'], data: ['a'] }],
  ['an id that no header can hold', 'id: a\tb\nid: \u00fc\nid: a\u0000b\n\n', { ids: [] }],
  ['a time to wait', 'retry: 150\nretry: x\nretry: -1\nretry: 99999999999\n\n', { retries: [150] }],
])('%s', (_, stream, expected) => {
  expect(read([stream])).toMatchObject(expected);
});

test('bytes that are no text stay what they are', () => {
  const seen: Buffer[] = [];
  const reader = new SseReader(100, { data: (data) => seen.push(data), id() {}, retry() {}, oversize() {} });
  reader.feed(Buffer.concat([Buffer.from('data: "'), Buffer.from([0xff, 0xc3]), Buffer.from('"\n\n')]));
  expect(seen).toEqual([Buffer.concat([Buffer.from('"'), Buffer.from([0xff, 0xc3]), Buffer.from('"')])]);
});

const piece = fc.oneof(
  fc.constantFrom(
    'data: ',
    'data:',
    'data',
    'id: ',
    'retry: ',
    'event: ',
    ':',
    ' ',
    '\n',
    '\n',
    '\r',
    '\r\n',
  ),
  fc.constantFrom('{"a":1}', 'message', 'ping', '12', 'ü', '\u{1f600}', '\ufeff', 'x'),
);
const stream = fc.array(piece, { maxLength: 60 }).map((pieces) => pieces.join(''));

test('however the stream is cut, the events are the same', () => {
  fc.assert(
    fc.property(stream, fc.array(fc.nat(300), { maxLength: 30 }), (text, cuts) => {
      const bytes = Buffer.from(text);
      const chunks: Buffer[] = [];
      let from = 0;
      for (const cut of [...cuts].sort((a, b) => a - b)) {
        if (cut < from || cut > bytes.length) continue;
        chunks.push(bytes.subarray(from, cut));
        from = cut;
      }
      chunks.push(bytes.subarray(from));
      expect(read(chunks)).toEqual(read([bytes]));
    }),
    { numRuns: 2000 },
  );
});

test('it reads what the parser of the SDK reads', () => {
  fc.assert(
    fc.property(stream, (text) => {
      const theirs: string[] = [];
      const parser = createParser({
        onEvent: ({ event, data }) => {
          if ((event === undefined || event === 'message') && data !== '') theirs.push(data);
        },
      });
      // It leaves a line that ends in CR until the next byte, and takes a byte order mark for three characters.
      const plain = text.replaceAll('\ufeff', '');
      parser.feed(`${plain}:`);
      expect(read([`${plain}:`]).data).toEqual(theirs);
    }),
    { numRuns: 2000 },
  );
});

test('an event is as long as a message may be, however it is made up', () => {
  const fits = 'x'.repeat(1000);
  expect(read([`data: ${fits}\n\n`], 1000)).toMatchObject({ data: [fits], oversize: 0 });
  for (const chunks of [
    [`data: ${'x'.repeat(1020)}\n\n`],
    Array.from({ length: 1100 }, () => 'x'),
    Array.from({ length: 200 }, () => 'data: xxxxxx\n'),
    [`${'data:\n'.repeat(2000)}\n`],
  ]) {
    const seen = read([...chunks, '\n\ndata: later\n\n'], 1000);
    expect(seen).toMatchObject({ data: [], oversize: 1 });
  }
});

test.each<[string, (bytes: number) => Buffer[]]>([
  ['line ends before one of another kind', (n) => [Buffer.from(`${'\n'.repeat(n)}\r`)]],
  ['carriage returns', (n) => [Buffer.alloc(n, '\r')]],
  ['a line in single bytes', (n) => Array.from({ length: n / 8 }, () => Buffer.from('x'))],
  ['a thousand lines of data', (n) => [Buffer.from('data: x\n'.repeat(n / 8))]],
  ['fields without a colon', (n) => [Buffer.from('datadatadata\n'.repeat(n / 13))]],
])('%s are read in time linear in their bytes', (_, make) => {
  const reader = new SseReader(1 << 28, { data() {}, id() {}, retry() {}, oversize() {} });
  // Quadratic work over so many bytes would not be done within the test's limit.
  for (const chunk of make(1 << 21)) reader.feed(chunk);
});
