import { expect, test } from 'vitest';
import { lookAlike } from '../../../src/mediation/detectors/look-alike.ts';

const fires = (name: string, foreignTools: string[], ownTools: string[] = []) =>
  lookAlike(name, { server: 's', kind: 'descriptor', foreignTools, ownTools }).length > 0;

test.each([
  ['Cyrillic', 're\u0430d_file', []],
  ['full width', '\uff52ead_file', []],
  ['a mathematical letter', '\u{1d42b}ead_file', []],
  ['Cyrillic beside the original', 're\u0430d_file', ['read_file']],
  ['a digit for a letter', 'read_fi1e', ['read_file']],
  ['another case', 'Read_File', ['read_file']],
  ['swapped letters', 'read_flie', ['read_file']],
  ['a doubled letter', 'send_maill', ['send_mail']],
])('%s fires', (_, name, foreign) => {
  expect(fires(name, foreign)).toBe(true);
});

test('within one server too', () => {
  expect(fires('read_fiIe', [], ['read_file', 'read_fiIe'])).toBe(true);
});

test.each([
  ['the same name elsewhere', 'read_file', ['read_file']],
  ['a plural', 'read_files', ['read_file']],
  ['another verb', 'get_user', ['set_user']],
  ['a name in its own script', 'データ取得', ['read_file']],
  ['the name that was copied', 'read_file', ['re\u0430d_file']],
])('%s does not', (_, name, foreign) => {
  expect(fires(name, foreign, [name])).toBe(false);
});
