// An upstream that follows a script: `scripted.mjs SCRIPT LOG`. The n-th line of the client is answered with the lines
// that the script has for it, whatever it says; what came is written to LOG. What Cordon asks on its own behalf has
// ids of Cordon's own, gets the lists of the script and counts as nothing.
import { openSync, readFileSync, writeSync } from 'node:fs';

const [, , scriptFile, logFile] = process.argv;
const { reactions, lists } = JSON.parse(readFileSync(scriptFile, 'utf8'));
const log = openSync(logFile, 'w');
let count = 0;
let pending = [];

function take(line) {
  const own = /^\{"jsonrpc":"2\.0","id":("cordon-[\w-]+"),"method":"([\w/]+)"/.exec(line);
  if (own !== null) {
    const [, id, method] = own;
    process.stdout.write(`{"jsonrpc":"2.0","id":${id},"result":${lists[method] ?? '{}'}}\n`);
    return;
  }
  writeSync(log, `${line}\n`);
  const lines = reactions[count++] ?? [];
  if (lines.length > 0) process.stdout.write(`${lines.join('\n')}\n`);
}

process.stdin.on('data', (chunk) => {
  let from = 0;
  for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, from)) {
    pending.push(chunk.subarray(from, end));
    take(Buffer.concat(pending).toString('utf8'));
    pending = [];
    from = end + 1;
  }
  if (from < chunk.length) pending.push(chunk.subarray(from));
});
process.stdin.on('end', () => process.exit(0));
process.stdout.on('error', () => process.exit(0));
