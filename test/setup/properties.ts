import fc from 'fast-check';

/** `CORDON_SEED=random` has each property choose for itself, and say so when it finds something. */
const SEED = process.env['CORDON_SEED'] ?? '20261120';

// The same cases in every run of the suite: no change is to be refused for a case that was wrong before it. Looking for
// such cases is what `npm run test:properties` does, as often as anybody likes.
if (SEED !== 'random') fc.configureGlobal({ seed: Number(SEED) });
