import { mkdtempSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished, vi } from 'vitest';
import { openSigningKey } from '../../src/recording/keys/keys.ts';
import { Recorder, type RecorderOptions } from '../../src/recording/recorder.ts';
import { patiently } from '../support/patiently.ts';

/** An empty folder that goes away with the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'cordon-recording-'));
  // A log that was let go of may still be putting a file down.
  onTestFinished(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
  return folder;
}

/** A recorder whose clock stands at 1,700,000,000,000 and which syncs nothing. */
export function openRecorder(stateDir: string, options: Partial<RecorderOptions> = {}): Recorder {
  return Recorder.open({
    stateDir,
    sessionId: 'one',
    key: options.key ?? openSigningKey(stateDir),
    sync: 'never',
    now: () => 1_700_000_000_000,
    head: { version: '0.1.0' },
    ...options,
  });
}

/** Appends calls until the log holds `size` entries, and commits them. */
export function recordUpTo(recorder: Recorder, size: number): void {
  let n: number;
  do {
    n = recorder.append('tool.invoke', { event: `e${size}`, server: 'mail', tool: 'send', verdict: 'allow' });
  } while (n < size - 1);
  recorder.commit();
}

/** Lets two seconds of a mocked clock pass, and waits until the checkpoint then due covers `size` entries. */
export async function checkpointed(recorder: Recorder, size: number): Promise<void> {
  await vi.advanceTimersByTimeAsync(2_000);
  await patiently(() => {
    if (recorder.head().size < size) throw new Error(`no checkpoint over ${size} entries`);
  });
}

/** Every file below a folder, by its path in it. */
export function filesOf(folder: string): Map<string, Buffer> {
  const files = new Map<string, Buffer>();
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    if (statSync(join(folder, name)).isFile())
      files.set(name.replaceAll('\\', '/'), readFileSync(join(folder, name)));
  }
  return files;
}
