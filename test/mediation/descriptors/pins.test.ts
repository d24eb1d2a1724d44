import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Finding, Lock } from '../../../src/event.ts';
import { describeAll } from '../../../src/mediation/descriptors/descriptor.ts';
import { Pins } from '../../../src/mediation/descriptors/pins.ts';

const EMPTY: Lock = { version: 1, pins: [], pending: [] };
const NOW = '2026-01-31T12:00:00Z';
const LATER = '2026-02-01T12:00:00Z';
const SUSPICION: Finding[] = [{ detector: 'instructions', path: '/description', span: [0, 5] }];

const tool = (description: string, name = 'add') => describeAll('tool', 's', [{ name, description }])[0]!;

describe('first contact', () => {
  test('pins', () => {
    const pins = new Pins(EMPTY);
    expect(pins.state('s', 'tool', 'add')).toBeUndefined();
    expect(pins.check(tool('Adds.'), [], NOW)).toBe('pinned');
    expect(pins.changed).toBe(true);
    expect(pins.state('s', 'tool', 'add')).toBe('pinned');
    expect(pins.toLock().pins).toMatchObject([{ name: 'add', firstSeen: NOW, approvedBy: 'first-contact' }]);
  });

  test('withholds what a detector marked, until a person approves it', () => {
    const pins = new Pins(EMPTY);
    expect(pins.check(tool('Evil.'), SUSPICION, NOW)).toBe('suspect');
    expect(pins.check(tool('Evil.'), [], NOW)).toBe('suspect');
    expect(pins.approve('s', 'tool', 'add')).toBe(true);
    expect(pins.check(tool('Evil.'), SUSPICION, LATER)).toBe('pinned');
    expect(pins.toLock()).toMatchObject({ pins: [{ approvedBy: 'person', firstSeen: NOW }], pending: [] });
  });

  test('keeps servers and kinds apart', () => {
    const pins = new Pins(EMPTY);
    pins.check(tool('Adds.'), [], NOW);
    const prompt = describeAll('prompt', 's', [{ name: 'add' }])[0]!;
    const elsewhere = describeAll('tool', 't', [{ name: 'add', description: 'Other.' }])[0]!;
    expect(pins.check(prompt, [], NOW)).toBe('pinned');
    expect(pins.check(elsewhere, [], NOW)).toBe('pinned');
    expect(pins.state('s', 'tool', 'add')).toBe('pinned');
  });
});

describe('drift', () => {
  const drifted = () => {
    const pins = new Pins(EMPTY);
    pins.check(tool('Adds.'), [], NOW);
    expect(pins.check(tool('Adds. And more.'), [], LATER)).toBe('drifted');
    return pins;
  };

  test('is withheld beside its pin', () => {
    const lock = drifted().toLock();
    expect(lock.pins[0]!.text).toContain('Adds.');
    expect(lock.pending).toMatchObject([{ state: 'drifted', firstSeen: LATER }]);
    expect(lock.pending[0]!.descriptor).toBe('{"description":"Adds. And more.","name":"add"}');
  });

  test('is over when the descriptor comes back', () => {
    const pins = drifted();
    expect(pins.check(tool('Adds.'), [], LATER)).toBe('pinned');
    expect(pins.toLock().pending).toEqual([]);
  });

  test('is over when a person approves, for that digest alone', () => {
    const pins = drifted();
    pins.approve('s', 'tool', 'add');
    expect(pins.state('s', 'tool', 'add')).toBe('pinned');
    expect(pins.check(tool('Adds.'), [], LATER)).toBe('drifted');
  });
});

test('a first-contact pin does not excuse what a detector finds later', () => {
  const pins = new Pins(EMPTY);
  pins.check(tool('Calls send_mail.'), [], NOW);
  expect(pins.check(tool('Calls send_mail.'), SUSPICION, NOW)).toBe('suspect');
});

test('two descriptors of one name are withheld even where one is approved', () => {
  const pins = new Pins(EMPTY);
  pins.check(tool('Adds.'), [], NOW);
  for (const one of describeAll('tool', 's', [tool('Adds.').value, tool('Steals.').value])) {
    expect(pins.check(one, [], NOW)).not.toBe('pinned');
  }
  expect(pins.approve('s', 'tool', 'add')).toBe(false);
  expect(pins.state('s', 'tool', 'add')).not.toBe('pinned');
});

test('a pin written by hand does not let two descriptors of one name through', () => {
  const [one] = describeAll('tool', 's', [tool('Adds.').value, tool('Steals.').value]);
  const { server, kind, name, digest, text } = one!;
  const pin = { server, kind, name, digest, text, firstSeen: NOW, approvedBy: 'person' as const };
  expect(new Pins({ ...EMPTY, pins: [pin] }).check(one!, [], NOW)).toBe('suspect');
});

test('a revoked pin is no first contact', () => {
  const pins = new Pins(EMPTY);
  pins.check(tool('Adds.'), [], NOW);
  expect(pins.revoke('s', 'tool', 'add')).toBe(true);
  expect(pins.revoke('s', 'tool', 'add')).toBe(false);
  expect(pins.state('s', 'tool', 'add')).toBe('suspect');
  expect(pins.check(tool('Adds.'), [], NOW)).toBe('suspect');
  expect(new Pins(pins.toLock()).check(tool('Adds, newly.'), [], NOW)).toBe('suspect');
});

test('a list flood does not grow the lock without bound', () => {
  const pins = new Pins(EMPTY);
  for (let i = 0; i < 10_000; i++) pins.check(tool('x', `t${i}`), [], NOW);
  expect(pins.check(tool('x', 'one-too-many'), [], NOW)).toBe('suspect');
  expect(pins.toLock().pins).toHaveLength(10_000);
  expect(pins.check(tool('x', 't5'), [], NOW)).toBe('pinned');
  expect(pins.check(tool('y', 't5'), [], NOW)).toBe('drifted');
  expect(pins.toLock().pending).toEqual([]);
});

describe('before anything was saved', () => {
  test.each([
    ['a rug pull', tool('Adds.'), [] as Finding[], 'drifted'],
    ['a suspect that turns harmless', tool('Evil.'), SUSPICION, 'suspect'],
  ])('%s is no first contact', (_, first, findings, expected) => {
    for (const take of ['merge', 'adopt'] as const) {
      const pins = new Pins(EMPTY);
      pins.check(first, findings, NOW);
      expect(pins.check(tool('Mails it out, too.'), [], LATER)).toBe(expected);
      pins[take](EMPTY);
      expect(pins.state('s', 'tool', 'add')).toBe(expected);
    }
  });

  test('adopting what others wrote leaves our own to be saved', () => {
    const pins = new Pins(EMPTY);
    pins.check(tool('Adds.'), [], NOW);
    pins.adopt(EMPTY);
    expect(pins.changed).toBe(true);
    expect(pins.merge(EMPTY).pins).toHaveLength(1);
  });
});

describe('merge', () => {
  test('adds to what another process wrote', () => {
    const other = new Pins(EMPTY);
    other.check(tool('Other.', 'other'), [], NOW);
    const pins = new Pins(EMPTY);
    pins.check(tool('Adds.'), [], NOW);
    expect(pins.merge(other.toLock()).pins.map(({ name }) => name)).toEqual(['add', 'other']);
    expect(pins.changed).toBe(false);
  });

  test('takes over an approval and a revocation', () => {
    const pins = new Pins(EMPTY);
    pins.check(tool('Evil.'), SUSPICION, NOW);
    const person = new Pins(pins.toLock());
    person.approve('s', 'tool', 'add');
    pins.merge(person.toLock());
    expect(pins.state('s', 'tool', 'add')).toBe('pinned');
    person.revoke('s', 'tool', 'add');
    expect(pins.merge(person.toLock())).toEqual(person.toLock());
    expect(pins.state('s', 'tool', 'add')).toBe('suspect');
  });

  test("leaves another process's first contact in place", () => {
    const other = new Pins(EMPTY);
    other.check(tool('Adds.'), [], NOW);
    const pins = new Pins(EMPTY);
    pins.check(tool('Adds differently.'), [], NOW);
    const lock = pins.merge(other.toLock());
    expect(lock.pins).toEqual(other.toLock().pins);
    expect(pins.state('s', 'tool', 'add')).toBe('drifted');
  });

  test('is idempotent', () => {
    const names = fc.constantFrom('a', 'b', 'c');
    const steps = fc.array(
      fc.tuple(names, fc.constantFrom('x', 'y'), fc.boolean(), fc.constantFrom('check', 'approve', 'revoke')),
    );
    fc.assert(
      fc.property(steps, steps, (mine, theirs) => {
        const play = (list: typeof mine): Pins => {
          const pins = new Pins(EMPTY);
          for (const [name, text, suspicious, verb] of list) {
            if (verb === 'check') pins.check(tool(text, name), suspicious ? SUSPICION : [], NOW);
            else pins[verb as 'approve' | 'revoke']('s', 'tool', name);
          }
          return pins;
        };
        const pins = play(mine);
        const once = pins.merge(play(theirs).toLock());
        expect(pins.merge(once)).toEqual(once);
        expect(new Pins(once).toLock()).toEqual(once);
        for (const { name } of once.pending) expect(pins.state('s', 'tool', name)).not.toBe('pinned');
      }),
    );
  });
});
