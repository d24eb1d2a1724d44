import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const cordon = join(import.meta.dirname, '../../dist/cordon.js');

test('without --state, everything is kept in the state directory of the system', () => {
  const home = mkdtempSync(join(tmpdir(), 'cordon-home-'));
  try {
    const env = { PATH: process.env['PATH'], HOME: home, XDG_STATE_HOME: join(home, 'state') };
    // A server that ends at once: the session opens and closes all the same.
    execFileSync(process.execPath, [cordon, 'run', '--', process.execPath, '-e', '0'], {
      env,
      input: '',
      stdio: 'pipe',
    });
    const said = execFileSync(process.execPath, [cordon, 'log', 'verify'], { env, encoding: 'utf8' });
    expect(said).toContain('intact');
    expect(readdirSync(home).length).toBeGreaterThan(0);
    if (process.platform === 'linux') expect(existsSync(join(home, 'state/cordon/sessions'))).toBe(true);
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
});
