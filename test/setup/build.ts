import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** Whole-process tests run the shipped bundle, so it must be of this source tree. */
export default function build(): void {
  execFileSync(process.execPath, [fileURLToPath(new URL('../../scripts/build.mjs', import.meta.url))], {
    stdio: 'inherit',
  });
}
