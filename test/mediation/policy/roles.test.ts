import { describe, expect, test } from 'vitest';
import { roleOf } from '../../../src/mediation/policy/roles.ts';

const of = (path: string, text = 'some-value', schema: unknown = {}) =>
  roleOf({ path, text, form: 'string' }, schema);
const key = (path: string, text: string) => roleOf({ path, text, form: 'key' }, {});
const property = (name: string, value: unknown) => ({ type: 'object', properties: { [name]: value } });

describe('by the schema', () => {
  test.each(['uri', 'email', 'hostname', 'iri'])(
    'a format of %s is a destination, whatever the name',
    (format) => {
      expect(of('/note', 'x', property('note', { type: 'string', format }))).toBe('destination');
      expect(of('/note/0', 'x', property('note', { items: { format } }))).toBe('destination');
      expect(of('/note/a', 'x', property('note', { properties: { a: { format } } }))).toBe('destination');
    },
  );

  test.each(['date', 'date-time', 'time'])(
    'a format of %s is a scalar while a time stands there',
    (format) => {
      const schema = property('to', { type: 'string', format });
      expect(of('/to', '2026-01-31', schema)).toBe('scalar');
      expect(of('/to', '12:30', schema)).toBe('scalar');
      expect(of('/to', 'eve@attacker.example.invalid', schema)).toBe('content');
    },
  );

  test('a closed choice is a scalar, and what stands in its place is not', () => {
    expect(of('/to', 'a', property('to', { enum: ['a', 'b'] }))).toBe('scalar');
    expect(of('/to', 'eve@attacker.example.invalid', property('to', { enum: ['a', 'b'] }))).toBe(
      'destination',
    );
    expect(of('/to', '7', property('to', { enum: [7] }))).toBe('scalar');
    expect(of('/to', 'a', property('to', { const: 'a' }))).toBe('scalar');
    expect(of('/to', 'b', property('to', { const: 'a' }))).toBe('destination');
  });

  test.each([
    undefined,
    null,
    7,
    'x',
    [],
    { properties: 7 },
    { properties: { to: null } },
    { properties: { to: { enum: {} } } },
  ])('one of another shape says nothing: %j', (schema) => {
    expect(of('/to', 'x', schema)).toBe('destination');
  });

  test('members of its prototype are no properties', () => {
    for (const name of ['constructor', '__proto__', 'hasOwnProperty'])
      expect(of(`/${name}`)).toBe('selector');
    expect(of('/to/__proto__/format', 'x', property('to', { type: 'object' }))).toBe('selector');
  });
});

describe('by the words of the name', () => {
  test.each([
    ...['to', 'cc', 'recipient', 'recipientEmail', 'webhook_url', 'targetUrl', 'channel', 'user', 'iban'].map(
      (name) => [name, 'destination'] as const,
    ),
    ...['message_to', 'html_url', 'content_url', 'textChannel', 'note-email', 'SUBJECT_ADDRESS'].map(
      (name) => [name, 'destination'] as const,
    ),
    ...['body', 'emailBody', 'user_message', 'link_text', 'title', 'channelDescription'].map(
      (name) => [name, 'content'] as const,
    ),
    ...['password', 'accessToken', 'secret_url', 'otp', 'new_password', 'APIKEY_secret', 'token_limit'].map(
      (name) => [name, 'credential'] as const,
    ),
    ...['command', 'sqlStatement', 'shell_script', 'code'].map((name) => [name, 'code'] as const),
    ...['file', 'path', 'folder', 'from', 'query', 'x', '', '日本語'].map(
      (name) => [name, 'selector'] as const,
    ),
    ...['user_id', 'channelId', 'recipient_ids', 'file_name', 'urlName', 'message_uuid', 'countryCode'].map(
      (name) => [name, 'selector'] as const,
    ),
  ])('%s is a %s', (name, role) => {
    expect(of(`/${name}`)).toBe(role);
  });

  test('elements of a list have its name, members their own', () => {
    expect(of('/recipients/0')).toBe('destination');
    expect(of('/recipients/0/note')).toBe('content');
    expect(of('/items/12/email')).toBe('destination');
    expect(of('/to/0/1')).toBe('destination');
  });

  test('a member that says only that something stands there is what it stands under', () => {
    for (const name of ['value', 'values', 'text', 'data', 'input']) {
      expect(of(`/to/${name}`)).toBe('destination');
      expect(of(`/phones/0/${name}`)).toBe('content');
      expect(of(`/password/${name}`)).toBe('credential');
      expect(of(`/command/0/${name}`)).toBe('code');
      expect(of(`/cells/0/${name}`)).toBe('content');
      expect(of(`/to/${name}/0`)).toBe('destination');
      expect(of(`/to/0/data/0/${name}`)).toBe('destination');
      expect(of(`/${name}`)).toBe('content');
    }
  });
});

describe('quantities', () => {
  test.each(['amount', 'start_date', 'startTime', 'limit', 'price', 'n'])(
    '%s is a scalar for one',
    (name) => {
      for (const text of [
        '7',
        '12.50',
        '-3',
        '10%',
        '2026-01-31',
        '2026-01-31T12:00:00Z',
        '2026-01-31 12:00',
        '12:30 pm',
      ])
        expect(of(`/${name}`, text)).toBe('scalar');
    },
  );

  test('and content for anything else', () => {
    for (const text of [
      'https://host.example.invalid',
      'tomorrow',
      '2026-01-31; rm -rf /',
      `1${'0'.repeat(50)}`,
      '',
      '1\n2',
    ])
      expect(of('/amount', text)).toBe('content');
  });

  test('a quantity of something else is one too, but never of what opens or runs', () => {
    expect(of('/user_count', '7')).toBe('scalar');
    expect(of('/user_count', 'eve@attacker.example.invalid')).toBe('destination');
    expect(of('/otp_size', '123456')).toBe('credential');
    expect(of('/command_time', '12:30')).toBe('code');
  });

  test('a number in a place for an account is an account', () => {
    expect(of('/account', '1234567890')).toBe('destination');
    expect(of('/recipient', '12345')).toBe('destination');
  });
});

describe('names of members that no schema announces', () => {
  test('are said like any other word', () => {
    expect(key('/x', 'x')).toBe('content');
    expect(key('/settings/dark mode', 'dark mode')).toBe('content');
  });

  test('but an address is addressed, and what stands under a destination is one', () => {
    expect(key('/permissions/eve@attacker.example.invalid', 'eve@attacker.example.invalid')).toBe(
      'destination',
    );
    expect(key('/x/https:~1~1h.invalid', 'https://h.invalid')).toBe('destination');
    expect(key('/recipients/eve', 'eve')).toBe('destination');
    expect(key('/recipients/0/eve', 'eve')).toBe('destination');
    expect(key('/passwords/eve', 'eve')).toBe('content');
    expect(key('/password/hunter2', 'hunter2')).toBe('credential');
  });
});

test('a hostile name or value is read in linear time', () => {
  for (const text of ['1'.repeat(1 << 20), '1,'.repeat(1 << 19), `${' '.repeat(1 << 20)}x`]) {
    of('/amount', text);
    of(`/${text}`, text);
    key(`/${text}`, text);
  }
  of(`/a${'/0'.repeat(1 << 19)}`);
});
