// An MCP server that keeps a ledger: the arguments of every call it receives, one line each, before it answers.
// Usage: node ledger.mjs FILE        The last line is `end`, written when its input ended.
import { appendFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

const file = process.argv[2];
const results = {
  initialize: {
    protocolVersion: '2025-06-18',
    capabilities: { tools: {} },
    serverInfo: { name: 'ledger', version: '1' },
  },
  'tools/list': { tools: [{ name: 'note', description: 'Notes.', inputSchema: { type: 'object' } }] },
  'tools/call': { content: [{ type: 'text', text: 'Noted. '.repeat(20) }] },
};

process.stdout.on('error', () => {});
createInterface({ input: process.stdin })
  .on('line', (line) => {
    const { id, method, params } = JSON.parse(line);
    if (method === 'tools/call') appendFileSync(file, `${JSON.stringify(params.arguments)}\n`);
    if (id !== undefined)
      process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', id, result: results[method] ?? {} })}\n`);
  })
  .on('close', () => appendFileSync(file, 'end\n'));
