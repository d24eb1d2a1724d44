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
