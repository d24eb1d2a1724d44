import type { Leaf, Role } from '../../event.ts';
import { tokensOf } from '../../json/pointer.ts';
import { recordOf } from '../sinks.ts';
import { wordsOf } from '../words.ts';

/**
 * Words of argument names, by what the argument is for. The first role with a word in the name decides, so that
 * `secret_url` is a credential and `message_to` a destination.
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
  // A name that the tool does not announce is said, like any other word.
  if (leaf.form === 'key') return 'content';
  const [name, property] = propertyOf(leaf.path, schema);
  const format = property['format'];
  if (format === 'uri' || format === 'email' || format === 'hostname' || format === 'iri')
    return 'destination';
  if (format === 'date' || format === 'date-time' || format === 'time')
    return isTime(leaf.text) ? 'scalar' : 'content';
  if (Array.isArray(property['enum']) || 'const' in property) return 'scalar';
  const words = wordsOf(name);
  if (words.length === 1 && words[0] === 'code') return 'code';
  if (IDENTIFYING.has(words[words.length - 1] ?? '')) return 'selector';
  const role = WORDS.find(([, known]) => words.some((word) => known.has(word)))?.[0] ?? 'selector';
  if (role === 'scalar') return isTime(leaf.text) || NUMBER.test(leaf.text) ? 'scalar' : 'content';
  if (role !== 'credential' && role !== 'code' && words.some(isQuantity) && isTime(leaf.text))
    return 'scalar';
  return role;
}

function isQuantity(word: string): boolean {
  return WORDS[WORDS.length - 1]![1].has(word);
}

function isTime(text: string): boolean {
  return text.length <= LONGEST_SCALAR && (DATE.test(text) || CLOCK.test(text) || NUMBER.test(text));
}

/** The name nearest to a leaf, and the property that the schema gives it. Elements of a list have the list's name. */
function propertyOf(path: string, schema: unknown): [name: string, property: Record<string, unknown>] {
  let name = '';
  let property = recordOf(schema);
  for (const token of tokensOf(path)) {
    const isElement = /^\d+$/.test(token);
    if (!isElement) name = token;
    property = recordOf(isElement ? property['items'] : recordOf(property['properties'])[token]);
  }
  return [name, property];
}
