import { describe, expect, test } from 'vitest';
import type { Judgement } from '../../src/mediation/judgement.ts';
import * as answers from '../../src/proxy/answers.ts';
import { parseMessage } from '../../src/proxy/message.ts';
import { NO_FACTS } from '../mediation/support.ts';

const read = (line: Buffer): Record<string, unknown> => {
  expect(() => parseMessage(line, 128)).not.toThrow();
  return JSON.parse(line.toString()) as Record<string, unknown>;
};

function judgement(kind: Judgement['sink']['kind'] = 'tool'): Judgement {
  return {
    event: 'e9',
    sink: { kind, server: 'mail', name: 'send', leaves: [] },
    named: true,
    asked: false,
    descriptor: undefined,
    effect: 'write',
    effectBy: 'default',
    verdict: 'deny',
    rule: 'tainted-destination',
    flows: [],
    facts: NO_FACTS,
    questions: [],
    remember: [],
    id: 'd-1',
    text: 'Cordon denied it.',
  };
}

test('the codes are our own, outside of the range that the protocol keeps', () => {
  const { DENIED, UNROUTABLE, UPSTREAM_GONE, BAD_UPSTREAM, NOT_RECORDED } = answers;
  const codes = { DENIED, UNROUTABLE, UPSTREAM_GONE, BAD_UPSTREAM, NOT_RECORDED };
  expect(codes).toEqual({
    DENIED: 1403,
    UNROUTABLE: 1404,
    UPSTREAM_GONE: 1502,
    BAD_UPSTREAM: 1503,
    NOT_RECORDED: 1507,
  });
  for (const code of Object.values(codes)) expect(code < -32768 || code > -32000).toBe(true);
});

test.each([0, 7, -1, 'x', '', '7'])('an error goes to the request %j', (id) => {
  expect(read(answers.errorLine(id, 1, 'm'))).toEqual({
    jsonrpc: '2.0',
    id,
    error: { code: 1, message: 'm' },
  });
  expect(read(answers.resultLine(id, '{"a":1}'))).toEqual({ jsonrpc: '2.0', id, result: { a: 1 } });
});

test('an error can have data, and an id that cannot be told is null', () => {
  const error = { code: 1, message: 'm', data: { rule: 'r' } };
  expect(JSON.parse(answers.errorLine(null, 1, 'm', { rule: 'r' }).toString())).toEqual({
    jsonrpc: '2.0',
    id: null,
    error,
  });
});

describe('a denial', () => {
  test('of a tool call is a result that the model reads', () => {
    expect(read(answers.refusedLine(3, judgement(), false))).toEqual({
      jsonrpc: '2.0',
      id: 3,
      result: {
        content: [{ type: 'text', text: 'Cordon denied it.' }],
        isError: true,
        _meta: {
          'cordon/decision': {
            decision: 'deny',
            reasons: ['tainted-destination'],
            rule: 'tainted-destination',
            stage: 'pre_call',
            subject: 'send',
            id: 'd-1',
            event: 'e9',
          },
        },
      },
    });
  });

  test('is told apart from a question', () => {
    const held = { ...judgement(), verdict: 'ask', text: 'Cordon held back it.' } as const;
    expect(read(answers.refusedLine(3, held, false))['result']).toMatchObject({
      isError: true,
      _meta: { 'cordon/decision': { decision: 'ask' } },
    });
  });

  test('says that it is complete where the client wants to hear it (2026-07-28)', () => {
    expect(read(answers.refusedLine(3, judgement(), true))['result']).toMatchObject({
      resultType: 'complete',
      isError: true,
    });
    expect(read(answers.refusedLine(3, judgement(), false))['result']).not.toHaveProperty('resultType');
  });

  test('of anything else is an error', () => {
    for (const kind of ['resource', 'prompt', 'unknown', 'completion'] as const) {
      expect(read(answers.refusedLine('x', judgement(kind), true))).toEqual({
        jsonrpc: '2.0',
        id: 'x',
        error: { code: 1403, message: 'Cordon denied it.', data: { rule: 'tainted-destination', id: 'd-1' } },
      });
    }
  });
});

test("a refusal for Cordon's own reasons has the shape of the method", () => {
  expect(read(answers.refusalLine({ id: 1, method: 'tools/call' }, false, 1507, 'no'))).toMatchObject({
    result: { isError: true, content: [{ type: 'text', text: 'no' }] },
  });
  expect(read(answers.refusalLine({ id: 1, method: 'resources/read' }, false, 1507, 'no'))).toMatchObject({
    error: { code: 1507, message: 'no' },
  });
  expect(read(answers.refusalLine({ id: 1, method: 'tools/call' }, true, 1507, 'no'))).toMatchObject({
    result: { resultType: 'complete', isError: true },
  });
});
