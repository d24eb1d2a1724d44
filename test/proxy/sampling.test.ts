import { describe, expect, test, vi } from 'vitest';
import { greet, type Json, type Scene, scene, TOOL } from './support.ts';

vi.mock('../../src/proxy/log.ts', () => ({ log: () => {}, logged: async () => {} }));

const TOO_MANY = 1429;
const limits = { samplingInFlight: 3, samplingPerSession: 5 };
const SAMPLE = { method: 'sampling/createMessage', params: { messages: [], maxTokens: 1 } };
const parsed = (lines: readonly string[]): Json[] => lines.map((line) => JSON.parse(line) as Json);

/** Has a server ask the model under these ids; the codes of the errors that it got since, and the requests of the client. */
function ask(on: Scene, name: string, ...ids: number[]): { refused: unknown[]; asked: Json[] } {
  const [before, heard] = [on.sent[name]!.length, on.toClient.length];
  on.server(name, ...ids.map((id) => ({ id, ...SAMPLE })));
  const answers = parsed(on.sent[name]!.slice(before));
  return {
    refused: answers.filter((one) => 'error' in one).map(({ id, error }) => [id, (error as Json)['code']]),
    asked: parsed(on.toClient.slice(heard)),
  };
}

describe('a server that asks the model without end', () => {
  test('is refused while so many of its questions are not answered', () => {
    const on = scene({ limits });
    expect(ask(on, 'web', 1, 2, 3, 4).refused).toEqual([[4, TOO_MANY]]);
    expect(on.toClient).toHaveLength(3);
    on.client({ id: 1, result: {} });
    expect(ask(on, 'web', 5)).toMatchObject({ refused: [], asked: [{ id: 5 }] });
    // What is no question to the model is not counted, and not refused.
    on.server('web', { id: 6, method: 'roots/list' });
    expect(on.last()['id']).toBe(6);
    expect(on.recorder.of('wire.absorbed')).toEqual([{ server: 'web', reason: 'sampling-in-flight' }]);
  });

  test('is refused once it has asked so often in the session, answered or taken back', () => {
    const on = scene({ limits });
    for (const id of [1, 2, 3, 4, 5]) {
      expect(ask(on, 'web', id).refused).toEqual([]);
      if (id % 2 === 0) on.client({ id, result: {} });
      else on.server('web', { method: 'notifications/cancelled', params: { requestId: id } });
    }
    const { refused, asked } = ask(on, 'web', 6);
    expect([refused, asked]).toEqual([[[6, TOO_MANY]], []]);
    expect(on.sent['web']!.at(-1)).toContain('limits.samplingPerSession');
    expect(on.recorder.of('wire.absorbed')).toEqual([{ server: 'web', reason: 'sampling-per-session' }]);
  });

  test('takes nothing of what another may ask', () => {
    const on = scene({ servers: ['a', 'b'], limits });
    greet(on, { a: {}, b: {} });
    expect(ask(on, 'a', 1, 2, 3, 4).refused).toEqual([[4, TOO_MANY]]);
    expect(ask(on, 'b', 1, 2, 3).asked).toHaveLength(3);
  });

  test('asks nobody where the configuration lets none ask', () => {
    const on = scene({ limits: { samplingInFlight: 0 } });
    expect(ask(on, 'web', 1)).toEqual({ refused: [[1, TOO_MANY]], asked: [] });
  });
});

describe('questions in a result (2026-07-28)', () => {
  const _meta = { 'io.modelcontextprotocol/protocolVersion': '2026-07-28' };
  const call = (on: Scene, id: number): void => {
    on.client({ id, method: 'tools/call', params: { name: 'fetch', _meta } });
  };
  const questions = (on: Scene, id: number, times: number, more: Json = {}): void => {
    const all = Array.from({ length: times }, (_, i) => [`q${i}`, SAMPLE] as const);
    const inputRequests = { ...Object.fromEntries(all), ...more };
    on.server('web', { id, result: { resultType: 'input_required', inputRequests, requestState: 's' } });
  };
  const begun = (): Scene => {
    const on = scene({ limits });
    call(on, 0);
    on.server('web', { id: on.asked('web', 'tools/list')['id'], result: { tools: [TOOL] } });
    on.server('web', { id: 0, result: { resultType: 'complete', content: [] } });
    return on;
  };

  test('count like requests: at once, and in the session', () => {
    const on = begun();
    call(on, 1);
    questions(on, 1, 3, { form: { method: 'elicitation/create' }, none: null });
    expect(on.last()).toMatchObject({ id: 1, result: { resultType: 'input_required' } });
    call(on, 2);
    questions(on, 2, 4);
    expect(on.last()).toMatchObject({ id: 2, error: { code: TOO_MANY } });
    expect(JSON.parse(on.sent['web']!.at(-1)!)).toMatchObject({
      method: 'notifications/cancelled',
      params: { requestId: 2 },
    });
    call(on, 3);
    questions(on, 3, 2);
    expect(on.last()).toMatchObject({ id: 3, result: {} });
    call(on, 4);
    questions(on, 4, 1);
    expect(on.last()).toMatchObject({ id: 4, error: { code: TOO_MANY } });
    expect(on.recorder.of('wire.absorbed').map(({ reason }) => reason)).toEqual([
      'sampling-in-flight',
      'sampling-per-session',
    ]);
  });

  test('that are none of the model, or not of a shape to be asked, are not counted', () => {
    const on = begun();
    for (let id = 1; id <= 20; id++) {
      call(on, id);
      questions(on, id, 0, { form: { method: 'elicitation/create' } });
      expect(on.last()).toMatchObject({ id, result: { resultType: 'input_required' } });
    }
    for (const inputRequests of [null, 7, [], 'x', undefined]) {
      call(on, 100);
      on.server('web', { id: 100, result: { resultType: 'input_required', inputRequests } });
      expect(on.last()).toMatchObject({ id: 100, result: {} });
    }
    expect(on.recorder.of('wire.absorbed')).toEqual([]);
  });
});
