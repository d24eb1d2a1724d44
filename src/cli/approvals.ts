import { Approvals } from '../config/approvals.ts';
import { ConfigError } from '../config/error.ts';
import type { HeldCall } from '../config/held-call.ts';
import { updateLock } from '../config/lock-file.ts';
import { flowId, remember } from '../config/remembered.ts';
import { printable, reviewable } from '../json/printable.ts';
import { callLines, groupsOf, questionLines } from './approvals/question.ts';
import { flowLines } from './fence.ts';
import { shell } from './pins.ts';
import { readCommand } from './read-command.ts';
import { runningSessions } from './status.ts';

const USAGE = `usage: cordon approvals list            [--state DIR] [--json]
       cordon approvals allow ID [--remember] [--state DIR] [--json]
       cordon approvals deny ID  [--state DIR] [--json]

Lists the calls that were held back until a person decides, and takes the decision. The ID stands in the refusal
(such as d-7f3a9c01).

  list    open questions: what would be sent, what of it is in question, where that was read, and by which rule
  allow   lets exactly this call through, once, in the session that asked, if it is made within 15 minutes;
          --remember lets the same through from now on, too: cordon flows list shows it, cordon flows revoke takes
          it back
  deny    closes the question, or takes back a yes that was not used; the call stays refused

  --state DIR  the state directory of the Cordon that asked (default: the system's)
  --json       for programs

Exit code: 0; 1 if no such question is open or it cannot be remembered; 2 if the command line or a file is wrong.
`;

/** Ids are made of hexadecimal digits; this one becomes the name of a file. */
const ID = /^d-[0-9a-f]{8}$/;

/** `cordon approvals`: shows what was held back, and takes a person's decisions. */
export async function command(argv: string[]): Promise<number> {
  return readCommand(
    'approvals',
    USAGE,
    argv,
    ([verb, id, ...more], state, json, flags) => {
      if (more.length > 0 || (flags['remember'] === true && verb !== 'allow')) return undefined;
      const desk = { approvals: new Approvals(state), state, json, now: Date.now() };
      if (verb === 'list' && id === undefined) return list(desk);
      if (id === undefined || !ID.test(id)) return undefined;
      if (verb === 'allow') return allow(desk, id, flags['remember'] === true);
      return verb === 'deny' ? deny(desk, id) : undefined;
    },
    { remember: { type: 'boolean' } },
  );
}

interface Desk {
  approvals: Approvals;
  state: string;
  json: boolean;
  /** Milliseconds since 1970. */
  now: number;
}

function list({ approvals, json, now }: Desk): number {
  const groups = groupsOf(approvals.open(now));
  return print(json, { questions: groups }, questionLines(groups, now));
}

function allow(desk: Desk, id: string, isForGood: boolean): number {
  const { approvals, state, json, now } = desk;
  const open = approvals.open(now);
  const call = open.find((one) => one.id === id);
  if (call === undefined) return notOpen(desk, id);
  if (isForGood && call.remember.length === 0) {
    const why =
      'nothing of it can be allowed from now on: a detector marked what was read, or nothing shows where it is from';
    process.stderr.write(`cordon approvals: ${why}. It can be allowed once, without --remember\n`);
    return 1;
  }
  // Whoever closes the question is the one to answer it.
  if (!approvals.close(id)) return notOpen(desk, id);
  if (isForGood && !rememberIn(call, now)) return 2;
  const until = approvals.grant(call, now);
  approvals.decide({ id, session: call.session, decision: 'allow', forGood: isForGood, at: now });
  for (const other of open) if (isAnswered(other, call, isForGood)) approvals.close(other.id);
  if (!runningSessions(state).some(({ session }) => session === call.session) && process.platform !== 'win32')
    process.stderr.write(
      'cordon approvals: the session that asked seems to be over: there, the call can no longer be made\n',
    );
  const remembered = isForGood ? call.remember.map((flow) => ({ id: flowId(flow), ...flow })) : [];
  return print(json, { allowed: { id, until: new Date(until).toISOString() }, remembered }, [
    `${id} is allowed, once, until ${new Date(until).toLocaleTimeString('en-GB')}. Exactly this call:`,
    ...callLines(call),
    'Have it made again now, in the same session. Any other is held back as before.',
    `To take this back: cordon approvals deny ${id}`,
    ...remembered.flatMap((flow) => [
      '',
      `From now on, as ${printable(call.lock)} says:`,
      ...flowLines(flow).map((line) => `  ${line}`),
      `To take this back: cordon flows revoke --lock ${shell(printable(call.lock))} ${flow.id}`,
    ]),
  ]);
}

function rememberIn(call: HeldCall, now: number): boolean {
  const said = { since: new Date(now).toISOString(), question: call.id };
  try {
    updateLock(call.lock, (lock) => remember(lock, call.remember, said));
    return true;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const then = 'The question is closed and nothing is allowed: have the call made again, to be asked again';
    process.stderr.write(`cordon approvals: ${printable(error.message)}. ${then}\n`);
    return false;
  }
}

/** The same call of the same session; where it is for good, whatever asks for the same. */
function isAnswered(other: HeldCall, call: HeldCall, isForGood: boolean): boolean {
  if (other.session === call.session && other.binding === call.binding) return true;
  return isForGood && JSON.stringify(other.remember) === JSON.stringify(call.remember);
}

function deny(desk: Desk, id: string): number {
  const { approvals, json, now } = desk;
  const open = approvals.open(now);
  const call = open.find((one) => one.id === id);
  const session = approvals.sessionOf(id);
  const wasOpen = approvals.close(id);
  const wasAllowed = approvals.revoke(id);
  if (!wasOpen && !wasAllowed) return notOpen(desk, id);
  if (session !== undefined) approvals.decide({ id, session, decision: 'deny', forGood: false, at: now });
  const same = call === undefined ? [] : open.filter((other) => isAnswered(other, call, false));
  for (const other of same) approvals.close(other.id);
  return print(json, { denied: id }, [
    wasOpen
      ? `${id} is closed: the call stays refused.`
      : `${id} is taken back. What it allowed from now on, if anything, stays: cordon flows list`,
  ]);
}

function notOpen({ state }: Desk, id: string): number {
  process.stderr.write(
    `cordon approvals: no question ${id} is open in ${printable(state)}: it was answered, or is more than a day old, ` +
      'or too many came after it, or the Cordon that asked was started with another --state. Have the call made again, ' +
      'to be asked again\n',
  );
  return 1;
}

function print(json: boolean, value: unknown, lines: readonly string[]): number {
  const text = json ? reviewable(JSON.stringify(value, undefined, 2)) : lines.map(printable).join('\n');
  process.stdout.write(`${text}\n`);
  return 0;
}
