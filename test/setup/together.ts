import { readFileSync } from 'node:fs';
import { afterEach, beforeAll, expect, vi } from 'vitest';

// In a shared process a replaced module would stay for the files that follow, or come too late for this one.
beforeAll(() => {
  const path = expect.getState().testPath!;
  if (readFileSync(path, 'utf8').includes('vi.mock(')) {
    throw new Error(`${path} replaces a module, so it needs a process of its own: see vitest.config.ts`);
  }
});

afterEach(() => void vi.useRealTimers());
