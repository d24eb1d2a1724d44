// How long a client waits at a start, with ten servers behind Cordon and with one: `npm run bench:many -- [--rounds N]`.
// From the start of the process to the answer to `initialize`, to the first list of tools, and to the list of all of
// them, which a client asks for again when it is told that tools have changed.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const self = fileURLToPath(import.meta.url);
const cordon = resolve(import.meta.dirname, '../dist/cordon.js');

/** A server with two tools that is up as soon as Node is. */
function serve() {
  const reply = (id, result) => process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', id, result })}\n`);
  const tools = ['fetch', 'send'].map((name) => ({ name, inputSchema: { type: 'object' } }));
  createInterface({ input: process.stdin }).on('line', (line) => {
    const { id, method, params } = JSON.parse(line);
    const { protocolVersion } = params ?? {};
    const serverInfo = { name: 'quick', version: '1' };
    if (method === 'initialize') reply(id, { protocolVersion, capabilities: { tools: {} }, serverInfo });
    else if (method === 'tools/list') reply(id, { tools });
    else if (id !== undefined) reply(id, {});
  });
}

/** One start: milliseconds until each of the three. */
function start(config, state, tools) {
  return new Promise((done, fail) => {
    const began = performance.now();
    const took = {};
    const child = spawn(process.execPath, [cordon, 'run', '--config', config, '--state', state], {
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    const send = (message) => child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
    const list = () => send({ id: 1, method: 'tools/list' });
    const timer = setTimeout(() => fail(new Error('no list of all tools within 30 s')), 30_000);
    createInterface({ input: child.stdout }).on('line', (line) => {
      const { id, result, method } = JSON.parse(line);
      const now = performance.now() - began;
      if (id === 0) {
        took.initialize = now;
        send({ method: 'notifications/initialized' });
        list();
      } else if (id === 1) {
        took.list ??= now;
        if (result.tools.length < tools) return;
        took.all = now;
        clearTimeout(timer);
        child.stdin.end();
      } else if (method === 'notifications/tools/list_changed') list();
    });
    child.on('close', () => done(took));
    const clientInfo = { name: 'bench', version: '1' };
    send({
      id: 0,
      method: 'initialize',
      params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo },
    });
  });
}

async function measure(rounds) {
  const work = mkdtempSync(join(tmpdir(), 'cordon-many-'));
  try {
    const sides = [1, 10].map((count) => {
      const folder = mkdtempSync(join(work, `${count}-`));
      const entry = { command: process.execPath, args: [self, 'serve'] };
      const mcpServers = Object.fromEntries(Array.from({ length: count }, (_, i) => [`server${i}`, entry]));
      const config = join(folder, 'mcp.json');
      writeFileSync(config, JSON.stringify({ mcpServers }));
      return { config, state: join(folder, 'state'), tools: 2 * count, taken: [] };
    });
    // In turns, so that whatever else the machine does meets both; the first start of each meets its servers anew.
    for (let round = -1; round < rounds; round++) {
      for (const side of sides) {
        const taken = await start(side.config, side.state, side.tools);
        if (round >= 0) side.taken.push(taken);
      }
    }
    report(sides);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function report([one, ten]) {
  const row = (name, key) => {
    const [single, many] = [one, ten].map(({ taken }) => median(taken.map((round) => round[key])));
    return `| ${name} | ${single.toFixed(0)} | ${many.toFixed(0)} | ${(many - single).toFixed(0)} |\n`;
  };
  process.stdout.write(
    `\n| ms from the start of the process, medians of ${one.taken.length} | one server | ten servers | more |\n` +
      '| --- | ---: | ---: | ---: |\n' +
      row('answer to `initialize`', 'initialize') +
      row('first list of tools', 'list') +
      row('list of all tools', 'all'),
  );
}

function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}

if (process.argv[2] === 'serve') serve();
else {
  const { values } = parseArgs({ options: { rounds: { type: 'string', default: '15' } } });
  await measure(Number(values.rounds));
}
