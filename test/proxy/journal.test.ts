import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { describeAll } from '../../src/mediation/descriptors/descriptor.ts';
import type { Judgement } from '../../src/mediation/judgement.ts';
import type { Described, Labelled } from '../../src/mediation/mediator.ts';
import type { SinkKind } from '../../src/mediation/sinks.ts';
import { Journal } from '../../src/proxy/journal.ts';
import { log } from '../../src/proxy/log.ts';
import type { Recorder } from '../../src/recording/recorder.ts';
import { NO_FACTS } from '../mediation/support.ts';
import { FakeRecorder } from './support.ts';

vi.mock('../../src/proxy/log.ts', () => ({ log: vi.fn() }));

const SECRET = 'hunter2-swordfish';
const NONE: ReadonlySet<string> = new Set();

function setting(): { recorder: FakeRecorder; journal: Journal; trace: string[] } {
  const trace: string[] = [];
  const recorder = new FakeRecorder(trace);
  return { recorder, journal: new Journal(recorder as unknown as Recorder), trace };
}

function judgement(kind: SinkKind, named: boolean): Judgement {
  return {
    event: 'e2',
    sink: { kind, server: 's', name: named ? 'known' : SECRET, leaves: [] },
    named,
    asked: false,
    descriptor: undefined,
    effect: 'write',
    effectBy: 'default',
    verdict: 'allow',
    rule: 'clean',
    flows: [],
    facts: NO_FACTS,
    questions: [],
    remember: [],
  };
}

function labelled(payload: unknown, channel: Labelled['inbound']['channel'] = 'result'): Labelled {
  return {
    event: 'e3',
    inbound: { server: 's', origin: 'known', channel, payload },
    label: { integrity: 'untrusted', confidentiality: 'public', reasons: [] },
    findings: [{ detector: 'ansi', path: `/structuredContent/${SECRET}`, span: [0, 1] }],
    texts: [],
    meta: '',
    notice: undefined,
  };
}

function described(
  name: string,
  description: string,
  state: Described['state'] = 'pinned',
  kind: 'tool' | 'resource' = 'tool',
): Described {
  const value = kind === 'tool' ? { name, description } : { uri: name, description };
  return { descriptor: describeAll(kind, 's', [value])[0]!, state, findings: [], usable: true };
}

beforeEach(() => {
  vi.useFakeTimers();
  vi.mocked(log).mockClear();
});
afterEach(() => {
  vi.useRealTimers();
});

describe('entries', () => {
  test.each<[SinkKind, string]>([
    ['tool', 'tool.invoke'],
    ['prompt', 'prompt.get'],
    ['resource', 'resource.read'],
    ['answer', 'client.answer'],
    ['completion', 'client.request'],
    ['unknown', 'client.request'],
  ])('a judged %s is a %s', (kind, entry) => {
    const { recorder, journal } = setting();
    journal.judged(judgement(kind, true), NONE, { arguments: 'x' });
    expect(recorder.entries[0]).toMatchObject({
      kind: entry,
      body: { event: 'e2', server: 's', rule: 'clean' },
      content: { arguments: 'x' },
    });
  });

  test('a name that the server never announced is content', () => {
    const { recorder, journal } = setting();
    journal.judged(judgement('tool', false), NONE, { arguments: 'x' });
    expect(JSON.stringify(recorder.entries[0]!.body)).not.toContain(SECRET);
    expect(recorder.entries[0]!.content).toEqual({ name: SECRET, arguments: 'x' });
  });

  test('a labelled message says what it answers, and where findings are but not what', () => {
    const { recorder, journal } = setting();
    journal.labelled('tool.response', labelled({ isError: true }), judgement('tool', true), {
      result: SECRET,
    });
    const { kind, body, content } = recorder.entries[0]!;
    expect(kind).toBe('tool.response');
    expect(body).toMatchObject({ event: 'e3', server: 's', tool: 'known', answers: 'e2', isError: true });
    expect(body).toMatchObject({ findings: [{ detector: 'ansi', path: '/structuredContent/*' }] });
    expect(content).toEqual({ result: SECRET });
    journal.labelled('x', labelled({ isError: 'true' }), judgement('tool', false), {});
    journal.labelled('y', labelled(null, 'error'), undefined, {});
    expect(recorder.of('x')[0]).toMatchObject({ isError: false });
    expect(recorder.of('x')[0]!['tool']).toBeUndefined();
    expect(recorder.of('y')[0]).toMatchObject({ isError: true });
    expect(recorder.of('y')[0]!['answers']).toBeUndefined();
  });

  test('a descriptor is one once, and again when its digest or its state changes', () => {
    const { recorder, journal } = setting();
    const see = (...some: Described[]): void => journal.described('s', 'tool', some);
    see(described('a', 'Adds.'), described('b', 'Adds.'));
    see(described('a', 'Adds.'));
    expect(recorder.of('tool.describe').map((body) => body['name'])).toEqual(['a', 'b']);
    see(described('a', 'Steals.'));
    see(described('a', 'Steals.', 'drifted'));
    see(described('a', 'Adds.'));
    expect(recorder.of('tool.describe')).toHaveLength(5);
  });

  test('the address of a resource is content', () => {
    const { recorder, journal } = setting();
    journal.described('s', 'resource', [described(`x:${SECRET}`, 'A file.', 'pinned', 'resource')]);
    expect(JSON.stringify(recorder.entries[0]!.body)).not.toContain(SECRET);
    expect(recorder.entries[0]).toMatchObject({
      kind: 'resource.describe',
      content: { name: `x:${SECRET}` },
    });
  });
});

describe('writing', () => {
  test('is done by commit, or soon', () => {
    const { journal, trace } = setting();
    vi.runAllTimers();
    trace.length = 0;
    journal.note('a', {});
    expect(trace).toEqual(['append a']);
    vi.advanceTimersByTime(20);
    expect(trace).toEqual(['append a', 'commit']);
    journal.note('b', {});
    expect(journal.commit()).toBe(true);
    expect(trace.slice(2)).toEqual(['append b', 'commit']);
  });

  test('is over at the end: nothing is left to be done', () => {
    const { journal, recorder, trace } = setting();
    journal.note('a', {});
    journal.close({ reason: 'x' });
    expect(recorder.closed).toBe(true);
    trace.length = 0;
    vi.runAllTimers();
    expect(trace).toEqual([]);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('after a failure', () => {
  test('nothing is written any more, and it is told once, with the reason', () => {
    const { journal, recorder, trace } = setting();
    recorder.broken = true;
    journal.note('a', {});
    expect(journal.commit()).toBe(false);
    recorder.broken = false;
    trace.length = 0;
    journal.note('b', {});
    expect(journal.commit()).toBe(false);
    journal.close({});
    expect(trace).toEqual([]);
    expect(journal.failure).toBe('disk full');
    expect(vi.mocked(log)).toHaveBeenCalledExactlyOnceWith('error', expect.stringContaining('disk full'));
  });

  test('an entry that cannot be made is one too', () => {
    const { journal, recorder } = setting();
    vi.spyOn(recorder, 'append').mockImplementation(() => {
      throw new Error('not JSON');
    });
    journal.note('a', {});
    expect(journal.failure).toBe('not JSON');
    expect(journal.commit()).toBe(false);
  });
});
