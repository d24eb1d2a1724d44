import { vi } from 'vitest';

/** Waits until `look` no longer throws; what it returns. As long as a test may take: a busy machine is no defect. */
export function patiently<T>(look: () => T | Promise<T>): Promise<T> {
  return vi.waitFor(look, { timeout: 60_000, interval: 5 });
}
