/** Longer words, and names of more parts, are seldom two people's by chance. */
const WORD = /^[a-z\u00c0-\u024f]{1,12}$/i;
const NAME = /^[a-z]{1,8}(?:_[a-z]{1,8}){1,2}$/;
const NUMBER = /^\d{1,6}(?:[.,]\d{1,2})?$/;
const TIME = /^(?:\d{4}-\d\d-\d\d)?[T ]?(?:\d{1,2}:\d\d(?::\d\d)?)?Z?$/;
/** Where anybody has a mailbox: that two texts name one says nothing; whose it is stands before it. */
const PROVIDERS = new Set(
  'gmail.com googlemail.com outlook.com hotmail.com live.com msn.com yahoo.com icloud.com me.com aol.com proton.me protonmail.com gmx.com gmx.de gmx.net web.de mail.com mail.ru yandex.ru qq.com 163.com zoho.com fastmail.com'.split(
    ' ',
  ),
);
/** `kXeZq`: no word is written so. */
const HUMP = /[a-z][A-Z]/;

/**
 * Whether a value says little about where it came from: one plain word (`business`, `Alice`), a name that programs
 * share (`user_id`), a number of few digits, a date or a time, a public mail provider. In pairs of arguments and results
 * of sessions that have nothing to do with each other, such values are nearly all that is found. None of what an
 * attacker needs to direct data somewhere is one: addresses, URLs, other hosts, paths, account numbers, ids and keys
 * have marks, or digits among letters, or many digits; a sentence has several words. So they are marked, not dropped: a
 * recipient called `Alice` may still be an attacker's choice, which other facts (the argument's role, where the value
 * stood) have to say.
 */
export function isCommon(value: string): boolean {
  const text = value.trim();
  if (PROVIDERS.has(text.toLowerCase())) return true;
  return (WORD.test(text) && !HUMP.test(text)) || NAME.test(text) || NUMBER.test(text) || TIME.test(text);
}
