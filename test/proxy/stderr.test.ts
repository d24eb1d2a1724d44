import { PassThrough, Writable } from 'node:stream';
import { expect, test, vi } from 'vitest';
import { tell } from '../../src/proxy/stderr.ts';
import { patiently } from '../support/patiently.ts';

/** Takes nothing until it is let. */
class Slow extends Writable {
  readonly taken: string[] = [];
  #waiting: (() => void)[] = [];
  #isReading = false;

  constructor() {
    super({ decodeStrings: false });
  }

  override _write(text: string, _encoding: string, done: () => void): void {
    this.taken.push(text);
    if (this.#isReading) done();
    else this.#waiting.push(done);
  }

  read(): void {
    this.#isReading = true;
    for (const done of this.#waiting.splice(0)) done();
  }
}

test('what nobody reads is bounded, its source waits, and both are told of', async () => {
  const stderr = new Slow();
  vi.spyOn(process, 'stderr', 'get').mockReturnValue(stderr as never);
  const source = new PassThrough();
  const line = `${'x'.repeat(99_999)}\n`;
  for (let i = 0; i < 20; i++) tell(line, source);
  expect(source.isPaused()).toBe(true);
  const drained = new Promise((resolve) => stderr.once('drain', resolve));
  stderr.read();
  await drained;
  expect(source.isPaused()).toBe(false);
  await patiently(() => expect(stderr.taken.at(-1)).toContain('9 lines are missing'));
  expect(stderr.taken).toHaveLength(12);
  vi.restoreAllMocks();
});
