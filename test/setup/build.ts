import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** Whole-process tests run the shipped bundle, so it must be of this source tree. */
export default async function setUp(): Promise<() => void> {
  execFileSync(process.execPath, [join(root, 'scripts/build.mjs')], { stdio: 'inherit' });
  const folder = mkdtempSync(join(tmpdir(), 'cordon-servers-'));
  chmodSync(folder, 0o755);
  await bundleServers(folder);
  process.env['CORDON_TEST_SERVERS'] = folder;
  return () => rmSync(folder, { recursive: true, force: true });
}

/** Bundles the honest servers: to find and load the files of the SDK takes three times as long as all else they do. */
async function bundleServers(folder: string): Promise<void> {
  const servers = join(root, 'fixtures/servers');
  await build({
    entryPoints: readdirSync(servers)
      .filter((name) => name.endsWith('.mjs'))
      .map((name) => join(servers, name)),
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    minify: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    banner: { js: "import{createRequire}from'node:module';const require=createRequire(import.meta.url);" },
    logLevel: 'warning',
  });
}
