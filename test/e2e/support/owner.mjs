// A client that owns the pipes of a proxy and can be killed: it starts its arguments, shakes hands and waits.
// Prints the pid of what it started once the handshake was answered.
import { spawn } from 'node:child_process';

const [command, ...args] = process.argv.slice(2);
const server = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
server.stdin.write(
  '{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"owner","version":"1"}}}\n{"jsonrpc":"2.0","method":"notifications/initialized"}\n',
);
server.stdout.once('data', () => process.stdout.write(`${JSON.stringify({ started: server.pid })}\n`));
server.on('exit', () => process.exit(0));
