/**
 * Words by which English asks, orders and requires. Not wordings of attacks: a closed class that few requests do without,
 * and that most descriptions do. It may fire on honest text as often as it likes; what matters is what it misses.
 */
const ASKING =
  "please|must|should|shall|need to|needs to|have to|has to|ought to|got to|ensure|make sure|be sure|let us|let's|to-?do|tasks?|instructions?|instructed|remember|don'?t|do not|never|always|required|requires?|mandatory|urgent(?:ly)?|immediately|asap|can you|could you|would you|will you|want you|you are to|you're to|kindly|instead|assistant";

/** What tools do, in the imperative: a sentence that begins with one of these is an order. */
const ORDERS =
  'send forward email mail message reply write post publish share upload download visit open click go call run execute install update change set reset use ignore forget disregard stop follow complete finish do make give tell ask say include provide submit fill enter type confirm verify approve check read search find get look list show delete remove erase cancel pay transfer wire buy purchase order book reserve schedule invite add create save copy move rename append insert attach translate summarize print return output respond answer report contact notify inform log sign register subscribe join leave start begin continue proceed try keep put take bring turn enable disable allow grant revoke accept reject select choose pick replace edit modify';

const ASKS = new RegExp(`\\b(?:${ASKING})\\b`, 'i');
const ORDERED = ordered(ORDERS.split(' '));
/** Words that running English cannot do without. */
const ENGLISH = /\b(?:the|an?|of|to|and|is|are|was|in|for|it|on|at|with|i|my|by|from|this)\b/i;
/** Letters of other scripts inside Latin words are there to be misread. */
const MIXED = /[a-z][\u0370-\u052f\u2c80-\u2dff]|[\u0370-\u052f\u2c80-\u2dff][a-z]/i;
const OTHER_SCRIPT = /(?!\p{Script=Latin})\p{L}/u;
const FEWEST_WORDS = 8;

/**
 * Whether a text tells its reader to do something. One that merely mentions an address or a name steers nobody. A text
 * in which that cannot be told, because it is not English, counts as steering. `verbs` are further orders: the verbs
 * that the session's tools are named by. Linear.
 */
export function steers(text: string, verbs?: RegExp): boolean {
  if (text.length < 4) return false;
  const plain = isAscii(text) ? text : text.normalize('NFKC').replace(/\p{Cf}/gu, '');
  if (ASKS.test(plain) || ORDERED.test(plain) || verbs?.test(plain) === true) return true;
  if (plain !== text || !isAscii(text)) if (MIXED.test(plain)) return true;
  return isRunning(plain) && !ENGLISH.test(plain);
}

/** Matches a sentence, a list item or an element that begins with one of `verbs`. The gap is bounded: no backtracking. */
export function ordered(verbs: readonly string[]): RegExp {
  const words = verbs.filter((verb) => /^[a-z]{2,24}$/.test(verb)).join('|');
  return new RegExp(`(?:^|[.!?\\n:;,>])[\\s"'*\\d.()\\-]{0,8}(?:${words || '(?!)'})\\s`, 'i');
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
