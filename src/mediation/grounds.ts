const MOST_TEXTS = 4096;
const LONGEST_TEXT = 512;
const SHORTEST_SAID = 4;
const MOST_WORDS = 64 * 1024;

/**
 * What a session's calls rest on: what the client said before any detector fired, and what the user said. Bounded:
 * what does not fit is not held, and is asked about where it matters.
 */
export class Grounds {
  readonly #texts = new Set<string>();
  #words = '';

  /** Takes a value that the client said. */
  take(text: string): void {
    if (text.length <= LONGEST_TEXT && this.#texts.size < MOST_TEXTS) this.#texts.add(plain(text));
  }

  /** Takes the user's own words. */
  say(text: string): void {
    this.#words = `${this.#words}\n${plain(text)}`.slice(-MOST_WORDS);
  }

  /** Whether the user himself said this; a word of three letters says too little. */
  hasSaid(text: string): boolean {
    if (this.#words === '') return false;
    const some = plain(text);
    return some.length >= SHORTEST_SAID && this.#words.includes(some);
  }

  hold(text: string): boolean {
    const some = plain(text);
    return some === '' || this.#texts.has(some) || (this.#words !== '' && this.#words.includes(some));
  }
}

function plain(text: string): string {
  return text.slice(0, MOST_WORDS).normalize('NFKC').toLowerCase().replace(/\s+/g, ' ').trim();
}
