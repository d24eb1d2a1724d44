// Bundles dist/: the path of a starting proxy alone in cordon.js, everything a start does not need in files
// of its own that are loaded when asked for (the SDK, zod and pino cost more than a start may).
import { chmodSync, rmSync, writeFileSync } from 'node:fs';
import { build } from 'esbuild';

rmSync('dist', { recursive: true, force: true });
await build({
  entryPoints: { cordon: 'src/cli/main.ts' },
  outdir: 'dist',
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
writeFileSync('dist/package.json', '{"type":"module"}\n');
chmodSync('dist/cordon.js', 0o755);
