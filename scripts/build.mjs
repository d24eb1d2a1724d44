// Bundles dist/: cordon.js is what a start needs before its servers are running; every command, and every library, has
// a file of its own that is loaded when it is asked for.
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join, resolve } from 'node:path';
import { Script } from 'node:vm';
import { build } from 'esbuild';

/** What was met while bundling and gets a file of its own: file name to what it is made of. */
const libraries = new Map();
const commands = new Map();

const apart = {
  name: 'apart',
  setup({ onResolve }) {
    onResolve({ filter: /./ }, ({ path, kind, importer }) => {
      if (kind === 'entry-point' || path.startsWith('node:')) return undefined;
      // A few lines, and every start may need them.
      if (path === 'env-paths' || path === 'is-safe-filename') return undefined;
      if (!path.startsWith('.')) {
        const file = `${path
          .replace(/\.js$/, '')
          .replace(/[^\w]+/g, '-')
          .replace(/^-/, '')}.js`;
        libraries.set(file, path);
        return { path: `./lib/${file}`, external: true };
      }
      // run.ts goes with main.ts: between the two no millisecond is to be lost.
      if (kind !== 'dynamic-import' || dirname(importer) !== cli || path === './run.ts') return undefined;
      const file = path.startsWith('./') ? `${basename(path, '.ts')}.js` : undefined;
      if (file === undefined) return undefined;
      commands.set(file, join(dirname(importer), path));
      return { path: `./${file}`, external: true };
    });
  },
};

const cli = join(process.cwd(), 'src/cli');
// Built beside dist/ and put in its place whole: whoever starts it meanwhile gets the old one or the new one.
const draft = mkdtempSync('.dist-');
// CommonJS starts faster than modules do.
const common = {
  bundle: true,
  format: 'cjs',
  platform: 'node',
  target: 'node20',
  // As require(): a dynamic import of CommonJS has Node parse the whole file for its exports first, for 30 ms.
  supported: { 'dynamic-import': false },
  mainFields: ['module', 'main'],
  legalComments: 'none',
  logLevel: 'warning',
};
const own = (entry, file, firstLine = '') =>
  build({
    ...common,
    entryPoints: [entry],
    outfile: join(draft, file),
    define: { 'import.meta.url': '__fileUrl' },
    banner: { js: `${firstLine}const __fileUrl=require('node:url').pathToFileURL(__filename).href;` },
    plugins: [apart],
  });

/**
 * Puts V8's code cache beside a bundle, and in its place what loads it with that: compiling the proxy takes a third of
 * the time in which it starts. The cache holds what a rehearsal compiles. V8 refuses one of another version of itself, and
 * then compiles.
 */
function cached(file) {
  const code = file.replace(/\.js$/, '.code.js');
  renameSync(join(draft, file), join(draft, code));
  const wrapped = `(function(exports,require,module,__filename,__dirname){${readFileSync(join(draft, code), 'utf8')}\n})`;
  const script = new Script(wrapped, { filename: code });
  const loaded = { exports: {} };
  const path = resolve(draft, code);
  script.runInThisContext()(loaded.exports, createRequire(path), loaded, path, dirname(path));
  loaded.exports.rehearse();
  writeFileSync(join(draft, `${code}.cache`), script.createCachedData());
  const loader = `const { readFileSync } = require('node:fs');
const { Script } = require('node:vm');
const file = require('node:path').join(__dirname, '${code}');
const source = \`(function(exports,require,module,__filename,__dirname){\${readFileSync(file, 'utf8')}\\n})\`;
let cachedData;
try {
  cachedData = readFileSync(file + '.cache');
} catch {}
new Script(source, { filename: file, cachedData }).runInThisContext()(exports, require, module, file, __dirname);
`;
  writeFileSync(join(draft, file), loader);
}

await own('src/cli/main.ts', 'cordon.js', '#!/usr/bin/env node\n');
// A command may bring another: a Map goes on with what is added meanwhile.
for (const [file, entry] of commands) await own(entry, file);
mkdirSync(join(draft, 'lib'));
for (const [file, name] of libraries) {
  const contents = `module.exports=require(${JSON.stringify(name)})`;
  await build({
    ...common,
    minify: true,
    stdin: { contents, resolveDir: '.' },
    outfile: join(draft, 'lib', file),
  });
}

writeFileSync(join(draft, 'package.json'), '{"type":"commonjs"}\n');
cached('serve.js');
chmodSync(draft, 0o755);
chmodSync(join(draft, 'cordon.js'), 0o755);
const old = `${draft}.old`;
if (existsSync('dist')) renameSync('dist', old);
renameSync(draft, 'dist');
rmSync(old, { recursive: true, force: true });
