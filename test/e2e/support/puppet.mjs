// An MCP server without a will of its own: what it reads goes to a socket, what comes from the socket it prints.
// Usage: node puppet.mjs SOCKET [node] [stubborn] [family]
//   node      nothing more
//   stubborn  survives the end of its input and SIGTERM
//   family    starts a child of its own, as npx does, that is as stubborn
import { spawn } from 'node:child_process';
import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';

const [path, ...flags] = process.argv.slice(2);
const stubborn = flags.includes('stubborn');

if (stubborn) {
  process.on('SIGTERM', () => {});
  process.on('SIGINT', () => {});
  process.on('SIGHUP', () => {});
  setInterval(() => {}, 60_000);
}
if (flags.includes('child')) {
  // A grandchild of the proxy: it holds the pipes that it inherited and does nothing.
  setInterval(() => {}, 60_000);
} else {
  if (flags.includes('family')) {
    spawn(
      process.execPath,
      [fileURLToPath(import.meta.url), path, 'child', ...(stubborn ? ['stubborn'] : [])],
      {
        stdio: ['ignore', 'inherit', 'inherit'],
      },
    );
  }
  const socket = connect(path);
  socket.on('error', () => process.exit(3));
  socket.on('close', () => {
    if (!stubborn) process.exit(0);
  });
  process.stdout.on('error', () => {});
  process.stdin.pipe(socket, { end: !stubborn });
  socket.pipe(process.stdout, { end: false });
}
