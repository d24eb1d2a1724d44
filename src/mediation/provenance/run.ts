import type { Transform } from '../../event.ts';
import { readable } from './readable.ts';
import { TURNS, type Turn } from './turns.ts';

/** After this many runs of a text short ones are joined to texts of at least this length: a text can hold millions. */
const SEPARATE = 64;
const JOINED = 2048;
/** Kinds of runs that may take turns. */
const KINDS = 16;

/** A stretch of a text that reads as another text once something is undone. */
export interface Run {
  from: number;
  to: number;
  text: string;
  /** What was undone, outermost first. */
  transforms: readonly Transform[];
}

/** What each turn of an encoding is called; one array for each, so that runs of a kind are told by it. */
export const named = (...names: Transform[]): readonly (readonly Transform[])[] =>
  TURNS.map((turn) => [...turn, ...names]);

/** Adds a run, or joins it to a late one of its kind where there are very many. */
export function add(runs: Run[], run: Run): void {
  for (let i = runs.length - 1; i >= SEPARATE && i >= runs.length - KINDS; i--) {
    const other = runs[i]!;
    if (other.text.length >= JOINED || other.transforms !== run.transforms) continue;
    other.text += `\n${run.text}`;
    other.from = Math.min(other.from, run.from);
    other.to = Math.max(other.to, run.to);
    return;
  }
  runs.push(run);
}

/** The readable stretches; of what is turned those that are most of it, for any long text has some by chance. */
export function telling(bytes: Uint8Array, turn: Turn): (readonly [number, number])[] {
  const stretches = [...readable(bytes)];
  return turn === 0 ? stretches : stretches.filter(([start, end]) => 2 * (end - start) >= bytes.length);
}
