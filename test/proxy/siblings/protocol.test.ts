import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LONGEST_LINE, lineOf, type Said, saidIn } from '../../../src/proxy/siblings/protocol.ts';

const standing = { clock: 3, readUntrusted: true, readMarked: false };
const leaves = [{ path: '/to', text: 'a\nb\u2028 \ud83d', form: 'string' as const }];
const ALL: Said[] = [
  { kind: 'hello', session: 's', standing, tools: ['send_mail'] },
  { kind: 'read', standing },
  { kind: 'ask', id: 1, standing, leaves },
  { kind: 'answer', id: 1, testimony: { flows: [] } },
  { kind: 'judged', id: 1, standing, read: leaves },
  { kind: 'bye' },
  { kind: 'tools', tools: [] },
];

const sent = (said: unknown, more: object = {}) =>
  saidIn(Buffer.from(JSON.stringify({ v: 2, ...(said as object), ...more })));

test.each(ALL)('$kind arrives as it was said', (said) => {
  const line = lineOf(said)!;
  expect(line.indexOf('\n')).toBe(line.length - 1);
  expect(saidIn(line)).toEqual(said);
});

test.each<[string, unknown]>([
  ['another version', { ...ALL[0], v: 1 }],
  ['another kind', { kind: 'run' }],
  ['a hello without a name', { kind: 'hello', standing, tools: [] }],
  ['tools that are none', { kind: 'tools', tools: 'send_mail' }],
  ['too many tools', { kind: 'tools', tools: Array.from({ length: 2001 }, () => 'x') }],
  ['a tool with a long name', { kind: 'tools', tools: ['x'.repeat(129)] }],
  ['a tool that is more than a name', { kind: 'tools', tools: [{ name: 'x' }] }],
  ['no standing', { kind: 'read' }],
  ['a clock that is none', { kind: 'read', standing: { ...standing, clock: -1 } }],
  ['an id that is none', { ...ALL[2], id: '1' }],
  ['leaves that are none', { ...ALL[2], leaves: [['/to', 'x', 'string']] }],
  ['a form of its own', { ...ALL[2], leaves: [{ ...leaves[0], form: 'x' }] }],
  ['too many leaves', { ...ALL[2], leaves: Array.from({ length: 70_000 }, () => leaves[0]) }],
  ['values that were read of nothing', { ...ALL[4], read: 'x' }],
])('%s means nothing', (_name, said) => {
  expect(sent(said)).toBeUndefined();
});

test('any bytes mean something or nothing, and break nothing', () => {
  expect(saidIn(Buffer.from('[[[['.repeat(100_000)))).toBeUndefined();
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array(), fc.json()), (bytes) => {
      saidIn(Buffer.from(bytes as string));
    }),
  );
  fc.assert(
    fc.property(
      fc.constantFrom(...ALL),
      fc.dictionary(fc.constantFrom('id', 'standing', 'leaves', 'read', 'session', 'tools'), fc.jsonValue()),
      (said, more) => {
        sent(said, more);
      },
    ),
  );
});

test('what would be too long is not said', () => {
  const text = 'x'.repeat(LONGEST_LINE / 3);
  expect(lineOf({ kind: 'ask', id: 1, standing, leaves: [{ ...leaves[0]!, text }] })).toBeUndefined();
});
