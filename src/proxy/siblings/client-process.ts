import { execFileSync } from 'node:child_process';
import { readFileSync, readlinkSync } from 'node:fs';
import { sha256 } from '../../json/digest.ts';

/** A process between this one and the first, this one's parent first. */
export interface Ancestor {
  pid: number;
  /** See `startTimeOf`. */
  startTime: string;
  /** What its stdin is, in the system's words; undefined where that cannot be seen. */
  stdin: string | undefined;
  name: string;
}

/** Session ids that clients give their servers. A client that lost its conversation (`/clear`) may keep an old one. */
const SESSION_VARIABLES = ['CLAUDE_CODE_SESSION_ID', 'COPILOT_AGENT_SESSION_ID'];

/**
 * What this proxy's client session is known by; proxies that share a key are siblings. The client process joins those
 * of one client, the client's own session id those that it starts through helpers, which have another parent each.
 * Either is enough: a stale id must not part what one process started.
 */
export function sessionKeys(env: NodeJS.ProcessEnv = process.env): string[] {
  const keys: string[] = [];
  const client = clientOf(ancestors(), stdinOf('self'));
  if (client !== undefined) keys.push(`process ${client.pid} ${client.startTime}`);
  for (const name of SESSION_VARIABLES) if (env[name]) keys.push(`${name} ${env[name]}`);
  return keys.map((key) => sha256(key).slice('sha256:'.length, 39));
}

/**
 * The client among a process's ancestors: the nearest that does not have the process's own stdin. Shells and launchers
 * (`sh -c`, npx, uvx) hand on theirs; who made that pipe has its other end. Where stdin cannot be seen, launchers are
 * told by their names.
 */
export function clientOf(all: Iterable<Ancestor>, stdin: string | undefined): Ancestor | undefined {
  for (const one of all) {
    if (stdin === undefined ? !LAUNCHERS.test(one.name) : one.stdin !== stdin) return one;
  }
  return undefined;
}

const LAUNCHERS = /^-?(?:sh|bash|dash|zsh|fish|env|npm|npx|pnpm|yarn|bunx?|uvx?|pipx)\b/;
const MOST_ANCESTORS = 32;

/** From the nearest on, each looked at when it is asked for. */
function* ancestors(): Generator<Ancestor> {
  const look = process.platform === 'linux' ? fromProc : fromPs();
  let found = 0;
  for (let pid = process.ppid; pid > 1 && found++ < MOST_ANCESTORS; ) {
    const one = look(pid);
    if (one === undefined) return;
    yield one;
    pid = one.parent;
  }
}

type Look = (pid: number) => (Ancestor & { parent: number }) | undefined;

function fromProc(pid: number): ReturnType<Look> {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The command in parentheses may hold anything; fields are counted from behind it (proc(5)).
    const open = stat.indexOf('(');
    const close = stat.lastIndexOf(')');
    const fields = stat.slice(close + 2).split(' ');
    const name = stat.slice(open + 1, close);
    return { pid, parent: Number(fields[1]), startTime: fields[19]!, stdin: stdinOf(pid), name };
  } catch {
    return undefined;
  }
}

function stdinOf(pid: number | 'self'): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/fd/0`);
  } catch {
    return undefined;
  }
}

/** All processes at once: each look at one would start a program of its own. Windows has no such program. */
function fromPs(): Look {
  const all = new Map<number, NonNullable<ReturnType<Look>>>();
  try {
    const list = execFileSync('/bin/ps', ['-A', '-o', 'pid=,ppid=,lstart=,comm='], { encoding: 'utf8' });
    for (const line of list.split('\n')) {
      const [pid, parent, ...rest] = line.trim().split(/\s+/);
      const name = rest.slice(5).join(' ').replace(/^.*\//, '');
      all.set(Number(pid), {
        pid: Number(pid),
        parent: Number(parent),
        startTime: rest.slice(0, 5).join(' '),
        stdin: undefined,
        name,
      });
    }
  } catch {
    // Nobody is known then, and nothing is shared but what a session id joins.
  }
  return (pid) => all.get(pid);
}
