import { MAX_SPANS, type Span } from './detector.ts';
import { ALPHANUMERIC, alphabet, nextRun } from './runs.ts';

/** A credential, by the prefix that its issuer gave it. */
export interface Secret {
  kind: string;
  span: Span;
}

const TOKEN = alphabet(`${ALPHANUMERIC}_-`);
/** The shortest token told here: an AWS access key id. */
const MIN_RUN = 20;
/** How one of KINDS begins: one look at a token that is none of them. */
const PREFIX = /(?<![A-Za-z0-9])(?:A(?:KIA|SIA|Iza)|gh[pousr]_|github_pat_|glpat-|sk-|xox|npm_|[rs]k_live_)/;
const PEM = 'PRIVATE KEY-----';

/** Every pattern is a fixed prefix and one class, so each is linear; a prefix inside a word is no prefix. */
const KINDS: readonly (readonly [kind: string, pattern: RegExp])[] = [
  ['aws', /(?<![A-Za-z0-9])A(?:KIA|SIA)[A-Z0-9]{16}(?![A-Za-z0-9])/],
  ['github', /(?<![A-Za-z0-9])(?:gh[pousr]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{22})/],
  ['gitlab', /(?<![A-Za-z0-9])glpat-[A-Za-z0-9_-]{20}/],
  ['anthropic', /(?<![A-Za-z0-9])sk-ant-[A-Za-z0-9_-]{20}/],
  ['openai', /(?<![A-Za-z0-9])sk-(?:(?:proj|svcacct|admin)-[A-Za-z0-9_-]{20}|[A-Za-z0-9]{32})/],
  ['slack', /(?<![A-Za-z0-9])xox[abeprs]-[A-Za-z0-9-]{15}/],
  ['google', /(?<![A-Za-z0-9])AIza[A-Za-z0-9_-]{35}/],
  ['npm', /(?<![A-Za-z0-9])npm_[A-Za-z0-9]{36}/],
  ['stripe', /(?<![A-Za-z0-9])[rs]k_live_[A-Za-z0-9]{16}/],
];

/**
 * Credentials in a text: what their issuers marked as such, private keys in PEM and JSON Web Tokens. Few false
 * positives rather than all secrets: a password has no prefix. Linear time; at most eight are told.
 */
export function findSecrets(text: string): Secret[] {
  const found: Secret[] = [];
  for (let at = text.indexOf(PEM); at >= 0 && found.length < MAX_SPANS; at = text.indexOf(PEM, at + 1)) {
    const begin = text.lastIndexOf('-----BEGIN ', at);
    if (begin >= 0 && at - begin < 40) found.push({ kind: 'private-key', span: [begin, at + PEM.length] });
  }
  for (let run = nextRun(text, 0, TOKEN, MIN_RUN); run; run = nextRun(text, run[1], TOKEN, MIN_RUN)) {
    if (found.length >= MAX_SPANS) break;
    const [start, end] = run;
    // Both halves are JSON objects: `eyJ` is how `{"` begins in base64.
    if (text.startsWith('eyJ', start) && text.startsWith('.eyJ', end)) {
      found.push({ kind: 'jwt', span: [start, end] });
      continue;
    }
    const token = text.slice(start, end);
    if (!PREFIX.test(token)) continue;
    for (const [kind, pattern] of KINDS) {
      const match = pattern.exec(token);
      if (!match) continue;
      found.push({ kind, span: [start + match.index, end] });
      break;
    }
  }
  return found;
}
