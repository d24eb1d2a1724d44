import { expect, test } from 'vitest';
import { Grounds } from '../../src/mediation/grounds.ts';

test('holds what the client said, however it is written, and nothing else', () => {
  const grounds = new Grounds();
  grounds.take('Bob  Miller');
  expect(grounds.hold('bob miller')).toBe(true);
  expect(grounds.hold(' BOB\nMILLER ')).toBe(true);
  expect(grounds.hold('\uff22ob Miller')).toBe(true);
  expect(grounds.hold('bob')).toBe(false);
  expect(grounds.hold('bob miller jr')).toBe(false);
  expect(grounds.hold('')).toBe(true);
  expect(grounds.hold('  ')).toBe(true);
});

test("holds any part of the user's own words; a word of three letters says too little to ask by", () => {
  const grounds = new Grounds();
  expect(grounds.hasSaid('')).toBe(false);
  grounds.say('Please pay the bill in bill-december.txt');
  expect(grounds.hold('bill-december.txt')).toBe(true);
  expect(grounds.hasSaid('Bill-December.txt')).toBe(true);
  expect(grounds.hasSaid('the')).toBe(false);
  expect(grounds.hasSaid('')).toBe(false);
  expect(grounds.hasSaid('bill-january.txt')).toBe(false);
  // What the client said is not what the user said.
  grounds.take('eve@attacker.example.invalid');
  expect(grounds.hasSaid('eve@attacker.example.invalid')).toBe(false);
});

test('two messages do not make a word together', () => {
  const grounds = new Grounds();
  grounds.say('eve@');
  grounds.say('attacker.example.invalid');
  expect(grounds.hold('eve@attacker.example.invalid')).toBe(false);
});

test('is bounded: what does not fit is not held', () => {
  const grounds = new Grounds();
  const long = 'x'.repeat(513);
  grounds.take(long);
  expect(grounds.hold(long)).toBe(false);
  for (let i = 0; i < 5000; i++) grounds.take(`value-${i}`);
  expect(grounds.hold('value-0')).toBe(true);
  expect(grounds.hold('value-4999')).toBe(false);
  grounds.say('the first words');
  grounds.say('y'.repeat(1 << 20));
  expect(grounds.hold('the first words')).toBe(false);
  expect(grounds.hasSaid('yyyy')).toBe(true);
});

test('holds the hosts of addresses that the client said', () => {
  const grounds = new Grounds();
  for (const said of ['https://Shop.example.invalid:8443/a?b', 'www.school.example.invalid/homework'])
    grounds.take(said);
  for (const held of [
    'shop.example.invalid',
    'http://shop.example.invalid/other#part',
    'https://school.example.invalid/documents',
    'wss://www.shop.example.invalid?x',
    'https://shop.example.invalid:8443/b',
    'http://school.example.invalid:80/',
  ])
    expect(grounds.holdsHostOf(held), held).toBe(true);
  for (const other of [
    'https://evil.shop.example.invalid/',
    'https://shop.example.invalid.evil.invalid/',
    'https://shop.example.invalid:9200/',
    'https://school.example.invalid:8443/',
    'https://shop.example.invalid@evil.invalid/',
    'https://evil.invalid/https://shop.example.invalid/',
    'https://shop.example.invalid\\@evil.invalid/',
    'https://sh\u043ep.example.invalid/',
    'javascript://shop.example.invalid/',
    'eve@shop.example.invalid',
    ' https://shop.example.invalid/',
    'shop',
    '',
  ])
    expect(grounds.holdsHostOf(other), other).toBe(false);
});

test('how many hosts it holds is bounded', () => {
  const grounds = new Grounds();
  for (let i = 0; i < 5000; i++) grounds.take(`https://h${i}.example.invalid/`);
  expect(grounds.holdsHostOf('https://h1.example.invalid/')).toBe(true);
  expect(grounds.holdsHostOf('https://h4999.example.invalid/')).toBe(false);
});
