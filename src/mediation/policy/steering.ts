import { formOf } from '../structure/structure.ts';
import { FOREIGN, isForeign, isForeignAscii } from './foreign.ts';
import { Lexicon } from './lexicon.ts';

/**
 * Words by which English asks, orders and requires. Not wordings of attacks: a closed class that few requests do without,
 * and that most descriptions do. It may fire on honest text as often as it likes; what matters is what it misses.
 */
const ASKING = [
  ...['please', 'must', 'should', 'shall', 'need to', 'needs to', 'have to', 'has to', 'ought to', 'got to'],
  ...['ensure', 'make sure', 'be sure', 'let us', "let's", 'task', 'tasks', 'instruction', 'instructions'],
  ...[
    'instructed',
    'remember',
    "don't",
    'dont',
    'do not',
    'never',
    'always',
    'require',
    'required',
    'requires',
  ],
  ...[
    'mandatory',
    'urgent',
    'urgently',
    'immediately',
    'asap',
    'can you',
    'could you',
    'would you',
    'will you',
  ],
  ...['want you', 'you are to', "you're to", 'kindly', 'instead', 'assistant'],
  ...['would like', "'d like", 'would love', "'d love", 'would appreciate', "'d appreciate", 'appreciated'],
  ...[
    'feel free',
    'why not',
    'how about',
    'go ahead',
    'supposed to',
    'asked to',
    'told to',
    'asks you',
    'ask you',
  ],
  ...["you'll", "you'd", 'from now on', 'next step', 'next steps'],
  ...['would be great', 'would be good', 'would be nice', 'would be kind', 'would be helpful'],
  ...[
    "'d be great",
    "'d be good",
    "'d be nice",
    'user wants',
    'user asks',
    'user asked',
    'user needs',
    'user said',
  ],
];
/** What the reader is invited to do to others; that he can find, read or see something is no invitation. */
const INVITED =
  '(?:can|may|could|might)\\s(?:(?:also|just|simply|then|now)\\s)?(?:send|forward|mail|e-?mail|pay|transfer|wire|delete|remove|share|upload|post|publish|reply|write|give|grant|invite|add|buy|order|book)';
/** A file's name is none. */
const TO_DO = 'to-?do(?![.\\w])';

/** Verbs of orders: a sentence that begins with one of these is one. */
const ORDERS =
  'send forward write publish upload download open click go run execute install make give tell ask say include provide submit fill enter type confirm verify approve read find get delete remove erase cancel pay buy reserve invite add create save append insert attach translate summarize respond notify inform subscribe join leave begin continue proceed try keep put take bring enable disable allow grant revoke accept reject select choose pick replace edit modify ignore forget disregard stop follow complete do let be move rename reset transfer wire';
/** Verbs that as often are nouns: an order only with what it is to be done to behind it, and in running text. */
const TITLES =
  'email mail message reply post share visit call update change set use finish check search look list show order book schedule copy print return output answer report contact log sign register start turn purchase';

const ASKS = new RegExp(
  `\\b(?:${[...ASKING, TO_DO, `you\\s${INVITED}`].join('|').replaceAll("'", "['`]")})\\b`,
  'i',
);
/** What an order is followed by, where its verb could be a noun. */
const OBJECT =
  '(?:the|an?|this|that|these|those|my|your|our|their|his|her|all|any|every|each|it|me|us|them|him|to)\\b|https?:|www\\.|["\'\\d@]';

/** What leads up to an order. */
const LEADING =
  'and|or|but|so|then|also|just|simply|now|next|first|finally|later|afterwards|otherwise|again|still|only|after that|if so|yes|ok|okay|hi|hello|dear';
/** What stands before the first word of a sentence or of an item in a list. */
const BULLET =
  '[\\s"\'*_#\\d.()\\[\\]\\-\\u00ab\\u00bb\\u00b7\\u2010-\\u2015\\u201c-\\u201f\\u2022\\u2023\\u2192\\u25a0-\\u25ff\\u2713-\\u2718]';
/** The end of what is printed bold. */
const STRESS = '(?:[*_]{1,3}|</[a-z]{1,8}>)?';
/** How Node reports a call to the file system that failed: `ENOENT: no such file or directory, open '/x'`. */
const FAILED =
  /\b(E(?:NOENT|ACCES|PERM|ISDIR|NOTDIR|EXIST|MFILE|NFILE|BUSY|ROFS|LOOP|NAMETOOLONG|NOSPC|XDEV|INVAL|IO|BADF): [a-z -]{3,48}), (?:open|read|write|rename)(?: '[^'\s]{1,1024}')?(?: -> '[^'\s]{1,1024}')?(?=[ \t]{0,8}(?:\n|$))/g;

const ORDERED = ordered(ORDERS.split(' '));
const CHAINING = ['and', 'or', 'then', 'also', 'just', 'simply', 'better', 'rather', 'to'];
/** One more order behind another, or what something is for. */
const CHAINED = new RegExp(
  `\\b(?:${CHAINING.join('|')})\\s(?:be\\s(?:sent|forwarded|mailed|paid|transferred)|${ORDERS.split(' ').join('|')})\\s(?:${OBJECT})`,
  'i',
);
const ORDERED_IN_PROSE = ordered(TITLES.split(' '), OBJECT);
/** The verbs that a session's tools are named by, which are orders too. */
export interface Verbs {
  pattern: RegExp;
  lexicon: Lexicon;
}
/** Words that running English cannot do without. */
const ENGLISH = /\b(?:the|an?|of|to|and|is|are|was|in|for|it|on|at|with|i|my|by|from|this)\b/i;
/** Of the words of phrases, those that stand in logs and tables as well. */
const EVERYWHERE: ReadonlySet<string> = new Set(['from', 'next', 'user']);
const WORDS: readonly (readonly string[])[] = [
  [...ASKING.map(telling), 'do', 'todo', 'you'],
  ORDERS.split(' '),
  TITLES.split(' '),
  CHAINING,
  FOREIGN.asked,
  FOREIGN.ordered,
  FOREIGN.needed,
];
const [ASKED, ORDER, TITLE, CHAIN, FOREIGN_ASKED, FOREIGN_ORDER, FOREIGN_NEEDED, OWN_VERB] = [
  1, 2, 4, 8, 16, 32, 64, 128,
];
let noVerbs: Verbs | undefined;

/** Letters of other scripts inside Latin words are there to be misread. */
const MIXED = /[a-z][\u0370-\u052f\u2c80-\u2dff]|[\u0370-\u052f\u2c80-\u2dff][a-z]/i;
const APOSTROPHES = /[\u00b4\u2018\u2019\u02bc]/g;
const OTHER_SCRIPT = /(?!\p{Script=Latin})\p{L}/u;
const FEWEST_WORDS = 8;
const LONGEST_READ = 64 * 1024;

/**
 * Whether a text tells its reader to do something. One that merely mentions an address or a name steers nobody. A text
 * in which that cannot be told, because it is not English, counts as steering. `verbs` are further orders: the verbs
 * that the session's tools are named by. Linear.
 */
export function steers(text: string, verbs?: Verbs): boolean {
  if (text.length < 4) return false;
  const ascii = isAscii(text);
  // One word in our letters orders nothing; other scripts put no blanks between words.
  if (ascii && !/\s/.test(text)) return false;
  // Who writes so much asks for something in it; reading it to the end would cost more than the exemption is worth.
  if (text.length > LONGEST_READ) return true;
  const plain = ascii
    ? text
    : text
        .replace(APOSTROPHES, "'")
        .normalize('NFKC')
        .replace(/\p{Cf}/gu, '');
  const isProse = formOf(text) === 'prose';
  if (verbs === undefined) noVerbs ??= orderedTo([]);
  const { pattern, lexicon } = verbs ?? noVerbs!;
  const held = lexicon.in(plain);
  if ((held & ASKED) !== 0 && ASKS.test(plain)) return true;
  if ((held & ORDER) !== 0 && isOrder(plain)) return true;
  if ((held & ORDER) !== 0 && (held & CHAIN) !== 0 && CHAINED.test(plain)) return true;
  if (isProse && (held & TITLE) !== 0 && ORDERED_IN_PROSE.test(plain)) return true;
  if (isProse && (held & OWN_VERB) !== 0 && pattern.test(plain)) return true;
  if (!ascii && MIXED.test(plain)) return true;
  if (isRunning(plain) && !ENGLISH.test(plain)) return true;
  if (!ascii) return isForeign(plain);
  return isForeignAscii(plain, {
    asked: (held & FOREIGN_ASKED) !== 0,
    ordered: (held & FOREIGN_ORDER) !== 0,
    needed: (held & FOREIGN_NEEDED) !== 0,
  });
}

/** Sentences that begin with one of a session's own verbs, which its tools are named by, and what it is done to. */
export function orderedTo(verbs: readonly string[]): Verbs {
  const own = verbs.filter(isVerb);
  return { pattern: ordered(own, OBJECT), lexicon: new Lexicon(...WORDS, own) };
}

/** What could not be done is reported, not ordered. */
function isOrder(text: string): boolean {
  return ORDERED.test(text) && ORDERED.test(text.replace(FAILED, '$1'));
}

/**
 * Matches a sentence, a list item or an element that begins with one of `verbs`, behind a few words that lead up to it
 * ("then also ..."). The gaps are bounded: no backtracking.
 */
function ordered(verbs: readonly string[], object = ''): RegExp {
  return new RegExp(
    `(?:^|[.!?\\n:;,>])${BULLET}{0,8}(?:(?:${LEADING})[ ,]{1,2}){0,3}(?:${verbs.join('|') || '(?!)'})${STRESS}\\s(?:${object})`,
    'i',
  );
}

/** Stands wherever the phrase does, and as seldom elsewhere as can be: where it does, a pattern is tried in vain. */
function telling(phrase: string): string {
  const words = phrase.split(/[^a-z]/).filter((word) => !EVERYWHERE.has(word));
  return words.reduce((longest, word) => (word.length > longest.length ? word : longest));
}

function isVerb(word: string): boolean {
  return /^[a-z]{2,24}$/.test(word);
}

/** Eight words or more, or eight letters of a script that puts no spaces between them. */
function isRunning(text: string): boolean {
  let words = 0;
  for (let i = 0; i < text.length; i++) {
    if (text.charCodeAt(i) === 32 && ++words >= FEWEST_WORDS) return true;
  }
  return text.length >= FEWEST_WORDS && OTHER_SCRIPT.test(text);
}

function isAscii(text: string): boolean {
  return Buffer.byteLength(text, 'utf8') === text.length;
}
