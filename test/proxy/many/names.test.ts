import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Names } from '../../../src/proxy/many/names.ts';
import type { Upstream } from '../../../src/proxy/upstream.ts';

const server = (name: string): Upstream => ({ name }) as Upstream;
const [a, dotted] = [server('a'), server('my.mail-server')];
const names = (): Names => new Names([a, dotted]);

/** Names as servers give them: plain ones, long ones, ones that look shortened, and anything. */
const own = fc.oneof(
  fc.stringMatching(/^[A-Za-z0-9_-]{1,80}$/),
  fc.stringMatching(/^[a-z_]{1,20}-[0-9a-f]{12}$/),
  fc.string({ unit: 'binary', minLength: 1, maxLength: 90 }),
  fc.constantFrom('__', '_', '-', 'x__y', 'a'.repeat(10_000), 'tool/list', 'größe', 'a b', 'a.b', 'a_b'),
);

describe('an offered name', () => {
  test.each([
    ['fetch', 'a__fetch'],
    ['f__g', 'a__f__g'],
    ['__x', 'a____x'],
    ['-', 'a__-'],
    ['x'.repeat(61), `a__${'x'.repeat(61)}`],
  ])('of %j is the server’s and its own', (name, offered) => {
    expect(names().offer(a, name)).toBe(offered);
    expect(names().find(offered)).toEqual({ upstream: a, own: name });
  });

  // Stable across versions of Cordon too: approvals and prompts of a client hold these.
  test.each([
    ['x'.repeat(62), `a__${'x'.repeat(48)}-963534d8de40`],
    ['mail.send', 'a__mail_send-bf5dbbd6b90b'],
    ['größe', 'a__gr__e-b91d134b1e9f'],
    ['abc-0123456789ab', 'a__abc-0123456789ab-4d90208e9edd'],
  ])('of %j is shortened', (name, offered) => {
    expect(names().offer(a, name)).toBe(offered);
  });

  test('holds no dot of a server’s name', () => {
    expect(names().offer(dotted, 'send')).toBe('my_mail-server__send');
    expect(names().find('my_mail-server__send')).toEqual({ upstream: dotted, own: 'send' });
    expect(names().find('my.mail-server__send')).toBeUndefined();
  });

  test('is one that every client takes, differs from every other, and leads back', () => {
    fc.assert(
      fc.property(fc.uniqueArray(own, { maxLength: 30 }), (all) => {
        const some = names();
        const offered = [a, dotted].flatMap((upstream) => all.map((name) => some.offer(upstream, name)!));
        expect(new Set(offered).size).toBe(offered.length);
        for (const name of offered) expect(name).toMatch(/^[A-Za-z0-9_-]{1,64}$/);
        for (const [i, name] of offered.entries()) {
          const upstream = i < all.length ? a : dotted;
          expect(some.find(name)).toEqual({ upstream, own: all[i % all.length] });
        }
      }),
    );
  });

  test('depends on nothing but the two names', () => {
    fc.assert(
      fc.property(fc.uniqueArray(own, { maxLength: 10 }), (all) => {
        const [some, others] = [names(), new Names([dotted, server('b'), a])];
        for (const name of all) some.offer(a, name);
        for (const name of all.toReversed()) expect(others.offer(a, name)).toBe(some.offer(a, name));
      }),
    );
  });

  test('that is shortened says whose it is, and only once it was listed what it stands for', () => {
    const offered = names().offer(a, 'mail.send')!;
    expect(names().find(offered)).toEqual({ upstream: a, own: undefined });
  });

  test.each([
    '',
    'fetch',
    '__fetch',
    'c__fetch',
    'A__fetch',
    'a_fetch',
    'a__',
    'a__b c',
    `a__${'x'.repeat(62)}`,
  ])('is not %j', (name) => {
    expect(names().find(name)).toBeUndefined();
  });
});

test('a server alone keeps its names', () => {
  const alone = new Names([a]);
  fc.assert(
    fc.property(own, (name) => {
      expect(alone.offer(a, name)).toBe(name);
      expect(alone.find(name)).toEqual({ upstream: a, own: name });
      expect(alone.scoped(a, name)).toBe(name);
    }),
  );
});

test('ids of two servers never meet', () => {
  fc.assert(
    fc.property(fc.string(), (id) => {
      const some = names();
      expect(some.scoped(a, id)).not.toBe(some.scoped(dotted, id));
      for (const upstream of [a, dotted]) {
        expect(some.unscoped(some.scoped(upstream, id))).toEqual({ upstream, own: id });
      }
    }),
  );
});
