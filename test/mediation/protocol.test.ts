import { expect, test } from 'vitest';
import { isConstant, isProtocolMethod, PROTOCOL_NAMES } from '../../src/mediation/protocol.ts';

test('a constant is one of its own member', () => {
  expect(isConstant('role', 'user')).toBe(true);
  for (const [name, value] of [
    ['role', 'text'],
    ['role', 'User'],
    ['text', 'user'],
    ['constructor', 'name'],
    ['role', 5],
  ] as const) {
    expect(isConstant(name, value)).toBe(false);
  }
});

test('names and methods are those of the protocol', () => {
  for (const name of ['content', 'inputResponses', 'uri']) expect(PROTOCOL_NAMES).toContain(name);
  for (const name of ['', 'to', 'constructor']) expect(PROTOCOL_NAMES).not.toContain(name);
  for (const method of ['tools/call', 'elicitation/create']) expect(isProtocolMethod(method)).toBe(true);
  for (const method of ['', 'x/y', 'send', 'constructor']) expect(isProtocolMethod(method)).toBe(false);
});
