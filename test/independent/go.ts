import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Where Debian's golang-golang-x-mod-dev puts its sources; no network is needed to build against them. */
const GOPATH = '/usr/share/gocode';
const SOURCE = fileURLToPath(new URL('verify.go', import.meta.url));

/** Why logs cannot be checked by Go's own packages here; undefined if they can. */
export function whyWithoutGo(): string | undefined {
  if (spawnSync('go', ['version']).status !== 0) return 'no go: apt-get install golang-go';
  if (!existsSync(join(GOPATH, 'src/golang.org/x/mod/sumdb/tlog'))) {
    return 'no golang.org/x/mod: apt-get install golang-golang-x-mod-dev';
  }
  return undefined;
}

/** The verifier that shares nothing with Cordon, built once; `remove` it at the end. */
export class GoVerifier {
  readonly #folder = mkdtempSync(join(tmpdir(), 'cordon-go-'));
  readonly #program = join(this.#folder, 'verify');

  constructor() {
    const env = { ...process.env, GOPATH, GO111MODULE: 'off', GOFLAGS: '', GOTOOLCHAIN: 'local' };
    execFileSync('go', ['build', '-o', this.#program, SOURCE], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  }

  /** Runs it; what it printed, and whether it accepted. */
  run(...args: string[]): { accepted: boolean; said: string } {
    const { status, stdout, stderr } = spawnSync(this.#program, args, { encoding: 'utf8' });
    return { accepted: status === 0, said: `${stdout}${stderr}`.trim() };
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
