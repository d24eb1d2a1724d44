import type { Leaf } from '../event.ts';

/** Longer texts can hold anything. */
const LONGEST_HARMLESS = 23;
const LONGEST_HARMLESS_NUMBER = 7;

/** What names a destination or a credential: addresses, paths, hosts, and five digits with at most two marks between. */
const NAMING = /[@/\\:]|\p{L}\.\p{L}|\p{Nd}(?:[ ().-]{0,2}\p{Nd}){4}/u;

/**
 * Whether a leaf could hold what a forgotten source said, now that nothing can be ruled out. Short words and numbers
 * name nothing that a page could steer to; all else is held to be tainted.
 */
export function couldBeForgotten({ text, form }: Leaf): boolean {
  if (form === 'number') return text.length > LONGEST_HARMLESS_NUMBER;
  return text.length > LONGEST_HARMLESS || NAMING.test(text.normalize('NFKC'));
}
