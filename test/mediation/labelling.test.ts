import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Channel, Finding, Integrity, ServerTrust } from '../../src/event.ts';
import { structured, textsOfMessage } from '../../src/mediation/inbound.ts';
import { labelOf } from '../../src/mediation/labelling.ts';
import { trusted } from './support.ts';

const ORDER: Integrity[] = ['trusted', 'untrusted', 'poisoned-suspect'];
const FINDING: Finding = { detector: 'ansi', path: '', span: [0, 1] };

interface Given {
  trust?: ServerTrust;
  channel?: Channel;
  findings?: Finding[];
  answersTaint?: boolean;
  isOfUnknown?: boolean;
}

function of(
  payload: unknown,
  { trust, channel = 'result', findings = [], answersTaint = false, isOfUnknown = false }: Given = {},
) {
  const inbound = { server: 's', origin: 't', channel, payload };
  return labelOf(inbound, { trust, texts: textsOfMessage(inbound), findings, answersTaint, isOfUnknown });
}

test('one label for all, where the configuration tells no fields apart', () => {
  expect(of({ content: [] }).parts).toBeUndefined();
  expect(of({ content: [] }, { trust: trusted('trusted', { t: {} }) }).parts).toBeUndefined();
});

test('what any tool may have said is as confidential as that of the closest one, and as little trusted', () => {
  const tools = {
    open: { integrity: 'untrusted' },
    keys: { confidentiality: 'secret' },
  } as const;
  const trust = trusted('trusted', tools);
  expect(of({ content: [] }, { trust }).label).toMatchObject({
    integrity: 'trusted',
    confidentiality: 'public',
  });
  expect(of({ content: [] }, { trust, isOfUnknown: true }).label).toMatchObject({
    integrity: 'untrusted',
    confidentiality: 'secret',
  });
});

test('each reason, in order', () => {
  const payload = { _meta: { ifc: { integrity: 'untrusted' } }, isError: true, a: `AKIA${'A1B2'.repeat(4)}` };
  const given = { trust: trusted('trusted'), findings: [FINDING], answersTaint: true };
  expect(of(payload, given).label).toEqual({
    integrity: 'poisoned-suspect',
    confidentiality: 'secret',
    reasons: ['error', 'echo', 'ansi', 'claimed', 'secret'],
  });
});

test('a field that is trusted less lowers the trust in the whole, and says why', () => {
  const trust = trusted('trusted', { t: { fields: { '/structuredContent/a': 'untrusted' } } });
  expect(of({ structuredContent: { a: 'x', b: 'y' } }, { trust }).label).toMatchObject({
    integrity: 'untrusted',
    reasons: ['configuration'],
  });
  expect(of({ structuredContent: { b: 'y' } }, { trust }).label).toMatchObject({
    integrity: 'trusted',
    reasons: [],
  });
});

describe('whatever comes', () => {
  const payloads = fc.record(
    {
      structuredContent: fc.dictionary(fc.constantFrom('a', 'b', 'a#'), fc.constantFrom('x', { c: 'y' }), {
        noNullPrototype: true,
      }),
      content: fc.array(fc.record({ text: fc.constantFrom('words', '{"a":"x"}') })),
      isError: fc.boolean(),
      _meta: fc.constantFrom(
        {},
        { ifc: { integrity: 'untrusted' } },
        { ifc: { confidentiality: 'private' } },
      ),
    },
    { requiredKeys: [] },
  );
  const sides = fc.constantFrom<'trusted' | 'untrusted'>('trusted', 'untrusted');
  const patterns = fc.constantFrom(
    '/structuredContent/a',
    '/structuredContent',
    '/content/*/text',
    '/*/*/text/a',
  );
  const trusts = fc
    .tuple(sides, fc.dictionary(patterns, sides, { minKeys: 1, noNullPrototype: true }))
    .map(([side, fields]) => trusted(side, { t: { fields } }));
  const givens = fc.record({
    trust: trusts,
    findings: fc.subarray([FINDING]),
    answersTaint: fc.boolean(),
    channel: fc.constantFrom<Channel>('result', 'error'),
  });

  test('no part is trusted more than the whole, and the parts are all of it', () => {
    fc.assert(
      fc.property(payloads, givens, (payload, given) => {
        const { label, parts } = of(payload, given);
        const inbound = { server: 's', origin: 't', channel: given.channel, payload };
        expect(parts!.flatMap(([, texts]) => texts)).toHaveLength(structured(textsOfMessage(inbound)).length);
        for (const [part] of parts!) {
          expect(ORDER.indexOf(part.integrity)).toBeLessThanOrEqual(ORDER.indexOf(label.integrity));
          expect(part.confidentiality).toBe(label.confidentiality);
        }
      }),
    );
  });

  test('a taint, a finding and a failure reach every part', () => {
    fc.assert(
      fc.property(payloads, givens, (payload, given) => {
        const failed = given.channel === 'error' || payload.isError === true;
        for (const [part] of of(payload, given).parts!) {
          if (given.answersTaint) expect(part.integrity).not.toBe('trusted');
          if (failed || given.findings.length > 0) expect(part.integrity).toBe('poisoned-suspect');
        }
      }),
    );
  });
});
