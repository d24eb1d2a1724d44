/**
 * Passes attackers' values through random chains of transformations, on either side or both, and counts what the taint
 * engine does not find: `npm run fuzz:taint [RUNS] [SEED]`. The test suite does the same with fewer.
 */
import fc from 'fast-check';
import { flowsOf, PASSAGE } from '../test/mediation/provenance/chains.ts';

const runs = Number(process.argv[2] ?? 100_000);
const seed = Number(process.argv[3] ?? 1);
const BATCH = 5000;

let missed = 0;
for (let done = 0, batch = 0; done < runs; done += BATCH, batch++) {
  for (const passage of fc.sample(PASSAGE, {
    numRuns: Math.min(BATCH, runs - done),
    seed: seed * 100_003 + batch,
  })) {
    if (flowsOf(passage).length > 0) continue;
    missed++;
    console.log(JSON.stringify(passage));
  }
}
console.log(`${runs} passages, seed ${seed}: ${missed} not found`);
process.exitCode = missed === 0 ? 0 : 1;
