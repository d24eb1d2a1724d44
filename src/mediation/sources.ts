import type { Finding, Source, Text } from '../event.ts';
import { echoesOf } from './echoes.ts';
import { structured } from './inbound.ts';
import type { Judgement } from './judgement.ts';
import type { Labelled } from './labelled.ts';
import { steers, type Verbs } from './policy/steering.ts';

const MOST_KNOWN = 16;
const SHORTEST_KNOWN = 256;
/** Longer texts are told at a glance, and sixteen of them would be memory without bound. */
const LONGEST_KNOWN = 64 * 1024;

type Inspect = (server: string, texts: readonly Text[]) => readonly Finding[];
type Learned = readonly [source: Source, texts: readonly Text[]];
type Sorted = Record<'marked' | 'steering' | 'others', Text[]>;

/** Tells what of a message is which source: where a detector fired, what steers, what stands near that, what is an echo. */
export class Sources {
  readonly #inspect: Inspect;
  /** What the last texts of some length came to. */
  #known: { text: string; steers: boolean }[] = [];

  constructor(inspect: Inspect) {
    this.#inspect = inspect;
  }

  /** To be called when there are new verbs. */
  forget(): void {
    this.#known = [];
  }

  /** The texts of a labelled message, with the source that each is, in the order in which they are to be learned. */
  of(labelled: Labelled, verbs: Verbs | undefined): Learned[] {
    const { event, inbound, label, findings, texts, parts, named = false, call } = labelled;
    const { server, origin, channel } = inbound;
    const { asked = false, choice } = labelled;
    const isMarked = findings.length > 0;
    const groups = (parts ?? [[label, structured(texts)] as const]).map(([own, group]) => ({
      source: { event, server, origin, channel, label: own, named, asked },
      ...this.#sorted(server, group, isMarked, verbs),
    }));
    // A detector that fired on the whole alone marks all of it.
    const isMarkedWhole = isMarked && groups.every(({ marked }) => marked.length === 0);
    const isSteering = isMarked || groups.some(({ steering }) => steering.length > 0);
    const near = choice !== 'sought' && isSteering ? 'near' : choice;
    return groups.flatMap(({ source, marked, steering, others }) => {
      const suspect: Source = { ...source, steers: 'here', marked: true };
      if (isMarkedWhole) return echoesApart(suspect, [...steering, ...others], call);
      return [
        ...echoesApart(suspect, marked, call),
        ...echoesApart({ ...source, steers: 'here' }, steering, call),
        ...echoesApart(near ? { ...source, steers: near } : source, others, call),
      ];
    });
  }

  #sorted(server: string, texts: readonly Text[], isMarked: boolean, verbs: Verbs | undefined): Sorted {
    const sorted: Sorted = { marked: [], steering: [], others: [] };
    for (const text of texts) {
      if (isMarked && this.#inspect(server, [text]).length > 0) sorted.marked.push(text);
      else if (this.#steers(text.text, verbs)) sorted.steering.push(text);
      else sorted.others.push(text);
    }
    return sorted;
  }

  /** Servers say the same again and again: what the last few texts of some length came to is remembered. */
  #steers(text: string, verbs: Verbs | undefined): boolean {
    if (text.length < SHORTEST_KNOWN || text.length > LONGEST_KNOWN) return steers(text, verbs);
    let known = this.#known.find((one) => one.text === text);
    if (known === undefined) {
      known = { text, steers: steers(text, verbs) };
      this.#known = [known, ...this.#known.slice(0, MOST_KNOWN - 1)];
    }
    return known.steers;
  }
}

function echoesApart(source: Source, texts: readonly Text[], call: Judgement | undefined): Learned[] {
  if (texts.length === 0) return [];
  if (call === undefined) return [[source, texts]];
  const isEcho = echoesOf(call.sink.leaves, call.flows, texts);
  const [echoes, others]: [Text[], Text[]] = [[], []];
  for (const text of texts) (isEcho(text) ? echoes : others).push(text);
  return [
    [{ ...source, echo: true }, echoes],
    [source, others],
  ];
}
