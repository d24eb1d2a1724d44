// What `npm pack` would ship: it must start, and hold nothing but what package.json names.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const dir = mkdtempSync(join(tmpdir(), 'cordon-pack-'));
try {
  const npm = (...args) =>
    execFileSync('npm', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
  const [packed] = JSON.parse(npm('pack', '--json', '--ignore-scripts', '--pack-destination', dir));
  const strangers = packed.files
    .map((file) => file.path)
    .filter((path) => !/^(dist\/(lib\/)?[\w.-]+|package\.json|README\.md|SECURITY\.md|LICENSE)$/.test(path));
  if (strangers.length > 0) throw new Error(`the package would ship ${strangers.join(', ')}`);
  execFileSync('tar', ['-xzf', join(dir, packed.filename), '-C', dir]);
  const version = execFileSync(process.execPath, [join(dir, 'package/dist/cordon.js'), '--version'], {
    encoding: 'utf8',
  });
  if (version.trim() !== packed.version)
    throw new Error(`the packed program says ${version.trim()}, not ${packed.version}`);
  process.stdout.write(`package ${packed.filename}: ${packed.files.length} files, ${packed.size} bytes\n`);
} finally {
  rmSync(dir, { recursive: true, force: true });
}
