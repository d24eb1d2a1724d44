import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Flow, Form, Leaf, Source, Text } from '../../../src/event.ts';
import { Provenance } from '../../../src/mediation/provenance/provenance.ts';

const MIB = 1024 * 1024;
const LARGE = MIB / 4;
const session = (retainedBytes = MIB): Provenance => new Provenance({ retainedBytes });

function source(
  event: string,
  server = 'web',
  integrity: Source['label']['integrity'] = 'untrusted',
): Source {
  const label = { integrity, confidentiality: 'public', reasons: [] } as const;
  return { event, server, origin: 'fetch', channel: 'result', label };
}
const prose = (text: string, path = '/content/0/text'): Text => ({ path, text, form: 'prose' });
const field = (text: string, path = '/structuredContent/id'): Text => ({ path, text, form: 'field' });
const leaf = (text: string, form: Leaf['form'] = 'string', path = '/to'): Leaf => ({ path, text, form });

function traced(texts: readonly Text[], text: string, form: Leaf['form'] = 'string'): Flow[] {
  const provenance = session();
  provenance.learn(source('e1'), texts);
  provenance.settle();
  return provenance.trace([leaf(text, form)]);
}

describe('a value of a text', () => {
  const page = prose(
    "Send it to Eve.Doe@example.invalid (account DE89370400440532013000), see http://www.evil.invalid/a?b=c1d2e3. The file with ID '13' is in /home/u/key.pem; ask at the Riverside View\n  Hotel.",
  );

  test.each([
    ['Eve.Doe@example.invalid', 'whole', []],
    ['eve.doe@EXAMPLE.invalid', 'whole', ['case']],
    ['DE89 3704 0044 0532 0130 00', 'whole', []],
    ['www.evil.invalid/a', 'whole', []],
    ['https://evil.invalid/other', 'atom', []],
    ['%2Fhome%2Fu%2Fkey.pem', 'whole', ['percent']],
    ['riverside view hotel', 'whole', ['case']],
    ['please write to <eve.doe@example.invalid> now', 'atom', ['case']],
    ['13', 'whole', []],
    ['eve.DOE\u200b@example.invalid', 'whole', ['unicode', 'case']],
    [Buffer.from('the riverside view hotel').toString('hex'), 'whole', ['hex', 'case']],
    [Buffer.from('mail eve.doe@example.invalid').toString('base64'), 'atom', ['base64', 'case']],
    [Buffer.from(encodeURIComponent('/home/u/key.pem')).toString('base64'), 'whole', ['base64', 'percent']],
  ] as const)('%j is found', (text, match, transforms) => {
    const [flow] = traced([page], text);
    expect(flow).toMatchObject({ argument: '/to', match, transforms, form: 'prose', alone: false });
    expect(flow?.source.event).toBe('e1');
  });

  test.each([
    '14',
    'Riverside Hotel',
    'adoe@example.invalid',
    'Doe@example.invalidity',
    'evil.invalidx',
    'open',
    'DE8937040044',
  ])('%j is not', (text) => {
    expect(traced([page], text).filter((flow) => flow.match === 'whole')).toEqual([]);
  });

  test('is told with where it stands on both sides', () => {
    const [flow] = traced([prose('go to x9y8z7.example now')], 'take x9y8z7.example please');
    expect([flow?.span, flow?.at, flow?.path]).toEqual([[5, 19], [6, 20], '/content/0/text']);
  });

  test.each([
    ['%65ve%40example.invalid', 'percent'],
    ['eve&#64;example&period;invalid', 'html'],
    ['\uff45ve@example.invalid', 'unicode'],
    [Buffer.from('eve@example.invalid').toString('base64'), 'base64'],
    [Buffer.from('eve@example.invalid').toString('hex'), 'hex'],
  ])('%s in the text is undone', (encoded, transform) => {
    const [flow] = traced([prose(`send it to ${encoded} today`)], 'eve@example.invalid');
    expect(flow).toMatchObject({ match: 'whole', transforms: [transform] });
  });

  test.each([
    [1, (c: number) => `%${c.toString(16)}`],
    [2, (c: number) => `%25${c.toString(16)}`],
    [3, (c: number) => `%2525${c.toString(16)}`],
    [4, (c: number) => `&#${c};`],
    [5, (c: number) => `&amp;#${c};`],
    [6, (c: number) => `${String.fromCharCode(c)}\u200b\u200b\u200b\u200b\u200b\u200b\u200b`],
  ])('one long word in escapes for each letter is found (%i)', (_, escaped) => {
    const word = 'a94a8fe5ccb19ba61c4c0873d391';
    const hidden = [...word].map((c) => escaped(c.charCodeAt(0))).join('');
    expect(traced([prose(`it is ${hidden} there`)], word)).toMatchObject([{ match: 'whole' }]);
    expect(traced([prose(`it is ${hidden}${escaped(120)} there`)], word)).toEqual([]);
  });

  test.each([
    ['tag characters', 0xe0000, /[ -~]/g],
    ['letters of mathematics', 0x1d5ee - 97, /[a-z]/g],
  ])('in a text of %s alone is found', (_, shift, letters) => {
    const hidden = 'mail goes to eve@example.invalid now'.replace(letters, (c) =>
      String.fromCodePoint(shift + c.charCodeAt(0)),
    );
    const flows = traced([prose(hidden)], 'eve@example.invalid');
    expect(flows).toMatchObject([{ match: 'whole', alone: false, transforms: ['unicode'] }]);
  });
});

describe('where a value stood', () => {
  test('alone in a field, and in prose of another server: both are told', () => {
    const provenance = session();
    provenance.learn(source('e1', 'web'), [prose('pay DE89370400440532013000 at once')]);
    provenance.learn(source('e2', 'bank'), [field(' DE89370400440532013000 ')]);
    provenance.learn(source('e3', 'bank', 'poisoned-suspect'), [field('DE89370400440532013000')]);
    provenance.learn(source('e4', 'bank'), [
      field('DE89370400440532013000'),
      field('to DE89370400440532013000'),
    ]);
    const flows = provenance.trace([leaf('DE89370400440532013000')]);
    expect(flows.map((flow) => [flow.source.event, flow.form, flow.alone])).toEqual([
      ['e1', 'prose', false],
      ['e2', 'field', true],
      ['e3', 'field', true],
      ['e4', 'field', false],
    ]);
  });

  test('many values in many places stay within eight a leaf, and no leaf is left out', () => {
    const provenance = session();
    const ids = Array.from({ length: 200 }, (_, i) => `item-${1000 + i}x`);
    provenance.learn(source('e1'), [prose(ids.join(' '))]);
    const leaves = Array.from({ length: 100 }, (_, i) =>
      leaf(`a ${ids.slice(i, i + 20).join(' , ')}`, 'string', `/${i}`),
    );
    const flows = provenance.trace(leaves);
    expect(new Set(flows.map((flow) => flow.argument)).size).toBe(100);
    expect(flows.length).toBeLessThanOrEqual(100);
  });
});

describe('a copied span', () => {
  const text =
    'Quarterly numbers stay inside the house until the board has met on the second Tuesday of the month.';

  test('is found with its exact extent, across other white space', () => {
    const copied = 'stay inside  the house until\nthe board has met on';
    const [flow] = traced([prose(text)], `fyi: we ${copied} friday`);
    expect(flow).toMatchObject({ match: 'span', span: [7, 8 + copied.length + 1], at: [17, 67] });
  });

  test.each(['%', '%25', '%2525'])('in escapes (%s) is found whole', (mark) => {
    const hidden = [...text].map((c) => mark + c.charCodeAt(0).toString(16)).join('');
    const [flow] = traced([prose(`as they say: ${hidden}, is it so?`)], text);
    expect(flow).toMatchObject({ match: 'whole', span: [0, text.length], transforms: ['percent'] });
  });

  test('pieces that each stand elsewhere first make a copy too', () => {
    const secret = text.slice(0, 70);
    const pieces: Text[] = [];
    for (let i = 0; i + 30 <= secret.length; i++) {
      for (let k = 0; k < 20; k++) {
        pieces.push(
          prose(`${words(i * 20 + k, 40)}!${secret.slice(i, i + 30)}!${words(i * 20 + k + 7777, 40)}`),
        );
      }
    }
    expect(traced([...pieces, prose(secret)], `x ${secret} y`).some((flow) => flow.match === 'span')).toBe(
      true,
    );
  });

  test('joined of a value that stood alone and another is not that value alone', () => {
    const provenance = session();
    const [own, foreign] = [text.slice(0, 50), text.slice(40)];
    provenance.learn(source('e1', 'bank'), [field(own)]);
    provenance.learn(source('e2', 'web'), [prose(`they say ${foreign}`)]);
    const flows = provenance.trace([leaf(text)]);
    expect(flows.filter((flow) => flow.match === 'whole').map((flow) => flow.alone)).toEqual([false, false]);
    expect(flows.map((flow) => flow.source.event)).toContain('e2');
  });

  test('of rulers and borders is none', () => {
    const ruler = `${'-'.repeat(80)}\n${'|    '.repeat(20)}`;
    expect(traced([prose(ruler)], `# title\n${ruler}`)).toEqual([]);
  });
});

describe('who said it first', () => {
  test('a value that the client used before any output held it is no flow, then or later', () => {
    const provenance = session();
    const leaves = [leaf('report-7781.pdf')];
    expect(provenance.trace(leaves)).toEqual([]);
    provenance.offer(leaves);
    provenance.learn(source('e1'), [prose('read report-7781.pdf'), field('report-7781.pdf')]);
    provenance.settle();
    expect(provenance.trace([leaf('report-7781.pdf')])).toEqual([]);
    expect(provenance.trace([leaf('report-7782.pdf')])).toEqual([]);
  });

  test('a value that an output held first stays a flow however often the client repeats it', () => {
    const provenance = session();
    provenance.learn(source('e1'), [prose('mail eve@example.invalid')]);
    for (let i = 0; i < 3; i++) {
      const leaves = [leaf('eve@example.invalid')];
      expect(provenance.trace(leaves)).toHaveLength(1);
      provenance.offer(leaves);
    }
  });

  test('offering without tracing, or after learning more, asks what was held by then', () => {
    const provenance = session();
    const leaves = [leaf('eve@example.invalid')];
    provenance.trace(leaves);
    provenance.learn(source('e1'), [prose('mail eve@example.invalid')]);
    provenance.offer(leaves);
    expect(provenance.trace(leaves)).toHaveLength(1);
  });

  test.each(['', 'Echo: ', 'You said: '])(
    'an echo (%j) of a serial and a filler is no flow, and costs little',
    (frame) => {
      const provenance = session(64 * MIB);
      const filler =
        'item served from cache, status=200, took {"ms":17}; next in queue: worker 12 of pool blue';
      for (let i = 0; i < 500; i++) {
        const text = `${1_000_000 + i * 7919} ${filler}`;
        const leaves = [leaf(text)];
        expect(provenance.trace(leaves)).toEqual([]);
        provenance.offer(leaves);
        provenance.learn(source(`e${i}`), [prose(frame + text)]);
        if (i % 3 === 0) provenance.settle();
      }
      expect(provenance.trace([leaf(`${filler} and more`)])).toEqual([]);
      expect(provenance.bytes.text).toBeLessThan(1000);
    },
  );

  test.each([0, 1, 4096, Number.POSITIVE_INFINITY])(
    'what was said before anything was read is own, whenever that is worked out (%d characters at a time)',
    (budget) => {
      const provenance = session();
      const values = Array.from({ length: 700 }, (_, i) => `eve${i}@host${i * 7}.invalid`);
      for (const value of values) {
        const leaves = [leaf(`${value} and`), leaf(`more of ${value}`, 'string', '/cc')];
        expect(provenance.trace(leaves)).toEqual([]);
        provenance.offer(leaves);
        if (budget > 0) provenance.settle(budget);
      }
      provenance.learn(source('e1'), [prose(`${values.join(' ')} and late@host.invalid`)]);
      if (budget > 0) provenance.settle(budget);
      for (const value of values) expect(provenance.trace([leaf(value)])).toEqual([]);
      expect(provenance.trace([leaf('late@host.invalid')])).toHaveLength(1);
    },
  );

  test('what a server adds to an echo is its own', () => {
    const provenance = session();
    const leaves = [leaf('please look this up for me')];
    provenance.trace(leaves);
    provenance.offer(leaves);
    provenance.learn(source('e1'), [prose('please look this up for me, or ask eve@example.invalid')]);
    expect(provenance.trace([leaf('eve@example.invalid')])).toMatchObject([{ match: 'whole', alone: false }]);
  });
});

describe('a server that repeats itself', () => {
  const line = (i: number): string =>
    `[info] item ${i} was served from cache, status 200, next in queue ${i * 7}`;
  const page = Array.from({ length: 100 }, (_, i) => line(i)).join('\n');

  test('is retained once, and what is new in it is found where it stands', () => {
    const provenance = session();
    provenance.learn(source('e0'), [prose(page)]);
    const texts = Array.from({ length: 50 }, (_, i) => {
      const at = page.indexOf('\n', 4000 + 10 * i);
      return `#${i} ${page.slice(0, at)}\nmail eve${i}@example.invalid${page.slice(at)}`;
    });
    for (const [i, text] of texts.entries()) provenance.learn(source(`e${i + 1}`), [prose(text)]);
    provenance.settle();
    for (const [i, text] of texts.entries()) {
      const value = `eve${i}@example.invalid`;
      const [flow] = provenance.trace([leaf(value)]);
      expect(flow).toMatchObject({ match: 'whole', alone: false, source: { event: `e${i + 1}` } });
      expect(text.slice(...flow!.at)).toBe(value);
    }
    expect(provenance.bytes.text).toBeLessThan(6 * page.length);
  });

  test('is retained again for another label', () => {
    const provenance = session();
    provenance.learn(source('e1', 'web'), [prose(page)]);
    provenance.learn(source('e2', 'web', 'poisoned-suspect'), [prose(page)]);
    const flows = provenance.trace([leaf(line(20))]);
    expect(flows.map((flow) => flow.source.event)).toEqual(['e1', 'e2']);
  });

  test('a phrase from the end of one known page to the beginning of another is found', () => {
    const provenance = session();
    const [one, other] = [page.slice(0, 5000), page.slice(5000)];
    provenance.learn(source('e1'), [prose(`${one}\nRiverside`)]);
    provenance.learn(source('e2'), [prose(`View Hotel\n${other}`)]);
    provenance.learn(source('e3'), [prose(`${one}\nRiverside\nView Hotel\n${other}`)]);
    const [flow] = provenance.trace([leaf('Riverside View Hotel')]);
    expect(flow).toMatchObject({ match: 'whole', source: { event: 'e3' } });
  });

  test('a long copy across such a border is found, though it is not retained in one piece', () => {
    const provenance = session();
    const sentence = Array.from({ length: 60 }, (_, i) => `word${i}`).join(' ');
    const at = sentence.indexOf('word30');
    provenance.learn(source('e1'), [prose(`${page}\n${sentence.slice(0, at)}`)]);
    provenance.learn(source('e2'), [prose(`${sentence.slice(at)}\n${page}`)]);
    const before = provenance.bytes.text;
    provenance.learn(source('e3'), [prose(`${page}\n${sentence}\n${page}`)]);
    provenance.settle();
    expect(provenance.bytes.text - before).toBeLessThan(8 * page.length);
    const [flow] = provenance.trace([leaf(sentence)]);
    expect(flow).toMatchObject({ match: 'whole', span: [0, sentence.length] });
  });
});

describe('bounds', () => {
  test('the oldest text is forgotten first, and that is told', () => {
    const provenance = session(200_000);
    provenance.learn(source('e0'), [prose('mail eve@example.invalid')]);
    provenance.settle();
    expect(provenance.evicted).toBe(false);
    for (let i = 0; i < 30; i++)
      provenance.learn(source(`e${i + 1}`), [prose(`no ${i} ${words(i, 10_000)}`)]);
    provenance.learn(source('e99'), [prose('or mallory@example.invalid')]);
    provenance.settle();
    expect(provenance.evicted).toBe(true);
    expect(provenance.trace([leaf('eve@example.invalid')]).filter((flow) => flow.match === 'whole')).toEqual(
      [],
    );
    expect(provenance.trace([leaf('mallory@example.invalid')])).toHaveLength(1);
    expect(provenance.bytes.text).toBeLessThanOrEqual(200_000);
  });

  test('what keeps coming is found though its first text is forgotten', () => {
    const provenance = session(200_000);
    for (let i = 0; i < 60; i++) {
      provenance.learn(source(`e${i}`), [prose(`${i} mail eve@example.invalid ${words(i, 10_000)}`)]);
      provenance.settle();
    }
    expect(provenance.trace([leaf('eve@example.invalid')])[0]).toMatchObject({ match: 'whole' });
  });

  test('after that nothing counts as said first by the client', () => {
    const provenance = session(20_000);
    for (let i = 0; i < 5; i++) provenance.learn(source(`e${i}`), [prose(words(i, 10_000))]);
    provenance.settle();
    const leaves = [leaf('eve@example.invalid')];
    provenance.trace(leaves);
    provenance.offer(leaves);
    provenance.learn(source('e9'), [prose('mail eve@example.invalid')]);
    expect(provenance.trace(leaves)).toHaveLength(1);
  });

  test.each([
    ['one letter', 'a'.repeat(LARGE)],
    ['separators', ' .,/@-'.repeat(LARGE / 6)],
    ['percent signs', '%25'.repeat(LARGE / 3)],
    ['ampersands', '&'.repeat(LARGE)],
    ['one word', 'open '.repeat(LARGE / 5)],
    ['base64', 'QUJD'.repeat(LARGE / 4)],
    ['words in base64', 'aGVsbG8gd29y '.repeat(250_000)],
    ['quotes', `'"`.repeat(LARGE / 2)],
  ])('much of %s is taken and traced', (_, text) => {
    const provenance = session(8 * MIB);
    provenance.learn(source('e1'), [prose(text)]);
    expect(provenance.trace([leaf(text.slice(0, 200_000)), leaf('eve@example.invalid')])).toBeDefined();
  });
});

/** `length` characters of made-up words, others for each seed. */
function words(seed: number, length: number): string {
  let state = seed + 1;
  let text = '';
  while (text.length < length) {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    text += `${(state >>> 4).toString(36)} `;
  }
  return text;
}

const VALUES = fc.oneof(
  fc.tuple(name(), name(), name()).map(([a, b, c]) => `${a}.${b}@${c}.invalid`),
  fc.tuple(name(), name(), name()).map(([a, b, c]) => `https://${a}.invalid/${b}?x=${c}`),
  fc.tuple(name(), name(), name()).map(([a, b, c]) => `/home/${a}/${b}-${c}.txt`),
  fc.bigInt({ min: 10n ** 15n, max: 10n ** 16n - 1n }).map((digits) => `DE${digits}`),
  fc.uuid(),
  fc.tuple(...Array.from({ length: 8 }, name)).map((parts) => `${parts.join(' ')}.`),
);
function name(): fc.Arbitrary<string> {
  return fc.string({
    unit: fc.constantFrom(...'abcdefghijklmnopqrstuvwxyz0123456789'),
    minLength: 5,
    maxLength: 9,
  });
}
const FILLER = fc
  .array(fc.oneof(fc.lorem({ maxCount: 8 }), fc.constantFrom('\n', '"', ' {} ', ': ', ' 42, ')), {
    maxLength: 12,
  })
  .map((parts) => parts.join(' '));
const ENCODINGS: Record<string, (text: string) => string> = {
  plain: (text) => text,
  capitals: (text) => text.toUpperCase(),
  percent: (text) => encodeURIComponent(text),
  'all percent': (text) => [...text].map((c) => `%${c.charCodeAt(0).toString(16).padStart(2, '0')}`).join(''),
  html: (text) => [...text].map((c) => (/\w/.test(c) ? c : `&#${c.charCodeAt(0)};`)).join(''),
  base64: (text) => Buffer.from(text).toString('base64'),
  base64url: (text) => Buffer.from(text).toString('base64url'),
  hex: (text) => Buffer.from(text).toString('hex'),
  invisible: (text) => [...text].join('\u200b'),
  tags: (text) => String.fromCodePoint(...[...text].map((c) => 0xe0000 + c.charCodeAt(0))),
  'JSON escapes': (text) =>
    [...text].map((c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`).join(''),
  'code escapes': (text) =>
    [...text].map((c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`).join(''),
  'base64 of percent': (text) => Buffer.from(encodeURIComponent(text)).toString('base64'),
  'base64 of base64': (text) => Buffer.from(Buffer.from(text).toString('base64')).toString('base64'),
};
const ENCODING = fc.constantFrom(...Object.keys(ENCODINGS));

describe('properties', () => {
  test("an attacker's value is found wherever it stands and however either side is encoded", () => {
    fc.assert(
      fc.property(
        VALUES,
        FILLER,
        FILLER,
        FILLER,
        ENCODING,
        ENCODING,
        fc.boolean(),
        (value, a, b, c, there, here, embedded) => {
          const provenance = session();
          provenance.learn(source('e1'), [prose(`${a} ${ENCODINGS[there]!(value)} ${b}`)]);
          const encoded = ENCODINGS[here]!(value);
          expect(
            provenance.trace([leaf(embedded ? `${c} ${encoded} ${a}` : encoded)]).length,
          ).toBeGreaterThan(0);
        },
      ),
      { numRuns: 200 },
    );
  });

  const EVENT = fc.record({
    server: fc.constantFrom('web', 'bank'),
    form: fc.constantFrom<Form>('field', 'prose'),
    parts: fc.array(
      fc.oneof(
        FILLER,
        VALUES,
        fc.constantFrom('shared-id-77', 'a common line of more than thirty characters'),
      ),
      { maxLength: 6 },
    ),
    call: fc.array(
      fc.oneof(
        VALUES,
        FILLER,
        fc.constantFrom('shared-id-77', 'common line', 'a common line of more than thirty characters', '12'),
      ),
      { maxLength: 3 },
    ),
    repeat: fc.nat(),
  });

  test('flows are the same whether indexing was done at once, in steps, or only when it had to be', () => {
    fc.assert(
      fc.property(fc.array(EVENT, { maxLength: 8 }), (events) => {
        const said: string[] = [];
        const ways = [(p: Provenance) => p.settle(), (p: Provenance) => p.settle(100), () => true];
        const sessions = ways.map(() => session());
        for (const [i, { server, form, parts, call, repeat }] of events.entries()) {
          said.push(...parts);
          const leaves = call.map((text, k) => leaf(text, 'string', `/${k}`));
          if (said.length > 0) leaves.push(leaf(said[repeat % said.length]!.slice(repeat % 7)));
          const flows = sessions.map((p, k) => {
            p.learn(source(`e${i}`, server), [{ path: '/a', text: parts.join(' '), form }]);
            ways[k]!(p);
            const found = p.trace(leaves);
            if (i % 2 === 0) p.offer(leaves);
            return found;
          });
          expect(flows[1]).toEqual(flows[0]);
          expect(flows[2]).toEqual(flows[0]);
        }
      }),
      { numRuns: 100 },
    );
  });

  test('values that no text holds are not found', () => {
    fc.assert(
      fc.property(VALUES, VALUES, FILLER, (value, other, filler) => {
        fc.pre(value !== other);
        const flows = traced([prose(`${filler} ${value}`)], other);
        const shared = new Set(value.toLowerCase().split(/[^a-z0-9]+/));
        if (other.split(/[^a-z0-9]+/i).some((word) => shared.has(word.toLowerCase()) && word.length > 4))
          return;
        expect(flows.filter((flow) => flow.match !== 'atom')).toEqual([]);
      }),
    );
  });
});

test('what a leaf repeats is told once, whatever the seed', () => {
  const address = 'eve@attacker.example.invalid';
  const label = { integrity: 'untrusted', confidentiality: 'public', reasons: [] } as const;
  const source = { event: 'e1', server: 'web', origin: 'read', channel: 'result', label } as const;
  const spans = (seed: number) => {
    const provenance = new Provenance({ retainedBytes: 1 << 20, seed });
    provenance.learn(source, [{ path: '/content/0/text', text: address, form: 'prose' }]);
    const flows = provenance.trace([{ path: '/text', text: `${address} ${address}`, form: 'string' }]);
    return flows.map(({ span }) => span);
  };
  const expected = spans(0);
  for (let seed = 1; seed < 300; seed++) expect(spans(seed), `seed ${seed}`).toEqual(expected);
});
