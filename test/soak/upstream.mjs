// A server of the soak: `upstream.mjs NAME MARK`. It answers at once, except for what it never answers, and at times it
// does not read. It has a child of its own, as a server that npx started has.
import { spawn } from 'node:child_process';
import { textOf } from './text.mjs';

const [, , name, mark] = process.argv;
/** After so many lines it stops reading for a while: whoever writes has to wait. */
const LINES = 3000;
const PAUSE_MS = 200;
const MB10 = 10 * 1024 * 1024;

if (mark !== undefined) {
  spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)', mark], { stdio: 'ignore' });
}

const key = { type: 'object', properties: { key: { type: 'string' } } };
const tools = ['word', 'page', 'file', 'length', 'steps', 'failure', 'nothing'].map((what) => ({
  name: `get_${what}`,
  description: `Gives a ${what}`,
  inputSchema: key,
  annotations: { readOnlyHint: true, openWorldHint: false },
}));
const send = (message) => process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
const text = (words) => ({ content: [{ type: 'text', text: words }] });

function call({ name: tool, arguments: args, _meta }) {
  switch (tool) {
    case 'get_word':
      return text(`${name} ${args.key}`);
    case 'get_page':
      return text(textOf(args.key, 10_000));
    case 'get_file':
      return text(textOf(args.key, MB10));
    case 'get_length':
      return text(`${name} ${args.key.length}`);
    case 'get_steps':
      for (let progress = 1; progress <= 3; progress++) {
        send({ method: 'notifications/progress', params: { progressToken: _meta.progressToken, progress } });
      }
      return text(`${name} ${args.key}`);
    case 'get_failure':
      return { ...text(`${name} ${args.key}`), isError: true };
    default:
      return undefined;
  }
}

function answer(method, params) {
  switch (method) {
    case 'initialize':
      return {
        protocolVersion: params.protocolVersion,
        capabilities: { tools: {}, prompts: {}, resources: {} },
        serverInfo: { name, version: '1' },
      };
    case 'tools/list':
      return { tools };
    case 'tools/call':
      return call(params);
    case 'prompts/list':
      return { prompts: [{ name: 'greet' }] };
    case 'prompts/get':
      return { messages: [{ role: 'user', ...text(`${name} ${params.arguments.key}`) }] };
    case 'resources/list':
      return { resources: [{ uri: `soak://${name}`, name }] };
    case 'resources/read':
      return { contents: [{ uri: params.uri, text: `${name} ${params.uri}` }] };
    case 'resources/templates/list':
      return { resourceTemplates: [] };
    default:
      return {};
  }
}

let pending = [];
let lines = 0;
function take(line) {
  const { id, method, params = {} } = JSON.parse(line);
  if (id === undefined || method === undefined) return;
  const result = answer(method, params);
  if (method === 'prompts/get') result.messages[0].content = result.messages[0].content[0];
  if (result !== undefined) send({ id, result });
  if (++lines % LINES === 0) {
    process.stdin.pause();
    setTimeout(() => process.stdin.resume(), PAUSE_MS);
  }
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
