// Text as tools give it, from a seed: logs, prose, code and JSON, with addresses, URLs, dates and identifiers in them.

let state = 20_261_120;

export function below(n) {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return Math.floor((state / 4294967296) * n);
}

const SYLLABLES = 'ta ren mo li ser con pa ver ing ed or es un the qui'.split(' ');

export const pick = (from) => from[below(from.length)];

export const hex = (n) => Array.from({ length: n }, () => below(16).toString(16)).join('');

/** Words as frequent as in a language: the i-th about 1/i of the time. */
const VOCABULARY = Array.from({ length: 20_000 }, () =>
  Array.from({ length: 1 + below(4) }, () => pick(SYLLABLES)).join(''),
);
const word = () => VOCABULARY[Math.floor(VOCABULARY.length ** (below(1000) / 1000))];

export const sentence = (n) => Array.from({ length: n }, word).join(' ');

export const address = () => `${word()}.${word()}${below(99)}@${word()}.invalid`;

/** Each kind by its name: gives so many bytes of it, or the value that so many bytes of JSON hold. */
export const KINDS = {
  log: (bytes) =>
    lines(bytes, () => {
      const time = `2026-11-${10 + below(20)}T${10 + below(13)}:${10 + below(49)}:${10 + below(49)}.${100 + below(899)}Z`;
      return `${time} INFO [${word()}-${below(32)}] "${sentence(4)}" id=${hex(12)} took ${below(5000)}ms`;
    }),
  prose: (bytes) => lines(bytes, () => `${sentence(5 + below(20))}, ${sentence(6)}. See ${address()}.`),
  code: (bytes) =>
    lines(
      bytes,
      () => `    const ${word()} = await ${word()}.${word()}(${word()}, { ${word()}: "${word()}" });`,
    ),
  'JSON in text': (bytes) => JSON.stringify(records(bytes), null, 2),
  structured: (bytes) => records(bytes),
};

function lines(bytes, line) {
  let text = '';
  while (text.length < bytes) text += `${line()}\n`;
  return text.slice(0, bytes);
}

function records(bytes) {
  return Array.from({ length: Math.ceil(bytes / 260) }, () => ({
    id: `${hex(8)}-${hex(4)}-${hex(4)}`,
    name: sentence(2),
    email: address(),
    url: `https://${word()}.invalid/${word()}/${below(9999)}?q=${word()}`,
    total: below(100_000) / 100,
    open: below(2) === 1,
    note: sentence(8),
  }));
}
