import type { Leaf, Role } from '../../event.ts';
import { tokensOf } from '../../json/pointer.ts';
import { recordOf } from '../sinks.ts';
import { wordsOf } from '../words.ts';
import { namesPlace } from './places.ts';

/**
 * Words of argument names, by what the argument is for. What opens or runs something does so wherever its word stands,
 * so that `secret_url` is a credential; otherwise a name means what it ends with (`message_to` is a destination,
 * `email_body` content), else the first role that has a word in it.
 */
const WORDS: readonly (readonly [Role, ReadonlySet<string>])[] = [
  [
    'credential',
    new Set('password passwd passphrase pin otp token secret apikey credential credentials'.split(' ')),
  ],
  ['code', new Set('command commands cmd script sql statement shell'.split(' '))],
  [
    'content',
    new Set(
      'body content contents text message subject title description summary caption comment note notes details data html markdown observation observations reason thought thoughts value values input location'.split(
        ' ',
      ),
    ),
  ],
  [
    'destination',
    new Set(
      'to cc bcc recipient recipients receiver email emails mail url urls uri uris link href endpoint host hostname domain webhook channel channels user users member members participant participants attendee attendees invitee invitees assignee assignees phone iban account destination target address addresses'.split(
        ' ',
      ),
    ),
  ],
  [
    'scalar',
    new Set(
      'date time day amount price quantity count limit page offset size min max rating duration start end width height n'.split(
        ' ',
      ),
    ),
  ],
];

/** What a name ends with that means one of several things, whatever those are: `user_id`, `channelId`. */
const IDENTIFYING = new Set(['id', 'ids', 'uuid', 'name', 'names']);

/** Names that say only that something stands there: `to: { value: ... }`. */
const FILLERS = new Set(['value', 'values', 'text', 'data', 'input']);

const DATE = /^\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2})?(?:\.\d{1,9})?(?:Z|[+-]\d{2}:?\d{2})?)?$/;
const CLOCK = /^\d{1,2}:\d{2}(?::\d{2})?(?: ?[AaPp][Mm])?$/;
const NUMBER = /^[-+]?\d{1,15}(?:[.,]\d{1,6})?%?$/;
const LONGEST_SCALAR = 40;

/**
 * What an argument is for: by the schema that its tool is pinned with (format, closed choice, type), then by the words
 * of its name, and a selector where nothing tells. A value that is no more than a quantity or a time is a scalar in a
 * place for one: it names nothing.
 */
export function roleOf(leaf: Leaf, schema: unknown): Role {
  const tokens = tokensOf(leaf.path);
  if (leaf.form === 'key') return roleOfKey(leaf.text, tokens.slice(0, -1));
  const [name, property] = propertyOf(tokens, schema);
  const format = property['format'];
  if (format === 'uri' || format === 'email' || format === 'hostname' || format === 'iri')
    return 'destination';
  if (format === 'date' || format === 'date-time' || format === 'time')
    return isTime(leaf.text) ? 'scalar' : 'content';
  if (isChoice(leaf.text, property)) return 'scalar';
  const words = wordsOf(name);
  const role = roleOfName(words);
  if (role === 'scalar') return isTime(leaf.text) || NUMBER.test(leaf.text) ? 'scalar' : 'content';
  if ((role === 'content' || role === 'destination') && words.some(isQuantity) && isTime(leaf.text))
    return 'scalar';
  if (role !== 'content' || !words.every((word) => FILLERS.has(word))) return role;
  return enclosingRole(tokens.slice(0, tokens.lastIndexOf(name))) ?? role;
}

/** A name that the tool does not announce is said, like any other word; but one that is an address is addressed. */
function roleOfKey(text: string, enclosing: readonly string[]): Role {
  return namesPlace(text) ? 'destination' : (enclosingRole(enclosing) ?? 'content');
}

/** The nearest of the names around a leaf, if that says where something goes, what opens or what runs. */
function enclosingRole(tokens: readonly string[]): Role | undefined {
  const name = tokens.findLast((token) => !isElement(token) && !FILLERS.has(token));
  const role = name === undefined ? undefined : roleOfName(wordsOf(name));
  return role === 'destination' || role === 'credential' || role === 'code' ? role : undefined;
}

function roleOfName(words: readonly string[]): Role {
  if (words.length === 1 && words[0] === 'code') return 'code';
  const last = words[words.length - 1] ?? '';
  if (IDENTIFYING.has(last)) return 'selector';
  const first = WORDS.find(([, known]) => words.some((word) => known.has(word)))?.[0] ?? 'selector';
  if (first !== 'content' && first !== 'destination') return first;
  const end = WORDS.find(([, known]) => known.has(last))?.[0];
  return end === 'content' || end === 'destination' ? end : first;
}

/** One of the values that the schema closes the argument to. */
function isChoice(text: string, property: Record<string, unknown>): boolean {
  const choices = Array.isArray(property['enum']) ? property['enum'] : [];
  return 'const' in property
    ? String(property['const']) === text
    : choices.some((choice) => String(choice) === text);
}

function isQuantity(word: string): boolean {
  return WORDS[WORDS.length - 1]![1].has(word);
}

function isTime(text: string): boolean {
  return text.length <= LONGEST_SCALAR && (DATE.test(text) || CLOCK.test(text) || NUMBER.test(text));
}

/** The name nearest to a leaf, and the property that the schema gives it. Elements of a list have the list's name. */
function propertyOf(
  tokens: readonly string[],
  schema: unknown,
): [name: string, property: Record<string, unknown>] {
  let name = '';
  let property = recordOf(schema);
  for (const token of tokens) {
    if (!isElement(token)) name = token;
    property = recordOf(isElement(token) ? property['items'] : recordOf(property['properties'])[token]);
  }
  return [name, property];
}

function isElement(token: string): boolean {
  return /^\d+$/.test(token);
}
