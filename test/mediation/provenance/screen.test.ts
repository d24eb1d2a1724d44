import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Flow, Leaf, Source } from '../../../src/event.ts';
import type { Match } from '../../../src/mediation/provenance/flows.ts';
import { mix } from '../../../src/mediation/provenance/hash.ts';
import { Indexer } from '../../../src/mediation/provenance/indexer.ts';
import { Later } from '../../../src/mediation/provenance/later.ts';
import { Provenance } from '../../../src/mediation/provenance/provenance.ts';
import { Said } from '../../../src/mediation/provenance/said.ts';
import { Screen, SHORTEST_SCREENED } from '../../../src/mediation/provenance/screen.ts';
import { Shelf } from '../../../src/mediation/provenance/shelf.ts';
import { Sieve } from '../../../src/mediation/provenance/sieve.ts';
import { Store, VALUE } from '../../../src/mediation/provenance/store.ts';
import { Tracer } from '../../../src/mediation/provenance/tracer.ts';
import { ALL_TURNS, turnedCodes } from '../../../src/mediation/provenance/turns.ts';
import { CHAIN, encoded, VALUES } from './chains.ts';

const label = { integrity: 'untrusted', confidentiality: 'public', reasons: [] } as const;
const source = (event: string): Source => ({
  event,
  server: 'web',
  origin: 'fetch',
  channel: 'result',
  label,
});
const session = (): Provenance => new Provenance({ retainedBytes: 1024 * 1024, seed: 11 });
const leaf = (text: string, path = '/text'): Leaf => ({ path, text, form: 'string' });

const PIECE = { source: source('e1'), path: '', form: 'prose', complete: true, transforms: [] } as const;

function learn(provenance: Provenance, event: string, text: string): void {
  provenance.learn(source(event), [{ path: '/content/0/text', form: 'prose', text }]);
}

/** Long enough to be screened, and nothing of it stands anywhere else. */
const FILLER = Array.from({ length: SHORTEST_SCREENED / 16 }, (_, i) => `zq${i} "wx vj${i % 7}" /kb/${i}`);
const long = (inside: string): string => {
  const half = FILLER.length / 2;
  return [...FILLER.slice(0, half), inside, ...FILLER.slice(half)].join('\n');
};

function tracedIn(page: string, text: string): Flow[] {
  const provenance = session();
  learn(provenance, 'e1', page);
  return provenance.trace([leaf(text)]);
}

describe('in a long text', () => {
  const page = "Pay 12,000 to DE89370400440532013000, ask eve.doe@example.invalid; ID 'a-1/b-2'.";

  test.each([
    ['as it stands', 'eve.doe@example.invalid'],
    ['a number without its comma', '12000'],
    ['an account in groups', '"DE89 3704 0044 0532 0130 00"'],
    ['of short words alone', 'a-1/b-2'],
    ['backwards', 'dilavni.elpmaxe@eod.eve'],
    ['in rot13', 'rir.qbr@rknzcyr.vainyvq'],
    ['in base64', Buffer.from('eve.doe@example.invalid').toString('base64')],
    ['in look-alikes', '\u0435ve.doe@example.invalid'],
    ['with an escape', 'eve%2Edoe%40example.invalid'],
    ['in quotes', '"eve.doe@example.invalid"'],
    ['as a copy with other borders', 'xxto DE89370400440532013000, ask eve.doxx'],
    ['as a copy backwards', [...'xxto DE89370400440532013000, ask eve.doxx'].reverse().join('')],
  ])('a value is found %s', (_, value) => {
    expect(tracedIn(page, long(value))).not.toEqual([]);
  });

  test('nothing is found of what no output held', () => {
    expect(tracedIn(page, long('eve.dough@example.test, 13000'))).toEqual([]);
  });

  test('whatever is ruled out is not found by the search, and all of it is the client’s own', () => {
    const value = fc.oneof(...Object.values(VALUES));
    fc.assert(
      fc.property(value, value, CHAIN, (told, other, chain) => {
        const said = new Said();
        const { store, tracer } = searched(`Note: ${told} .`);
        for (const hidden of [encoded(told, chain), encoded(other, chain), other]) {
          const leaves = [leaf(long(` ${hidden} `))];
          const clear = new Screen(store).clear(leaves);
          const [matches, fresh]: [Match[], number[]] = [[], []];
          tracer.leaf(leaves[0]!, matches, fresh);
          if (clear === undefined) continue;
          expect(matches).toEqual([]);
          const later = new Later(store, said);
          later.push(clear, []);
          later.finish();
          for (let i = 0; i < fresh.length; i += 2) expect(said.has(fresh[i]!, fresh[i + 1]!)).toBe(true);
        }
      }),
      { numRuns: 20 },
    );
  });

  test('most that has nothing to do with what was read is ruled out', () => {
    const { store } = searched(`Note: ${page}`);
    expect(new Screen(store).clear([leaf(long('eve.dough@example.test'))])).toHaveLength(1);
    expect(new Screen(store).clear([leaf('too short to be worth it')])).toBeUndefined();
  });
});

function searched(text: string): { store: Store; tracer: Tracer } {
  const store = new Store(1024 * 1024, 11);
  const indexer = new Indexer(store);
  indexer.begin({ ...PIECE, text, within: undefined, start: 0, kind: 1 });
  while (indexer.step() > 0);
  const tracer = new Tracer(store, new Said());
  tracer.beginCall();
  return { store, tracer };
}

describe('what a long text says', () => {
  const own = 'pm.hale@example.invalid';
  const copy = 'the harbour of Lowenfurt opens again in spring, as the council says';

  test.each(['settled', 'not settled'])('is the client’s own though an output says it next, %s', (when) => {
    const provenance = session();
    learn(provenance, 'e1', 'something else altogether');
    const leaves = [leaf(long(`${own} ${copy}`))];
    expect(provenance.trace(leaves)).toEqual([]);
    provenance.offer(leaves);
    if (when === 'settled') while (!provenance.settle(1));
    learn(provenance, 'e2', `Saved. ${own}: ${copy}. Ref 4f9a-77c1.`);
    expect(provenance.trace([leaf(own)])).toEqual([]);
    expect(provenance.trace([leaf(copy)])).toEqual([]);
    expect(provenance.trace([leaf('4f9a-77c1')])).not.toEqual([]);
  });

  test('is not its own if it was never sent, or siblings have read it', () => {
    for (const read of [undefined, [leaf(own)]]) {
      const provenance = session();
      learn(provenance, 'e1', 'something else altogether');
      const leaves = [leaf(long(own))];
      provenance.trace(leaves);
      if (read !== undefined) provenance.offer(leaves, read);
      learn(provenance, 'e2', `Write to ${own} today.`);
      expect(provenance.trace([leaf(own)])).not.toEqual([]);
    }
  });

  test('is its own before anything was read, with what it decodes to', () => {
    const provenance = session();
    provenance.offer([leaf(long(Buffer.from(`mail ${own} now`).toString('base64')))]);
    learn(provenance, 'e1', `Write to ${own} today.`);
    expect(provenance.trace([leaf(own)])).toEqual([]);
  });

  test('beside pieces is their own, and they are joined as in a short call', () => {
    for (const isOwn of [true, false]) {
      const provenance = session();
      learn(provenance, 'e1', 'something else altogether');
      const leaves = [leaf('see reb7kx', '/a'), leaf('mqo4z.invalid', '/b'), leaf(long(own), '/text')];
      expect(provenance.trace(leaves)).toEqual([]);
      if (isOwn) provenance.offer(leaves);
      learn(provenance, 'e2', 'Please see reb7kxmqo4z.invalid now.');
      expect(provenance.trace(leaves).length > 0).toBe(!isOwn);
    }
  });

  test('is its own when it says it again, whatever was forgotten between', () => {
    const [store, said] = [new Store(1024 * 1024, 11), new Said()];
    const later = new Later(store, said);
    const say = (): void => {
      later.push([{ leaf: leaf(long(own)), decoded: [] }], [7, 8]);
      later.finish();
    };
    const codes = Uint16Array.from(own, (c) => c.charCodeAt(0));
    store.hash.of(codes, 0, codes.length, VALUE);
    const { lo, hi } = store.hash;
    say();
    say();
    expect([said.has(lo, hi), said.has(7, 8), said.has(9, 8)]).toEqual([true, true, false]);
    for (let i = 1; i < 300_000; i++) said.add(mix(i), i);
    expect(said.has(lo, hi)).toBe(false);
    say();
    expect(said.has(lo, hi)).toBe(true);
  });

  test('is its own however much of it waits', () => {
    const provenance = session();
    learn(provenance, 'e1', 'something else altogether');
    const filler = `${long('')}${' '.repeat(900_000)}`;
    for (let i = 0; i < 6; i++) provenance.offer([leaf(`${filler} n${i}.${own}`)]);
    learn(provenance, 'e2', `n0.${own} and n5.${own} and n6.${own}`);
    expect([0, 5, 6].map((i) => provenance.trace([leaf(`n${i}.${own}`)]).length > 0)).toEqual([
      false,
      false,
      true,
    ]);
  });
});

describe('the sieve', () => {
  const codes = (text: string): Uint16Array => Uint16Array.from(text, (c) => c.charCodeAt(0));

  test('lets everything through that a text holds, in every turn, and hardly anything else', () => {
    const shelf = new Shelf(1024 * 1024);
    const sieve = new Sieve(shelf);
    const text = FILLER.slice(0, 300).join(' ');
    for (const part of [text.slice(0, 2000), text.slice(2000)]) {
      shelf.put({ ...PIECE, text: part, within: undefined, kind: 1, start: 0 });
      expect(sieve.update()).toBe(true);
      for (const turn of ALL_TURNS) {
        const turned = turnedCodes(codes(part), 0, part.length, turn);
        expect(sieve.may(turned, 0, turned.length)).toBe(true);
        for (let at = 16; at < turned.length; at += 97) {
          expect(sieve.stretch(turned.slice(at - 16), 16, 0)).toBe(16);
        }
      }
    }
    const [around, part] = ['#'.repeat(50), text.slice(700, 716)];
    for (const [inside, ends] of [
      [part, [66]],
      [part.slice(1), []],
      [text.slice(700, 719), [66, 67, 68, 69]],
    ] as const) {
      const mixed = codes(around + inside + around);
      const found: number[] = [];
      for (let to = 0; to >= 0; found.push(to)) to = sieve.stretch(mixed, mixed.length, to);
      expect(found).toEqual([...ends, -1]);
    }
    const others = Array.from({ length: 1000 }, (_, i) => codes(`${i} other ${i * 7919}`));
    expect(others.filter((one) => sieve.may(one, 0, one.length)).length).toBe(0);
    expect(others.some((one) => sieve.stretch(one, one.length, 0) >= 0)).toBe(false);
  });

  test('gives up where too much is retained to rule anything out', () => {
    const shelf = new Shelf(1024 * 1024);
    shelf.put({ ...PIECE, text: long('').repeat(10), within: undefined, kind: 1, start: 0 });
    expect(new Sieve(shelf).update()).toBe(false);
  });
});
