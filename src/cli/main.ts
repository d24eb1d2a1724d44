const COMMANDS: Record<string, () => Promise<{ command(argv: string[]): Promise<number> }>> = {
  run: () => import('./run.ts'),
  approvals: () => import('./approvals.ts'),
  demo: () => import('./demo.ts'),
  flows: () => import('./flows.ts'),
  keys: () => import('./keys.ts'),
  log: () => import('./log.ts'),
  pins: () => import('./pins.ts'),
  policy: () => import('./policy.ts'),
  'print-config': () => import('./print-config.ts'),
  receipt: () => import('./receipt.ts'),
  replay: () => import('./replay.ts'),
  status: () => import('./status.ts'),
  why: () => import('./why.ts'),
};

const USAGE = `usage: cordon COMMAND [...]

  run           serve MCP servers through Cordon, over stdin and stdout
  print-config  print the configuration to paste into a client
  status        what is running, what is withheld and what waits for an answer
  pins          list, diff, approve or revoke what servers advertise
  policy        what Cordon thinks of each tool, as a draft to edit, and why
  approvals     list, allow or deny calls that were held back
  flows         list, diff or revoke what was allowed from now on
  why ID        the evidence of a refusal, and what would allow just this
  log           list, show, verify or prove recorded sessions
  replay        judge recorded sessions again, as they were or under another policy
  receipt       make, show or verify the receipt of an allowed call
  keys          make, show, replace or check the keys that sign them
  demo          the attack, without Cordon and with it
`;

async function main([name = '', ...argv]: string[]): Promise<number> {
  if (name === '--version') {
    const { VERSION } = await import('../config/version.ts');
    process.stdout.write(`${VERSION}\n`);
    return 0;
  }
  if (name === '--help' || name === '-h' || name === 'help') {
    process.stdout.write(USAGE);
    return 0;
  }
  if (!Object.hasOwn(COMMANDS, name)) {
    const { printable } = await import('../json/printable.ts');
    process.stderr.write(`${name === '' ? '' : `cordon: no such command: ${printable(name)}\n\n`}${USAGE}`);
    return 2;
  }
  if (name !== 'run') {
    process.stdout.on('error', stopped);
    process.stderr.on('error', () => {});
  }
  const { command } = await COMMANDS[name]!();
  return command(argv);
}

/** `cordon log show | head` is no failure; a proof that is not on the disk is one. */
function stopped({ code, message }: NodeJS.ErrnoException): void {
  if (code === 'EPIPE') process.exit();
  process.stderr.write(`cordon: what was to be printed cannot be written: ${message}\n`);
  process.exit(2);
}

const argv = process.argv.slice(2);
void main(argv).then((code) => {
  process.exitCode = code;
  // A proxy is done when it says so, whatever a server's grandchildren still hold open.
  if (argv[0] === 'run') process.exit();
});
