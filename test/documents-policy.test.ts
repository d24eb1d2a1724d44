import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { PROFILES } from '../src/mediation/effects/profiles.ts';
import { ARGUMENT_RULES } from '../src/mediation/policy/rules.ts';

const root = fileURLToPath(new URL('../', import.meta.url));
const read = (name: string) => readFileSync(join(root, name), 'utf8');
const page = read('docs/policy.md');

/** The rows of the tables of rules below a heading. */
function rowsOf(heading: string): { name: string; verdict: string; why: string }[] {
  const section = page.split(`### ${heading}\n`)[1]!.split(/\n##/)[0]!;
  return [...section.matchAll(/^\| `([\w-]+)` \| (\w+) \| (.+) \|$/gm)].map(([, name, verdict, why]) => ({
    name: name!,
    verdict: verdict!,
    why: why!,
  }));
}

test('docs/policy.md shows the table of rules: every rule of it, no other, in its order, in its words', () => {
  expect(rowsOf('Of a flow into an argument')).toEqual(
    ARGUMENT_RULES.map(({ name, verdict, because: why }) => ({ name, verdict, why })),
  );
});

test('docs/policy.md names every rule about calls that the code decides by, and no other', () => {
  const code = read('src/mediation/policy/ruling.ts');
  const decided = [
    ...code.matchAll(/(?:return |\? )(allow|deny)\('([\w-]+)'/g),
    ...[...code.matchAll(/verdict: '(ask)', rule: '([\w-]+)'/g)],
  ].map(([, verdict, name]) => `${name} ${verdict}`);
  const clean = /: '(clean)'\)/.exec(code)?.[1];
  expect(decided.length).toBeGreaterThan(5);
  expect(new Set(rowsOf('Of a call').map(({ name, verdict }) => `${name} ${verdict}`))).toEqual(
    new Set([...decided, `${clean} allow`]),
  );
});

test('docs/policy.md argues every rule about flows: what it means, what it costs, how it is gamed', () => {
  const argued = page
    .split('### Of a flow into an argument')[1]!
    .split('\n## ')[0]!
    .split(/\n\n(?=\*\*`)/)
    .slice(1);
  const names = argued.flatMap((text) =>
    [.../^\*\*(.+?)\.\*\*/.exec(text)![1]!.matchAll(/`([\w-]+)`/g)].map(([, name]) => name),
  );
  expect(names).toEqual(ARGUMENT_RULES.map(({ name }) => name));
  for (const text of argued.filter((one) => !one.includes('See below'))) {
    expect(text).toMatch(/\*Cost:\*/);
    expect(text).toMatch(/\*Gamed:\*/);
  }
});

test.each(['docs/policy.md', 'docs/taint.md'])('%s names commands that there are', async (name) => {
  const main = read('src/cli/main.ts');
  for (const [, command] of read(name).matchAll(/`cordon ([a-z-]+)[ `]/g))
    expect(main, command).toMatch(new RegExp(`\\n  '?${command}'?: \\(\\) =>`));
});

test('what every profile was read from is said', () => {
  const source = read('src/mediation/effects/profiles.ts');
  for (const { name } of PROFILES)
    expect(source, name).toMatch(new RegExp(`//[^\\n]*\\n(?:    //[^\\n]*\\n)*    name: '${name}'`));
});
