// A client by itself: starts its arguments and passes its stdin and stdout on, through pipes that it made.
import { spawn } from 'node:child_process';

const [command, ...args] = process.argv.slice(2);
const proxy = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
process.stdin.pipe(proxy.stdin);
proxy.stdout.pipe(process.stdout);
proxy.on('exit', (code) => process.exit(code ?? 1));
