import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { honest, inFrontOfAll } from './support/launch.ts';
import { RawClient } from './support/raw-client.ts';

const fixture = (path: string) => fileURLToPath(new URL(`../../fixtures/${path}`, import.meta.url));
const words = { to: 'a@tides.example.invalid', subject: 'Hello', body: 'In my own words.' };

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cordon-lockdown-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function start(cordon: object): Promise<RawClient> {
  const serve = (script: string, work: string) => ({
    command: 'node',
    args: [honest(script), work],
  });
  const mcpServers = {
    pages: serve('pages.mjs', fixture('pages')),
    mail: serve('mail.mjs', join(folder, 'outbox.jsonl')),
  };
  const config = join(folder, 'mcp.json');
  writeFileSync(config, JSON.stringify({ mcpServers, cordon }));
  const client = new RawClient(inFrontOfAll(config, join(folder, 'state'), 'lockdown'));
  await client.handshake();
  return client;
}

const outbox = () => readFileSync(join(folder, 'outbox.jsonl'), 'utf8').trim().split('\n');

test('in lockdown, own words are sent until something untrusted was read, and then no more', async () => {
  const client = await start({});
  const before = await client.call('mail__send_mail', words);
  expect(before.message.result.isError).toBeUndefined();
  // The answer "Sent." was the first untrusted thing that was read.
  const after = await client.call('mail__send_mail', { ...words, subject: 'Again' });
  expect(after.message.result.isError).toBe(true);
  expect(after.message.result.content[0].text).toContain('Rule: lockdown.');
  const read = await client.call('mail__list_sent');
  expect(read.message.result.isError).toBeUndefined();
  await client.end();
  expect(outbox()).toHaveLength(1);
});

test('what the configuration trusts locks nothing', async () => {
  const client = await start({ servers: { mail: { trust: 'trusted' } } });
  await client.call('mail__send_mail', words);
  const again = await client.call('mail__send_mail', { ...words, subject: 'Again' });
  expect(again.message.result.isError).toBeUndefined();
  await client.end();
  expect(outbox()).toHaveLength(2);
});

test('a tool that the configuration allows is not locked', async () => {
  const client = await start({ allow: [{ server: 'mail', tool: 'send_mail' }] });
  await client.call('pages__list_pages');
  const sent = await client.call('mail__send_mail', words);
  expect(sent.message.result.isError).toBeUndefined();
  await client.end();
  expect(outbox()).toHaveLength(1);
});
