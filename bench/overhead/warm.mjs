// The harness's upstream in a session that has read much: `warm.mjs node SCRIPT ...` runs the script in this process, so
// that there is no hop more, and has its first answers to calls carry realistic text beside their own, 10 MB in all. They
// are those that the harness warms up with; what it measures is answered by the script alone.
import { pathToFileURL } from 'node:url';
import { KINDS } from '../realistic.mjs';

const ANSWERS = 100;
const BYTES = 100_000;
const kinds = Object.keys(KINDS);

const { stdout } = process;
const write = stdout.write;
let given = 0;
stdout.write = (chunk, ...rest) => {
  const message = JSON.parse(chunk);
  if (message.result?.content === undefined) return write.call(stdout, chunk, ...rest);
  const value = KINDS[kinds[given % kinds.length]](BYTES);
  if (typeof value === 'string') message.result.content.push({ type: 'text', text: value });
  else message.result.structuredContent = { records: value };
  if (++given === ANSWERS) stdout.write = write;
  return write.call(stdout, `${JSON.stringify(message)}\n`, ...rest);
};

process.argv.splice(1, 2);
await import(pathToFileURL(process.argv[1]).href);
