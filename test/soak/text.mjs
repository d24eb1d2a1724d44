// Text that is told from its key alone, so that whoever asked knows what has to come.
const WORDS =
  'amber basalt cedar delta ember fjord glacier harbour island juniper kelp lagoon meadow nectar orchard pebble quartz ridge slate tundra umbel valley willow yarrow zephyr'.split(
    ' ',
  );

/** Words that only this key gives, of at least so many characters. */
export function textOf(key, length) {
  let seed = 0;
  for (let i = 0; i < key.length; i++) seed = (Math.imul(seed, 31) + key.charCodeAt(i)) >>> 0;
  const words = [key];
  for (let size = key.length; size < Math.min(length, 10_000); ) {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    const word = `${WORDS[seed % WORDS.length]}${seed % 997}`;
    words.push(word);
    size += word.length + 1;
  }
  const page = words.join(' ');
  return length <= page.length ? page : `${page}\n`.repeat(Math.ceil(length / (page.length + 1)));
}
