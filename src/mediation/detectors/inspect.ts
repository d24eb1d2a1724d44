import type { Finding, Text } from '../../event.ts';
import { ansi } from './ansi.ts';
import type { InspectContext, Span } from './detector.ts';
import { encodedInstructions } from './encoded.ts';
import { hiddenUnicode } from './hidden-unicode.ts';
import { lookAlike } from './look-alike.ts';
import { scan, scanForNames } from './scan.ts';

export type { InspectContext } from './detector.ts';

/** A hostile list of texts must not make evidence grow without bound. */
const MAX_FINDINGS = 64;

/**
 * What in a server's texts is suspicious, and where: detectors `instructions`, `hidden-unicode`, `ansi`,
 * `foreign-tool`, `encoded-instructions` and `look-alike`. Every text is read to its end, in linear time,
 * whatever its size. Suspicion, never the boundary: an honest text may fire and a hostile one may not.
 */
export function inspect(texts: readonly Text[], context: InspectContext): Finding[] {
  const findings: Finding[] = [];
  // A name that is also a member or a value of the descriptor is its own word.
  const own = context.kind === 'descriptor' ? new Set(texts.map((one) => one.text)) : undefined;
  for (const { path, text } of texts) {
    const add = (detector: string, spans: readonly Span[]): void => {
      for (const span of spans) if (findings.length < MAX_FINDINGS) findings.push({ detector, path, span });
    };
    const ascii = isAscii(text);
    const { instructions, foreign } = scan(text, context);
    add('instructions', instructions);
    add('encoded-instructions', encodedInstructions(text, context.kind));
    const isForeign = ([start, end]: Span): boolean => !own?.has(text.slice(start, end));
    add('foreign-tool', foreign.filter(isForeign));
    add('ansi', ansi(text, ascii));
    if (!ascii) add('hidden-unicode', hiddenUnicode(text, context.kind));
    if (context.kind === 'descriptor' && path === '/name') add('look-alike', lookAlike(text, context));
    if (findings.length >= MAX_FINDINGS) break;
  }
  return findings;
}

/** Detectors that depend on which tools other servers have. */
const BY_NAMES = new Set(['foreign-tool', 'look-alike']);

/** What `inspect` finds in a descriptor of which it found `before` under other tools of other servers. */
export function inspectAgain(
  texts: readonly Text[],
  context: InspectContext,
  before: readonly Finding[],
): Finding[] {
  const findings = before.filter(({ detector }) => !BY_NAMES.has(detector));
  const own = new Set(texts.map((one) => one.text));
  for (const { path, text } of texts) {
    for (const span of scanForNames(text, context))
      if (!own.has(text.slice(...span))) findings.push({ detector: 'foreign-tool', path, span });
    if (path !== '/name') continue;
    for (const span of lookAlike(text, context)) findings.push({ detector: 'look-alike', path, span });
  }
  return findings.slice(0, MAX_FINDINGS);
}

/** Native and vectorised: a thousandth of what a loop or a regular expression would cost. */
function isAscii(text: string): boolean {
  return Buffer.byteLength(text, 'utf8') === text.length;
}
