import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { inFrontOf } from './support/launch.ts';
import { RawClient } from './support/raw-client.ts';

const mail = fileURLToPath(new URL('../../fixtures/servers/mail.mjs', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'cordon-unrecorded-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test.skipIf(process.platform === 'win32')(
  'a call that cannot be recorded is refused, and does not reach the server',
  async () => {
    const outbox = join(folder, 'outbox.jsonl');
    // No file may grow past 16 KiB: the write-ahead file is the first to get there.
    const limited = ['bash', '-c', 'trap \'\' XFSZ; ulimit -f 16 && exec "$@"', 'limited'];
    const command = inFrontOf([process.execPath, mail, outbox], { state: join(folder, 'state') });
    const client = new RawClient([...limited, ...command]);
    await client.handshake();

    let asked = 0;
    let refused: string | undefined;
    while (refused === undefined && asked < 200) {
      asked += 1;
      const to = `${asked}@tides.example.invalid`;
      const { message } = await client.call('send_mail', { to, subject: 'Hello', body: 'In my own words.' });
      if (message.result.isError) refused = message.result.content[0].text;
    }
    expect(refused).toContain('it cannot be recorded');
    expect(refused).toContain('Nothing was sent.');
    const { code } = await client.end();
    expect(code).toBe(1);
    // Each mail is a line far below the limit, so what stopped them was Cordon.
    const sent = readFileSync(outbox, 'utf8').trim().split('\n').length;
    expect(sent).toBe(asked - 1);
    expect(sent).toBeGreaterThan(0);
  },
);
