import { expect, test } from 'vitest';
import { findSecrets } from '../../../src/mediation/detectors/secrets.ts';

// Put together here, so that scanners of repositories do not take them for real ones.
const x = (count: number) => 'x7Kq'.repeat(count).slice(0, count);
const SECRETS: [kind: string, text: string][] = [
  ['aws', `AK${'IA'}${'Q7RT'.repeat(4)}`],
  ['github', `gh${'p_'}${x(36)}`],
  ['github', `github${'_pat_'}${x(22)}_${x(59)}`],
  ['gitlab', `gl${'pat-'}${x(20)}`],
  ['anthropic', `sk${'-ant-'}api03-${x(90)}`],
  ['openai', `sk${'-'}${x(48)}`],
  ['openai', `sk${'-proj-'}${x(60)}`],
  ['slack', `xox${'b-'}123456789012-${x(24)}`],
  ['google', `AI${'za'}${x(35)}`],
  ['npm', `npm${'_'}${x(36)}`],
  ['stripe', `sk${'_live_'}${x(24)}`],
  ['jwt', `ey${'J'}hbGciOiJIUzI1NiJ9.ey${'J'}zdWIiOiIxIn0.${x(43)}`],
  ['private-key', `-----BEGIN RSA ${'PRIVATE KEY-----'}\nMIIE`],
];

test.each(SECRETS)('%s', (kind, secret) => {
  for (const text of [
    secret,
    `key=${secret}`,
    `{"token":"${secret}"}\n`,
    `${'lorem ipsum '.repeat(999)}${secret}`,
  ]) {
    const found = findSecrets(text);
    expect(found.map((one) => one.kind)).toEqual([kind]);
    expect(found[0]!.span[0]).toBe(text.indexOf(secret));
  }
});

test.each([
  'a task-management-system-with-many-words',
  'risk-0123456789abcdef0123456789abcdef0123456789abcdef',
  'sha512-3kNq7vHhG0R8mUe7x0yX5W2nqv8pR0a5KcXjw3J1c1Q5h0A8X0',
  'npm_config_registry_and_other_settings_here',
  'AKIATHISISALONGERWORDTHANAKEY',
  '-----BEGIN PUBLIC KEY-----',
  'eyJhbGciOiJIUzI1NiJ9.notjson',
  'the private key must be kept',
])('%j is none', (text) => {
  expect(findSecrets(text)).toEqual([]);
});
