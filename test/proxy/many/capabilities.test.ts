import { describe, expect, test } from 'vitest';
import { extender, unionOf } from '../../../src/proxy/many/capabilities.ts';

const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
const UI = 'io.modelcontextprotocol/ui';

describe('what several servers can together', () => {
  test('is what any of them can, and lists change', () => {
    const union = unionOf([
      { tools: { listChanged: false }, resources: { subscribe: true }, logging: {} },
      { tools: {}, resources: { subscribe: false }, completions: {}, prompts: null },
      { tasks: { list: {}, requests: { tools: { call: {} } } } },
      { tasks: { cancel: {}, requests: { sampling: {} } }, unheard: { of: true } },
    ]);
    expect(plain(union)).toEqual({
      tools: { listChanged: true },
      resources: { subscribe: true, listChanged: true },
      prompts: { listChanged: true },
      logging: {},
      completions: {},
      tasks: { list: {}, cancel: {}, requests: { tools: { call: {} }, sampling: {} } },
    });
  });

  test('holds an extension where its methods have one way to go', () => {
    const ui = { extensions: { [UI]: { mimeTypes: ['text/html'] } } };
    expect(plain(unionOf([ui, { extensions: { [UI]: {}, 'x/y': { v: 1 } } }, {}]))).toEqual({
      extensions: { [UI]: { mimeTypes: ['text/html'] }, 'x/y': { v: 1 } },
    });
    expect(plain(unionOf([ui, { extensions: { 'x/y': {} } }, { experimental: { z: {} } }]))).toEqual(ui);
    expect(plain(unionOf([{ experimental: {} }, { experimental: { z: {} } }]))).toEqual({
      experimental: { z: {} },
    });
  });

  test('survives whatever a server says', () => {
    const hostile = JSON.parse(
      '{"__proto__":{"tools":1},"tools":{"__proto__":{"x":1},"a":{"b":{"c":{"d":{"e":{"f":{"g":1}}}}}}},"tasks":[1],"extensions":"x","experimental":5}',
    );
    expect(plain(unionOf([hostile, hostile, { tools: { a: 1 } }]))).toMatchObject({
      tools: { listChanged: true },
    });
    expect(Object.prototype).not.toHaveProperty('x');
  });
});

test('what the protocol does not know goes to the one server that declares something of its own', () => {
  const [one, two, none] = [
    { experimental: { z: {} } },
    { extensions: { 'x/y': {} } },
    { extensions: { [UI]: {} } },
  ];
  expect(extender([none, one, {}])).toBe(one);
  expect(extender([two, none])).toBe(two);
  expect(extender([one, two])).toBeUndefined();
  expect(extender([none, { experimental: {} }])).toBeUndefined();
});
