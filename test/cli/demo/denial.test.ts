import { expect, test } from 'vitest';
import { denialIn } from '../../../src/cli/demo/denial.ts';
import type { Flow } from '../../../src/event.ts';
import { denialText } from '../../../src/mediation/explain.ts';

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

test('reads what a denial of the mediator says', () => {
  const leaves = [{ path: '/to', text: 'a"b@example.invalid', form: 'string' as const }];
  const text = denialText(
    { kind: 'tool', server: 'mail', name: 'send_mail', leaves },
    { verdict: 'deny', rule: 'tainted-argument', flows: [flow] },
    'k3f9',
  );
  expect(denialIn(text)).toEqual({
    id: 'k3f9',
    rule: 'tainted-argument',
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
