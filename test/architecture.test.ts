import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

/** The arrows of docs/architecture.md: what each room may import from src/. */
const ARROWS: Record<string, readonly string[]> = {
  event: [],
  json: ['event', 'json'],
  mediation: ['event', 'json', 'mediation'],
  recording: ['event', 'json', 'recording'],
  config: ['event', 'json', 'config'],
  proxy: ['event', 'json', 'config', 'mediation', 'recording', 'proxy'],
  cli: ['event', 'json', 'config', 'mediation', 'recording', 'proxy', 'cli'],
};

/** Rooms without I/O, clock and randomness may use nothing of Node but these. */
const PURE: Record<string, readonly string[]> = {
  event: [],
  json: ['node:buffer', 'node:crypto'],
  mediation: [],
};

const SRC = resolve(import.meta.dirname, '../src');
const IMPORT =
  /(?:^|\n)\s*(?:import|export)\b[^'"`;]*?from\s*['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]\s*\)|(?:^|\n)import\s*['"]([^'"]+)['"]/g;

const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts'))
  .map((path) => ({ path, text: readFileSync(join(SRC, path), 'utf8') }));

function roomOf(path: string): string {
  return path.split('/')[0]!.replace(/\.ts$/, '');
}

function importsOf(text: string): string[] {
  return [...text.matchAll(IMPORT)].map((match) => (match[1] ?? match[2] ?? match[3])!);
}

describe('the house', () => {
  it('has rooms with files in them', () => {
    for (const room of Object.keys(ARROWS))
      expect(files.some((file) => roomOf(file.path) === room)).toBe(true);
  });

  it.each(files.map((file) => [file.path, file.text] as const))('%s keeps the arrows', (path, text) => {
    const room = roomOf(path);
    const allowed = ARROWS[room];
    expect(allowed, `${room} is no room of docs/architecture.md`).toBeDefined();
    for (const target of importsOf(text).filter((one) => one.startsWith('.'))) {
      const inside = relative(SRC, resolve(dirname(join(SRC, path)), target));
      if (inside === '../package.json') continue;
      expect(allowed, `${path} imports ${target}`).toContain(roomOf(inside));
    }
  });

  it.each(files.filter((file) => roomOf(file.path) in PURE).map((file) => [file.path, file.text] as const))(
    '%s is pure',
    (path, text) => {
      for (const target of importsOf(text).filter((one) => !one.startsWith('.'))) {
        expect(PURE[roomOf(path)], `${path} imports ${target}`).toContain(target);
      }
      const code = text.replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, '');
      expect(code).not.toMatch(
        /\b(?:Date\.now|new Date\(\)|Math\.random|performance\.|process\.|setTimeout|setImmediate|randomBytes|fetch\()/,
      );
    },
  );

  it('notices an import', () => {
    expect(
      importsOf("import type { A } from '../proxy/x.ts';\nexport * from './y.ts';\nawait import('node:fs');"),
    ).toEqual(['../proxy/x.ts', './y.ts', 'node:fs']);
  });
});
