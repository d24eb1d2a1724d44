import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonical } from '../../../src/json/canonical.ts';
import { diffDescriptors } from '../../../src/mediation/descriptors/diff.ts';
import { outline } from '../../../src/mediation/descriptors/outline.ts';

const before = {
  name: 'add',
  description: 'Adds two numbers.\nQuickly.',
  inputSchema: { required: ['a', 'b'] },
};
const diff = (a: unknown, b: unknown) => diffDescriptors(outline(a), outline(b));

describe('an outline', () => {
  test('is a line a leaf, the description in front', () => {
    expect(outline({ ...before, annotations: {}, ok: true, 'odd key': 'true' }).split('\n')).toEqual([
      'description: Adds two numbers.',
      '    Quickly.',
      'annotations: {}',
      'inputSchema.required[0]: a',
      'inputSchema.required[1]: b',
      'name: add',
      '"odd key": "true"',
      'ok: true',
    ]);
  });

  test('tells any two values apart that have different canonical forms', () => {
    const value = fc.jsonValue({ maxDepth: 3 }).map((json) => JSON.parse(JSON.stringify(json)) as unknown);
    fc.assert(
      fc.property(value, value, (a, b) => {
        expect(outline(a) === outline(b)).toBe(canonical(a) === canonical(b));
      }),
    );
  });

  test('lets no text pass for another member', () => {
    expect(outline({ a: 'x\nname: forged' })).not.toContain('\nname:');
  });
});

describe('a difference', () => {
  test('is empty between equals', () => {
    expect(diff(before, { ...before })).toEqual([]);
  });

  test('names the members, with old and new text', () => {
    const after = {
      name: 'add',
      description: 'Adds two numbers.\nSlowly.',
      inputSchema: { required: ['a'] },
      x: 1,
    };
    expect(diff(before, after)).toEqual([
      'description',
      '  - Adds two numbers.',
      '  - Quickly.',
      '  + Adds two numbers.',
      '  + Slowly.',
      'inputSchema.required[1] (removed)',
      '  - b',
      'x (new)',
      '  + 1',
    ]);
  });

  test('shortens what is equal, never what changed', () => {
    const filler = 'lorem '.repeat(50);
    const lines = diff({ d: `${filler}old${filler}` }, { d: `${filler}${'new '.repeat(100)}${filler}` });
    expect(lines[1]).toMatch(/^ {2}- \.\.\..{20,60}old.{20,60}\.\.\.$/);
    expect(lines[2]!.match(/new/g)).toHaveLength(100);
    expect(lines[2]!.length).toBeLessThan(520);
  });

  test('shows hidden characters', () => {
    expect(diff({ d: 'a' }, { d: 'a\u200b\x1b[8m' })).toContain('  + a\\u{200b}\\u{1b}[8m');
  });
});
