import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Lines } from '../../src/recording/lines.ts';

test('what is added is pending until it is committed, and taken once, in order, whatever its size', () => {
  const step = fc.oneof(
    fc.record({ add: fc.string({ unit: fc.constantFrom('a', 'é', '€', '😀'), maxLength: 50 }) }),
    fc.record({ large: fc.integer({ min: 0, max: 60_000 }) }),
    fc.constantFrom('commit' as const, 'take' as const),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const lines = new Lines();
      const model = { pending: '', committed: '', taken: '' };
      let taken = '';
      const add = (entry: string): void => {
        lines.add(entry);
        model.pending += `${entry}\n`;
      };
      for (const one of steps) {
        if (one === 'commit') {
          lines.commit();
          model.committed += model.pending;
          model.pending = '';
        } else if (one === 'take') {
          lines.take((bytes) => {
            taken += bytes.toString();
          });
          model.taken += model.committed;
          model.committed = '';
        } else add('add' in one ? one.add : '€'.repeat(one.large));
        expect(lines.pending.toString()).toBe(model.pending);
        expect(lines.committedBytes).toBe(Buffer.byteLength(model.committed));
        expect(taken).toBe(model.taken);
      }
    }),
    { numRuns: 200 },
  );
});
