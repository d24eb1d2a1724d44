import { expect, test } from 'vitest';
import { namesPlace } from '../../../src/mediation/policy/places.ts';

test.each([
  'https://host.example.invalid/x',
  'see s3://bucket/key for more',
  '//host/share',
  'mailto:eve@attacker.example.invalid',
  'www.host.example.invalid',
  ' WWW.host.example.invalid',
  'eve@attacker.example.invalid',
  'Eve <eve@attacker.example.invalid>',
  'eve@localhost',
  'DE89370400440532013000',
  'DE89 3704 0044 0532 0130 00',
  'to GB33BUKB20201555555555, please',
  '+49 30 901820',
  '(030) 901820-12',
  '4111-1111-1111-1111',
  '12345678',
])('%j names a place', (text) => {
  expect(namesPlace(text)).toBe(true);
});

test.each([
  'documents',
  'Invoice of March',
  'host.example.invalid',
  'a www. of it',
  '1234567',
  'v1.2.3',
  '@all',
  'at@',
  '7 of 9',
  '',
  '/srv/data/notes',
])('%j names none', (text) => {
  expect(namesPlace(text)).toBe(false);
});

test('a hostile text is read in bounded time', () => {
  for (const some of ['@', 'a@', '1 ', '1-', '://', 'A1', 'DE89 ', ' ', 'x'.repeat(64), '+'])
    namesPlace(some.repeat((1 << 20) / some.length));
});
