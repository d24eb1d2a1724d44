import { defineConfig } from 'vitest/config';
import TogetherLast from './test/setup/sequencer.ts';

// Node parses that file whenever it starts, which doubles the time it takes; tests start it a thousand times, offline.
delete process.env['NODE_EXTRA_CA_CERTS'];

/**
 * Rooms whose tests replace no module, but for three, and start no long-lived processes: a process runs one file after
 * another, and loads what they test once.
 */
const TOGETHER =
  'test/{cli,config,independent,json,mediation,proxy/http,recording}/**/!(machine-index|tape|wal).test.ts';

const common = {
  setupFiles: ['test/setup/properties.ts'],
  ...(process.env['CORDON_PROPERTIES'] === undefined ? {} : { runner: 'test/setup/repeat.ts' }),
  // What takes so long hangs: on a machine that is busy all of them take many times as long as they should.
  testTimeout: 120_000,
  hookTimeout: 120_000,
};

export default defineConfig({
  test: {
    globalSetup: ['test/setup/build.ts'],
    // For two cores: the tests of processes mostly wait for them.
    maxWorkers: 3,
    sequence: { sequencer: TogetherLast },
    projects: [
      { test: { ...common, name: 'apart', include: ['test/**/*.test.ts'], exclude: [TOGETHER] } },
      {
        test: {
          ...common,
          name: 'together',
          include: [TOGETHER],
          setupFiles: [...common.setupFiles, 'test/setup/together.ts'],
          isolate: false,
          restoreMocks: true,
          unstubEnvs: true,
        },
      },
    ],
  },
});
