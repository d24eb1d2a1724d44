import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { command } from '../../src/cli/status.ts';
import { Approvals } from '../../src/config/approvals.ts';
import { updateLock } from '../../src/config/lock-file.ts';
import { describeAll } from '../../src/mediation/descriptors/descriptor.ts';
import { Pins } from '../../src/mediation/descriptors/pins.ts';
import { startTimeOf } from '../../src/proxy/process-group.ts';
import { HELD } from '../config/support.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'status-'));
  // Elsewhere than the project, whose own mcp.json is not meant.
  vi.spyOn(process, 'cwd').mockReturnValue(folder);
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true, force: true });
});

async function status(...argv: string[]): Promise<{ code: number; out: string; err: string }> {
  let out = '';
  let err = '';
  const stdout = vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    out += text;
    return true;
  });
  const stderr = vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    err += text;
    return true;
  });
  const code = await command(['--state', folder, ...argv]);
  stdout.mockRestore();
  stderr.mockRestore();
  return { code, out, err };
}

function withhold(path: string, name: string): void {
  const pins = new Pins({ version: 1, pins: [], pending: [] });
  const [one] = describeAll('tool', 'calc', [{ name, description: 'x' }]);
  pins.check(one!, [{ detector: 'ansi', path: '/description', span: [0, 1] }], '2026-01-31T12:00:00Z');
  updateLock(path, () => pins.toLock());
}

const SERVERS = [
  { name: 'calc', pid: 4, startTime: '9' },
  { name: 'far', address: 'https://far.example.invalid/mcp', state: 'up' },
];

function running(
  pid: number,
  startTime: string | undefined,
  lock: string,
  servers: readonly object[] = SERVERS,
): void {
  mkdirSync(join(folder, 'running'), { recursive: true });
  const record = { pid, startTime, session: `s${pid}`, mode: 'guard', servers, lock };
  writeFileSync(join(folder, 'running', `${pid}.json`), JSON.stringify(record));
}

test('says so when there is nothing', async () => {
  const { code, out } = await status();
  expect(out).toContain('no session is running\nnothing is held back\nnothing is withheld\n');
  expect(code).toBe(0);
});

test('shows what is withheld, here and in the lock of a running session', async () => {
  withhold(join(folder, 'pins', 'a-0.lock'), 'add\u202e');
  withhold(join(folder, 'elsewhere', 'cordon.lock'), 'sub');
  running(process.pid, startTimeOf(process.pid), join(folder, 'elsewhere', 'cordon.lock'));
  const { code, out } = await status();
  expect(code).toBe(1);
  expect(out).toContain(
    `session s${process.pid}  guard  pid ${process.pid}\n  calc  pid 4\n  far  https://far.example.invalid/mcp\n`,
  );
  expect(out).toContain('calc.add\\u{202e} (tool) is suspect: ansi');
  expect((await status('--json')).out).toContain('"add\\u202e"');
  expect(out).toContain('calc.sub (tool) is suspect: ansi');
});

test('names servers that are down or starting, and what of one is left out', async () => {
  running(process.pid, startTimeOf(process.pid), 'x', [
    {
      name: 'mail',
      pid: 4,
      startTime: '9',
      state: 'down',
      reason: 'it exited with code 1\u001b[2J. It is being started again',
    },
    { name: 'files', pid: 5, startTime: '9', state: 'starting' },
    { name: 'web', pid: 6, startTime: '9', state: 'up', leftOut: 2 },
  ]);
  const { out } = await status();
  expect(out).toContain(
    '  mail  DOWN: it exited with code 1\\u{1b}[2J. It is being started again\n  files  starting  pid 5\n  web  pid 6\n' +
      '  web: 2 of what it lists left out',
  );
});

test('shows what was held back, each question once', async () => {
  const approvals = new Approvals(folder);
  approvals.ask(HELD, Date.now());
  approvals.ask({ ...HELD, id: 'd-0000000f', time: 2000 }, Date.now());
  const { code, out } = await status();
  expect(code).toBe(1);
  expect(out).toContain(
    '1 held back until answered (cordon approvals list):\n  d-0000000f  "send" on "mail": tainted-destination, 2 times\n',
  );
});

test('a record of a process that is gone, of another one or half written is no session', async () => {
  running(process.pid, 'another time', 'x');
  running(2 ** 22 + 1, '1', 'x');
  writeFileSync(join(folder, 'running', '3.json'), '{"pid":');
  const { out } = await status('--json');
  expect(JSON.parse(out)).toEqual({ sessions: [], held: [], withheld: [], errors: [] });
});

test('names a broken lock and shows the others', async () => {
  withhold(join(folder, 'pins', 'a-0.lock'), 'add');
  writeFileSync(join(folder, 'pins', 'b-0.lock'), '[');
  const { code, out, err } = await status();
  expect(code).toBe(2);
  expect(err).toContain('b-0.lock: is not valid JSON');
  expect(out).toContain('calc.add');
});
