import type { Flow, Leaf, Source, Text } from '../../event.ts';

interface Held extends Text {
  source: Source;
  folded: string;
}

const isWord = (c: number): boolean =>
  (c >= 48 && c <= 57) || (c >= 65 && c <= 90) || (c >= 97 && c <= 122) || c > 127;
const fold = (text: string): string => text.normalize('NFKC').toLowerCase();

/** Where the values of a session's inbound texts turn up in its outbound arguments. */
export class Provenance {
  evicted = false;
  readonly #held: Held[] = [];
  readonly #said = new Set<string>();

  constructor(_limits: { retainedBytes: number; seed?: number }) {}

  learn(source: Source, texts: readonly Text[]): void {
    for (const text of texts) this.#held.push({ ...text, source, folded: fold(text.text) });
  }

  settle(_budgetBytes?: number): boolean {
    return true;
  }

  trace(leaves: readonly Leaf[]): Flow[] {
    const flows: Flow[] = [];
    for (const leaf of leaves) {
      for (const needle of this.#needles(leaf)) {
        if (this.#said.has(needle)) continue;
        const found = this.#find(needle);
        if (!found) continue;
        const whole = needle === fold(leaf.text).trim();
        const from = whole ? 0 : Math.max(0, leaf.text.toLowerCase().indexOf(needle));
        flows.push({
          argument: leaf.path,
          span: [from, whole ? leaf.text.length : from + needle.length],
          match: whole ? 'whole' : 'atom',
          transforms: [],
          source: found.held.source,
          path: found.held.path,
          at: [found.at, found.at + needle.length],
          form: found.held.form,
          alone: found.held.folded.trim() === needle,
        });
      }
    }
    return flows;
  }

  offer(leaves: readonly Leaf[]): void {
    for (const leaf of leaves)
      for (const needle of this.#needles(leaf)) if (!this.#find(needle)) this.#said.add(needle);
  }

  #needles(leaf: Leaf): string[] {
    const folded = fold(leaf.text).trim();
    const tokens = folded.split(/\s+/).filter((token) => token.length >= 5 && /[\d@/._-]/.test(token));
    return folded.length >= 5 ? [...new Set([folded, ...tokens])] : [];
  }

  #find(needle: string): { held: Held; at: number } | undefined {
    for (const held of this.#held) {
      for (let at = held.folded.indexOf(needle); at !== -1; at = held.folded.indexOf(needle, at + 1)) {
        if (isWord(held.folded.charCodeAt(at - 1)) || isWord(held.folded.charCodeAt(at + needle.length)))
          continue;
        return { held, at };
      }
    }
    return undefined;
  }
}
