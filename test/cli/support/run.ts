import { vi } from 'vitest';

/** What a command prints and its exit code. */
export async function run(command: (argv: string[]) => Promise<number>, ...argv: string[]) {
  const said = { out: '', err: '' };
  const keep = (stream: 'out' | 'err') => (text: string | Uint8Array) => {
    said[stream] += text;
    return true;
  };
  const out = vi.spyOn(process.stdout, 'write').mockImplementation(keep('out'));
  const err = vi.spyOn(process.stderr, 'write').mockImplementation(keep('err'));
  try {
    return { code: await command(argv), ...said };
  } finally {
    out.mockRestore();
    err.mockRestore();
  }
}
