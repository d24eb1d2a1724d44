// Bundles dist/: the path of a starting proxy alone in cordon.js, everything a start does not need in files
// of its own that are loaded when asked for (the SDK, zod and pino cost more than a start may).
import { chmodSync, existsSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { build } from 'esbuild';

// Built beside dist/ and put in its place whole: whoever starts it meanwhile gets the old one or the new one.
const draft = mkdtempSync('.dist-');
await build({
  entryPoints: { cordon: 'src/cli/main.ts' },
  outdir: draft,
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  mainFields: ['module', 'main'],
  chunkNames: 'chunk-[name]-[hash]',
  banner: {
    js: "import{createRequire as __cordonRequire}from'node:module';const require=__cordonRequire(import.meta.url);",
  },
  legalComments: 'none',
  logLevel: 'warning',
});
writeFileSync(`${draft}/package.json`, '{"type":"module"}\n');
chmodSync(draft, 0o755);
chmodSync(`${draft}/cordon.js`, 0o755);
const old = `${draft}.old`;
if (existsSync('dist')) renameSync('dist', old);
renameSync(draft, 'dist');
rmSync(old, { recursive: true, force: true });
