import { cpSync, existsSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { drive, script } from '../../fixtures/session/drive.ts';
import { inFrontOfAll } from './support/launch.ts';
import { ended, mentioning } from './support/processes.ts';
import { RawClient } from './support/raw-client.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

// The default configuration as it stands, in a copy of what it names: pins and the sandbox stay out of the checkout.
let checkout: string;
beforeAll(() => {
  checkout = mkdtempSync(join(tmpdir(), 'cordon-default-'));
  for (const part of ['mcp.json', 'fixtures/sandbox', 'fixtures/pages', 'fixtures/servers']) {
    cpSync(join(root, part), join(checkout, part), { recursive: true });
  }
  symlinkSync(join(root, 'node_modules'), join(checkout, 'node_modules'), 'junction');
});
afterAll(async () => {
  await ended(mentioning(checkout));
  rmSync(checkout, { recursive: true, force: true });
});

const command = () => inFrontOfAll(join(checkout, 'mcp.json'), join(checkout, 'state'));
const session = (name: string) => script(join(root, 'fixtures/session', name));

interface Answer {
  id: number;
  error?: unknown;
  result: {
    isError?: boolean;
    content?: { text: string }[];
    structuredContent?: unknown;
    tools?: { name: string }[];
  };
}

const answers = (lines: readonly string[]) => {
  const messages = lines
    .map((line) => JSON.parse(line) as Answer)
    .filter((message) => !('method' in message));
  return new Map(messages.map((message) => [message.id, message]));
};

test('the default session, request by request: both servers answer, without an error', async () => {
  const { said, status } = await drive(session('default.jsonl'), command(), 'ignore');
  const by = answers(said);
  expect([...by.keys()].sort()).toEqual([1, 2, 3, 4, 5, 6]);
  expect([...by.values()].filter(({ error, result }) => error !== undefined || result.isError)).toEqual([]);
  const names = by.get(2)!.result.tools!.map((tool) => tool.name);
  expect(names).toContain('filesystem__read_text_file');
  expect(names).toContain('pages__read_page');
  expect(by.get(4)!.result.content![0]!.text).toContain('two shackles');
  expect(by.get(6)!.result.content![0]!.text).toContain('visitors');
  expect(status).toBe(0);
});

test('the default session sent at once, as `npm start < default.jsonl` does: every request is answered', async () => {
  const client = new RawClient(command());
  for (const line of session('default.jsonl')) client.send(line);
  const { code } = await client.end();
  expect([...answers(client.received.map(({ line }) => line)).keys()].sort()).toEqual([1, 2, 3, 4, 5, 6]);
  expect(client.junk).toEqual([]);
  expect(code).toBe(0);
});

test('the injection session: what the page orders is held back, and the script is not written', async () => {
  const { said } = await drive(session('injection.jsonl'), command(), 'ignore');
  const by = answers(said);
  expect(by.get(3)!.result.isError).toBeUndefined();
  expect(by.get(4)!.result.isError).toBe(true);
  expect(by.get(4)!.result.content![0]!.text).toMatch(/^Cordon held back .* on server "pages"/s);
  expect(by.get(5)!.result.content![0]!.text).toContain('README.md');
  expect(by.get(5)!.result.content![0]!.text).not.toContain('release.sh');
  expect(existsSync(join(checkout, 'fixtures/sandbox/release.sh'))).toBe(false);
});
