import type { Flow, Leaf, Transform } from '../../event.ts';
import { isCommon } from './common.ts';
import type { Hit } from './values.ts';

/** Flows reported of one leaf beside one of each class. */
export const MAX_PER_LEAF = 8;
const MAX_PER_CALL = 64;

/** A value of a leaf, and where it stands in a source. */
export interface Match {
  hit: Hit;
  match: Flow['match'];
  /** Encodings undone on the leaf's side, outermost first. */
  transforms: readonly Transform[];
  /** The leaf's text after that, and the value's place in it. */
  text: string;
  span: readonly [number, number];
  /** The leaf's run that was decoded, if any. */
  run: readonly [number, number] | undefined;
}

/**
 * The flows to report. Of every leaf one of each class of source, alone and not, comes first and is never left out:
 * rules exempt some classes, and what is exempt must not crowd out what is not. Then come more of the same, at most
 * eight a leaf and 64 a call. Among equals whole values before copies before atoms, the longer before the shorter, the
 * older before the newer.
 */
export function flowsOf(matches: ReadonlyMap<Leaf, readonly Match[]>, leaves: readonly Leaf[]): Flow[] {
  const carrying = leaves.filter((leaf) => matches.has(leaf));
  const perLeaf = carrying.map((leaf) => ({ leaf, ...select(matches.get(leaf)!) }));
  const kept = perLeaf.map(({ distinct }) => distinct.length);
  let total = 0;
  for (const count of kept) total += count;
  for (let round = 1; round < MAX_PER_LEAF && total < MAX_PER_CALL; round++) {
    for (let i = 0; i < perLeaf.length && total < MAX_PER_CALL; i++) {
      const { distinct, others } = perLeaf[i]!;
      if (kept[i] !== round || round >= distinct.length + others.length) continue;
      kept[i]!++;
      total++;
    }
  }
  return perLeaf.flatMap(({ leaf, distinct, others }, i) =>
    [...distinct, ...others.slice(0, kept[i]! - distinct.length)].map((match) => flowOf(leaf, match)),
  );
}

const RANK = { whole: 0, span: 1, atom: 2 } as const;

function select(matches: readonly Match[]): { distinct: Match[]; others: Match[] } {
  const sorted = [...matches].sort(
    (a, b) =>
      RANK[a.match] - RANK[b.match] ||
      b.span[1] - b.span[0] - (a.span[1] - a.span[0]) ||
      a.hit.held.start + a.hit.from - (b.hit.held.start + b.hit.from),
  );
  const classes = new Set<string>();
  const distinct: Match[] = [];
  const others: Match[] = [];
  for (const match of sorted) {
    const { held, alone } = match.hit;
    const name = `${held.kind} ${alone && held.complete}`;
    (classes.has(name) ? others : distinct).push(match);
    classes.add(name);
  }
  return { distinct, others };
}

function flowOf(leaf: Leaf, { hit, match, transforms, text, span, run }: Match): Flow {
  const { held, from, to, alone } = hit;
  const decoded = held.transforms.length > 0;
  const shift = held.within?.[0] ?? 0;
  const value = text.slice(span[0], span[1]);
  const undone = new Set([
    ...transforms,
    ...held.transforms,
    ...differences(value, held.text.slice(from, to)),
  ]);
  // Nobody hides what says nothing.
  const isHidden = [...undone].some((transform) => transform !== 'case');
  const common = match !== 'span' && !isHidden && isCommon(value);
  return {
    argument: leaf.path,
    inName: leaf.form === 'key',
    span: run ?? span,
    match,
    transforms: [...undone],
    source: held.source,
    path: held.path,
    at: decoded && held.within !== undefined ? held.within : [from + shift, to + shift],
    form: held.form,
    alone: alone && held.complete,
    ...(common && { common }),
  };
}

/** What folding had to undo for two spellings to be the same value. White space is no transformation. */
function differences(left: string, right: string): Transform[] {
  if (left === right) return [];
  const lower = (text: string): string => text.toLowerCase().split(/\s/).filter(Boolean).join(' ');
  const found: Transform[] = [];
  if (lower(left) !== lower(right)) {
    const either = (pattern: RegExp): boolean => pattern.test(left) || pattern.test(right);
    if (either(/%[0-9a-f]{2}/i)) found.push('percent');
    if (either(/&(#|[a-z]{2,8};)/i)) found.push('html');
    if (either(/[^\0-\x7f]|\\[ux][0-9a-f]{2}/i)) found.push('unicode');
  }
  const [one, other] = [letters(left), letters(right)];
  if (one !== other && one.toLowerCase() === other.toLowerCase()) found.push('case');
  return found;
}

function letters(text: string): string {
  return text.replace(/%[0-9a-f]{2}|&[#a-z][0-9a-z]{0,8};|[^a-z]/gi, '');
}
