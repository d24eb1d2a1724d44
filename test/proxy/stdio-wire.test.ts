import type { ChildProcess } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { StdioWire } from '../../src/proxy/stdio-wire.ts';

test('tells no end once it was ended: another server may be in the place of that one', async () => {
  const pipes = { stdin: new PassThrough(), stdout: new PassThrough(), exitCode: null, signalCode: null };
  // No process has this pid, so nothing is signalled.
  const child = Object.assign(new EventEmitter(), { ...pipes, pid: 2 ** 30 });
  const gone: string[] = [];
  const ignored = (): void => {};
  const events = { line: ignored, oversize: ignored, failed: ignored, turn: ignored, drained: ignored };
  const wire = new StdioWire(child as unknown as ChildProcess, 1000, {
    ...events,
    gone: (reason) => gone.push(reason),
  });
  const ended = wire.end();
  child.emit('exit', 0, null);
  await ended;
  // Its pipes are closed later than it exits.
  child.emit('close', 0, null);
  expect(gone).toEqual([]);
});
