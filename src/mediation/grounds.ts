const MOST_TEXTS = 4096;
const LONGEST_TEXT = 512;
const SHORTEST_SAID = 4;
const MOST_WORDS = 64 * 1024;
const MOST_HOSTS = 1024;
/** No more of an address than all parsers read alike; of a bare one, a name with a dot in it. */
const ADDRESS =
  /^(?:(?:https?|wss?):\/\/)?([a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63}){1,16})(?::(\d{1,5}))?(?=[/?#]|$)/i;
/** Of the owner of the host, whatever is asked; behind other ports others may listen. */
const USUAL_PORTS = new Set([undefined, '80', '443']);

/**
 * What a session's calls rest on: what the client said before any detector fired, and what the user said. Bounded:
 * what does not fit is not held, and is asked about where it matters.
 */
export class Grounds {
  readonly #texts = new Set<string>();
  readonly #hosts = new Set<string>();
  #words = '';

  /** Takes a value that a person let through: no other address of its host. */
  accept(text: string): void {
    if (text.length <= LONGEST_TEXT && this.#texts.size < MOST_TEXTS) this.#texts.add(plain(text));
  }

  /** Takes a value that the client said. */
  take(text: string): void {
    this.accept(text);
    const { host, port } = placeOf(text);
    if (host === undefined || this.#hosts.size >= MOST_HOSTS) return;
    this.#hosts.add(host);
    if (!USUAL_PORTS.has(port)) this.#hosts.add(`${host}:${port}`);
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

  /** Whether the client itself said the host of this address, and its port if that is unusual. */
  holdsHostOf(address: string): boolean {
    const { host, port } = placeOf(address);
    return host !== undefined && this.#hosts.has(USUAL_PORTS.has(port) ? host : `${host}:${port}`);
  }

  hold(text: string): boolean {
    const some = plain(text);
    return some === '' || this.#texts.has(some) || (this.#words !== '' && this.#words.includes(some));
  }
}

function placeOf(address: string): { host: string | undefined; port: string | undefined } {
  const [, host, port] = ADDRESS.exec(address) ?? [];
  return { host: host?.toLowerCase().replace(/^www\./, ''), port };
}

function plain(text: string): string {
  return text.slice(0, MOST_WORDS).normalize('NFKC').toLowerCase().replace(/\s+/g, ' ').trim();
}
