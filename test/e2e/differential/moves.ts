import fc from 'fast-check';
import type { Style } from './render.ts';

/** What happens in generated conversations, and how often beside the rest. */
const MOVES = {
  request: 6,
  answer: 6,
  progress: 2,
  serverNotice: 2,
  serverRequest: 2,
  clientAnswer: 2,
  clientNotice: 2,
  round: 3,
};

/** Something that one of the sides does; what the numbers choose from is the move's affair. */
export interface Move {
  move: keyof typeof MOVES;
  which: number;
  kind: number;
  odd: boolean;
}

export const move: fc.Arbitrary<Move> = fc.record({
  move: fc.oneof(
    ...Object.entries(MOVES).map(([name, weight]) => ({
      weight,
      arbitrary: fc.constant(name as keyof typeof MOVES),
    })),
  ),
  which: fc.nat(60),
  kind: fc.nat(60),
  odd: fc.boolean(),
});
export const style: fc.Arbitrary<Style> = fc.record({
  blanks: fc.boolean(),
  reversed: fc.boolean(),
  escapes: fc.boolean(),
});
