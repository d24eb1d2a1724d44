import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Confidentiality, Integrity, Label, Text } from '../../src/event.ts';
import { canonical } from '../../src/json/canonical.ts';
import { sha256 } from '../../src/json/digest.ts';
import {
  byIntegrity,
  CORDON_LABELS,
  claimedLabel,
  configuredLabel,
  fieldIntegrity,
  isClaim,
  labelMembers,
  raise,
  raisedBy,
  TRUST_ANNOTATIONS,
} from '../../src/mediation/labels.ts';
import { trusted } from './support.ts';

const integrities = fc.constantFrom<Integrity>('trusted', 'untrusted', 'poisoned-suspect');
const confidentialities = fc.constantFrom<Confidentiality>('public', 'private', 'secret');
const labels: fc.Arbitrary<Label> = fc.record({
  integrity: integrities,
  confidentiality: confidentialities,
  reasons: fc.uniqueArray(fc.constantFrom('error', 'claimed', 'ansi')),
});
const height = ({ integrity, confidentiality }: Label): [number, number] => [
  ['trusted', 'untrusted', 'poisoned-suspect'].indexOf(integrity),
  ['public', 'private', 'secret'].indexOf(confidentiality),
];
const notBelow = (label: Label, other: Label): void => {
  const [integrity, confidentiality] = height(label);
  expect(integrity).toBeGreaterThanOrEqual(height(other)[0]);
  expect(confidentiality).toBeGreaterThanOrEqual(height(other)[1]);
};

/** A text at a path; the first `#` is where JSON in a text begins. */
const at = (path: string): Pick<Text, 'path' | 'border'> =>
  path.includes('#') ? { path, border: path.indexOf('#') } : { path };

describe('configured', () => {
  test('untrusted and public, where nothing is said', () => {
    const plain = { integrity: 'untrusted', confidentiality: 'public', reasons: [] };
    expect(configuredLabel(undefined, 'x')).toEqual(plain);
  });

  test('the tool before the server', () => {
    const trust = trusted(
      'trusted',
      { odd: { integrity: 'untrusted' }, deep: { confidentiality: 'secret' } },
      'private',
    );
    expect(configuredLabel(trust, 'x')).toMatchObject({ integrity: 'trusted', confidentiality: 'private' });
    expect(configuredLabel(trust, 'odd')).toMatchObject({
      integrity: 'untrusted',
      confidentiality: 'private',
    });
    expect(configuredLabel(trust, 'deep')).toMatchObject({ integrity: 'trusted', confidentiality: 'secret' });
  });

  test.each([
    ['/structuredContent/items/*/id', '/structuredContent/items/7/id', 'trusted'],
    ['/structuredContent/items/*/id', '/structuredContent/items/id', undefined],
    ['/structuredContent/items/*/id', '/structuredContent/items/7/id/x', 'trusted'],
    ['/structuredContent/items/*/id', '/structuredContent/items/7/body', undefined],
    ['/content/0/text/id', '/content/0/text#/id', 'trusted'],
    ['/structuredContent/a~1b', '/structuredContent/a~1b', 'trusted'],
    ['/structuredContent/a/b', '/structuredContent/a~1b', undefined],
    ['/*', '/x', 'trusted'],
    ['/*', '/', 'trusted'],
    ['', '/x', 'trusted'],
  ])('field %s on %s: %s', (pattern, path, integrity) => {
    const text = at(path);
    const trust = trusted('untrusted', { t: { fields: { [pattern]: 'trusted' } } });
    expect(fieldIntegrity(trust, 't', text)).toBe(integrity);
    expect(fieldIntegrity(trust, 'other', text)).toBeUndefined();
    expect(fieldIntegrity(undefined, 't', text)).toBeUndefined();
  });

  test('no member name passes for a field that it is not', () => {
    const trust = trusted('untrusted', { t: { fields: { '/structuredContent/ab': 'trusted' } } });
    for (const path of ['/structuredContent/a#b', '/structuredContent/ab#', '/structuredContent/ab#/x']) {
      expect(fieldIntegrity(trust, 't', { path })).toBeUndefined();
    }
  });

  test.each([
    [{ '/a': 'trusted', '/a/b': 'untrusted' }, '/a/b/c', 'untrusted'],
    [{ '/a/b': 'trusted', '/a': 'untrusted' }, '/a/b/c', 'trusted'],
    [{ '/a/b': 'trusted', '/a': 'untrusted' }, '/a/c', 'untrusted'],
    [{ '/a/*': 'trusted', '/a/b': 'untrusted' }, '/a/b', 'untrusted'],
    [{ '/a/*': 'untrusted', '/a/b': 'trusted' }, '/a/b', 'untrusted'],
  ] as const)(
    'of several patterns the longest decides, of equals the one that trusts less: %j',
    (fields, path, integrity) => {
      for (const entries of [Object.entries(fields), Object.entries(fields).reverse()]) {
        const trust = trusted('trusted', { t: { fields: Object.fromEntries(entries) } });
        expect(fieldIntegrity(trust, 't', { path })).toBe(integrity);
      }
    },
  );

  test('byIntegrity loses and adds nothing', () => {
    const trust = trusted('untrusted', { t: { fields: { '/a/*': 'trusted', '/b': 'untrusted' } } });
    const paths = fc.array(fc.constantFrom('/a/0', '/a/1', '/b', '/c', '/a'));
    fc.assert(
      fc.property(paths, fc.constantFrom('t', 'u'), (all, tool) => {
        const texts = all.map((path, i): Text => ({ path, text: String(i), form: 'field' }));
        const groups = byIntegrity(texts, trust, tool);
        const back = [...groups.values()].flat().sort((a, b) => Number(a.text) - Number(b.text));
        expect(back).toEqual(texts);
        for (const [integrity, group] of groups) {
          for (const one of group) expect(fieldIntegrity(trust, tool, one)).toBe(integrity);
        }
      }),
    );
  });
});

describe('raise', () => {
  test('never lowers, and keeps every reason once', () => {
    fc.assert(
      fc.property(labels, labels, (label, why) => {
        const raised = raise(label, why);
        notBelow(raised, label);
        notBelow(raised, why);
        expect([...raised.reasons].sort()).toEqual([...new Set([...label.reasons, ...why.reasons])].sort());
      }),
    );
  });

  test('by nothing changes nothing', () => {
    fc.assert(
      fc.property(labels, (label) => {
        expect(raise(label, {})).toEqual(label);
      }),
    );
  });

  test('by findings names each detector once', () => {
    const finding = (detector: string) => ({ detector, path: '', span: [0, 1] as const });
    expect(raisedBy([])).toEqual({});
    expect(raisedBy([finding('ansi'), finding('ansi'), finding('encoded')])).toEqual({
      integrity: 'poisoned-suspect',
      reasons: ['ansi', 'encoded'],
    });
  });
});

describe('claims', () => {
  const trust = (claim: unknown) => ({ _meta: { [TRUST_ANNOTATIONS]: claim } });

  test.each<[string, unknown, Partial<Label>]>([
    ['untrusted', trust({ untrusted: true }), { integrity: 'untrusted' }],
    ['sensitive', trust({ sensitive: true }), { confidentiality: 'private' }],
    ['ifc', { _meta: { ifc: { integrity: 'untrusted' } } }, { integrity: 'untrusted' }],
    [
      'github',
      { _meta: { 'com.github.ifc/labels': { confidentiality: 'private' } } },
      { confidentiality: 'private' },
    ],
    ['a block', { content: [{}, trust({ untrusted: true })] }, { integrity: 'untrusted' }],
    ['a resource', { contents: [trust({ sensitive: true })] }, { confidentiality: 'private' }],
  ])('%s raises', (_, payload, expected) => {
    expect(claimedLabel(payload)).toMatchObject({ ...expected, reasons: ['claimed'] });
  });

  test.each<[string, unknown]>([
    ['trusted', trust({ untrusted: false, sensitive: false })],
    ['another type', trust({ untrusted: 'true', sensitive: 1 })],
    ['lower ifc', { _meta: { ifc: { integrity: 'trusted', confidentiality: 'public' } } }],
    ['our own label', { _meta: { [CORDON_LABELS]: { integrity: 'trusted' } } }],
    ['shapes', { _meta: [], content: [null, 5, 'x', { _meta: null }], contents: {} }],
    ['no object', null],
  ])('%s says nothing', (_, payload) => {
    expect(claimedLabel(payload)).toEqual({});
  });

  test('whatever a server sends, its claims only raise', () => {
    fc.assert(
      fc.property(labels, fc.jsonValue(), (label, claim) => {
        for (const payload of [
          trust(claim),
          { _meta: { ifc: claim } },
          { _meta: claim },
          { content: claim },
        ]) {
          notBelow(raise(label, claimedLabel(payload)), label);
        }
      }),
    );
  });

  test.each([
    [
      'a prompt',
      { messages: [{ role: 'user', content: { type: 'text', text: 'x', ...trust({ untrusted: true }) } }] },
    ],
    [
      'an embedded resource',
      { content: [{ type: 'resource', resource: { uri: 'a:b', ...trust({ untrusted: true }) } }] },
    ],
  ])('on a block of %s count, since they are stripped', (_, payload) => {
    expect(claimedLabel(payload)).toMatchObject({ integrity: 'untrusted' });
  });

  test('names that only Cordon may write', () => {
    for (const key of [
      TRUST_ANNOTATIONS,
      CORDON_LABELS,
      'cordon/decision',
      'Cordon/Labels',
      'cordon/',
      'ifc',
    ]) {
      expect(isClaim(key)).toBe(true);
    }
    for (const key of ['cordon', 'x/cordon/labels', 'io.modelcontextprotocol/other', '']) {
      expect(isClaim(key)).toBe(false);
    }
  });
});

describe('labelMembers', () => {
  test('says the exact label and the nearest standard one', () => {
    fc.assert(
      fc.property(labels, fc.nat(), (label, n) => {
        const meta = JSON.parse(`{${labelMembers(label, `e${n}`)}}`);
        expect(Object.keys(meta)).toEqual([TRUST_ANNOTATIONS, CORDON_LABELS]);
        expect(meta[CORDON_LABELS]).toEqual({ event: `e${n}`, ...label });
        const integrity = label.integrity === 'trusted' ? 'trusted' : 'untrusted';
        const confidentiality = label.confidentiality === 'public' ? 'public' : 'private';
        expect(meta[TRUST_ANNOTATIONS]).toEqual({
          untrusted: integrity === 'untrusted',
          sensitive: confidentiality === 'private',
          evidenceRef: {
            type: 'ifc.fides.v1',
            digest: sha256(canonical({ integrity, confidentiality })),
            canonicalization: 'jcs/rfc8785',
          },
        });
      }),
    );
  });
});
