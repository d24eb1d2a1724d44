import { expect, test } from 'vitest';
import { denialIn } from '../../../src/cli/demo/denial.ts';
import type { Flow } from '../../../src/event.ts';
import { refusalText } from '../../../src/mediation/explain.ts';

const flow: Flow = {
  argument: '/to',
  inName: false,
  span: [0, 17],
  match: 'whole',
  transforms: [],
  source: {
    event: 'e5',
    server: 'pages',
    origin: 'read_page',
    channel: 'result',
    label: { integrity: 'untrusted', confidentiality: 'public', reasons: [] },
  },
  path: '/content/0/text',
  at: [10, 27],
  form: 'prose',
  alone: false,
};

test.each(['deny', 'ask'] as const)('reads what the mediator says of the verdict %s', (verdict) => {
  const leaves = [{ path: '/to', text: 'a"b@example.invalid', form: 'string' as const }];
  const text = refusalText(
    { kind: 'tool', server: 'mail', name: 'send_mail', leaves },
    { verdict, rule: 'tainted-destination', flows: [flow] },
    'k3f9',
  );
  expect(denialIn(text)).toEqual({
    id: 'k3f9',
    verdict,
    rule: 'tainted-destination',
    flows: [{ argument: '/to', from: 'pages.read_page', event: 'e5' }],
  });
});

test.each([
  '',
  'Sent.',
  'ENOENT: no such file',
  'Cordon denied nothing',
  'x\nRule: a. Id: b. Nothing was sent',
])('another error is no denial: %j', (text) => expect(denialIn(text)).toBeUndefined());
