// `npm run soak`: 200,000 calls of mixed kinds on five servers behind one Cordon, in ten minutes at most, with servers
// killed at random, sides that do not read for a while, 10 MB results and cancelled calls. Prints figures; fails if an
// answer was lost, wrong or given twice, if memory or descriptors grew, if a process was left, if the log is not sound.
import { soak } from '../test/soak/soak.ts';
import { verdictOn } from '../test/soak/verdict.ts';
import { scratch } from '../test/support/scratch.ts';

const CALLS = 200_000;
/** What the floor of memory may grow by, in MB, from the tenth of the run on in which the index of what was read is full. */
const GROWTH_MB = 64;
const WARM = 3;
/** A few results of 10 MB are on their way at once, beside the 64 MB that are remembered of what was read. */
const PEAK_MB = 1024;

const figures = await soak(
  {
    calls: CALLS,
    files: 100,
    cancelled: 1000,
    servers: 5,
    kills: 25,
    pauses: { everyCalls: 8000, ms: 1500 },
    limitMs: 600_000,
    seed: Number(process.env['CORDON_SEED'] ?? 1),
  },
  scratch('soak'),
  (line) => process.stderr.write(`${line}\n`),
);
process.stdout.write(`${JSON.stringify(figures, null, 2)}\n`);
const faults = verdictOn(figures, CALLS);
const { residentFloor: floor, residentPeak } = figures;
const grown = floor.at(-1)! - floor[WARM]!;
if (grown > GROWTH_MB) faults.push(`memory grew by ${grown} MB after its bounds were reached`);
if (residentPeak > PEAK_MB) faults.push(`memory reached ${residentPeak} MB`);
for (const fault of faults) process.stdout.write(`fault: ${fault}\n`);
process.exitCode = faults.length === 0 ? 0 : 1;
