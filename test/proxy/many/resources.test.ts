import { describe, expect, test } from 'vitest';
import { Resources } from '../../../src/proxy/many/resources.ts';
import type { Upstream } from '../../../src/proxy/upstream.ts';

const server = (name: string): Upstream => ({ name, capabilities: { resources: {} } }) as unknown as Upstream;
const [a, b] = [server('a'), server('b')];

describe('the owner of a resource', () => {
  test('is the first in the configuration that lists it, whichever came first', () => {
    const some = new Resources([a, b]);
    some.note(b, 'resource', ['x:1', 'x:2']);
    expect(some.ownerOf('x:1')).toBe(b);
    some.note(a, 'resource', ['x:1']);
    expect(some.ownerOf('x:1')).toBe(a);
    expect(some.rival(b, 'resource', 'x:1')).toBe(a);
    expect(some.rival(b, 'resource', 'x:2')).toBeUndefined();
    expect(some.rival(a, 'resource', 'x:1')).toBeUndefined();
    some.note(a, 'resource', []);
    expect(some.ownerOf('x:1')).toBe(b);
  });

  test('is who lists the closest template, if nobody lists the resource', () => {
    const some = new Resources([a, b]);
    some.note(a, 'resourceTemplate', ['y://{id}', 'y://deep/{id}']);
    some.note(b, 'resourceTemplate', ['y://{id}', 'y://deep/er/{id}', '{any}']);
    some.note(b, 'resource', ['y://listed']);
    expect(some.ownerOf('y://1')).toBe(a);
    expect(some.ownerOf('y://deep/er/1')).toBe(b);
    expect(some.ownerOf('y://listed')).toBe(b);
    expect(some.ownerOf('y://deep/er/{id}')).toBe(b);
    expect(some.rival(b, 'resourceTemplate', 'y://{id}')).toBe(a);
  });

  test('is not who lists a template that fits any address, but for what is to be completed of that', () => {
    const some = new Resources([a, b]);
    some.note(b, 'resourceTemplate', ['{any}', '{+path}/x', 'z{y}', '']);
    some.noteLinks(a, { content: [{ type: 'resource_link', uri: 'z:1' }] });
    expect(some.ownerOf('z:1')).toBe(a);
    expect(some.ownerOf('q:1')).toBeUndefined();
    expect(some.ownerOf('{any}')).toBe(b);
  });

  test('is who may have it, if it is the only one', () => {
    const some = new Resources([a, b]);
    expect(some.candidates('q:1')).toEqual([a, b]);
    some.note(b, 'resourceTemplate', ['z{y}']);
    expect([some.candidates('q:1'), some.candidates('z:1')]).toEqual([[a, b], [b]]);
    some.note(a, 'resourceTemplate', ['x:{y}', '{any}']);
    expect([some.candidates('q:1'), some.candidates('z:1')]).toEqual([[a], [a, b]]);
    const none = { name: 'c', capabilities: {} } as unknown as Upstream;
    expect(new Resources([none, b]).candidates('never:listed')).toEqual([b]);
  });

  test('is the first whose template fits as closely, which is not hidden', () => {
    const some = new Resources([a, b]);
    some.note(b, 'resourceTemplate', ['y://{x}', 'w{x}']);
    expect(some.shadower(b, 'y://{x}')).toBeUndefined();
    some.note(a, 'resourceTemplate', ['y://{id}', 'w{id}']);
    expect([some.ownerOf('y://1'), some.shadower(b, 'y://{x}')]).toEqual([a, a]);
    // What fits any address decides nothing, so it hides nothing.
    expect([some.shadower(b, 'w{x}'), some.shadower(a, 'y://{id}')]).toEqual([undefined, undefined]);
  });

  test('is who first linked to it, if nobody lists it, and not who links to it next', () => {
    const some = new Resources([a, b]);
    const link = (uri: string) => ({
      content: [null, { type: 'resource_link', uri }, { type: 'text', uri: 'no' }],
    });
    some.noteLinks(b, link('x:1'));
    some.noteLinks(a, link('x:1'));
    expect(some.ownerOf('x:1')).toBe(b);
    expect(some.ownerOf('no')).toBeUndefined();
    some.note(a, 'resource', ['x:1']);
    expect(some.ownerOf('x:1')).toBe(a);
  });

  test('is who linked to it in a prompt', () => {
    const some = new Resources([a, b]);
    const link = (uri: string) => ({ type: 'resource_link', uri });
    some.noteLinks(a, {
      messages: [null, { content: link('x:1') }, { content: [link('x:2')] }, { content: 5 }],
    });
    expect([some.ownerOf('x:1'), some.ownerOf('x:2')]).toEqual([a, a]);
  });

  test('is forgotten of the oldest links of a flood', () => {
    const some = new Resources([a, b]);
    const content = Array.from({ length: 10_001 }, (_, i) => ({ type: 'resource_link', uri: `x:${i}` }));
    some.noteLinks(a, { content });
    expect(some.ownerOf('x:0')).toBeUndefined();
    expect(some.ownerOf('x:10000')).toBe(a);
    some.noteLinks(a, { content: [{ type: 'resource_link', uri: 'y'.repeat(8193) }] });
    expect(some.ownerOf('y'.repeat(8193))).toBeUndefined();
  });
});
