import { isNetworkUri } from '../effects/addresses.ts';

const LONGEST = 2048;
const ADDRESS = /[^\s@<>]{1,64}@[^\s@<>]{1,255}/;
const BARE_HOST = /^(?:www\.)[^\s]/i;
/** Account and card numbers, telephone numbers: eight digits or more with marks between, a country's letters in front. */
const NUMBERED = /(?:^|[^\w])(?:[A-Z]{2}\d{2}[ \dA-Z]{6,40}|\+?\d(?:[ .()/-]?\d){7,30})(?![\w])/;

/** Whether a text names somewhere to go: an address on the network, a mailbox, an account, a telephone. */
export function namesPlace(text: string): boolean {
  const some = text.length > LONGEST ? text.slice(0, LONGEST) : text;
  return isNetworkUri(some) || BARE_HOST.test(some.trim()) || ADDRESS.test(some) || NUMBERED.test(some);
}

const LONGEST_ACCOUNT = 64;

/** Whether a text is the number of an account, a card or a telephone, and not a longer one that holds some number. */
export function isAccount(text: string): boolean {
  return text.length <= LONGEST_ACCOUNT && !isNetworkUri(text) && NUMBERED.test(text);
}
