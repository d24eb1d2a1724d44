import { index } from './log/index.ts';
import { exportLog, prune, seal } from './log/keep.ts';
import { check, consistency, prove } from './log/proof.ts';
import { grep, list, show, tail } from './log/read.ts';
import { report } from './log/report.ts';
import { verify } from './log/verify.ts';
import { attach, witness } from './log/witness.ts';
import { type Flags, type OptionTypes, readCommand, UsageError } from './read-command.ts';

const USAGE = `usage: cordon log ACTION [...] [--state DIR] [--json]

  list                     the recorded sessions, the newest first, and how much was denied, held back or approved in each
  show [SESSION]           what was refused or approved, then all its entries, one a line; what was not recorded (arguments,
                           results) is not there to show
  tail [SESSION] [--lines N] [--follow]
                           its last entries (20), and those that come until it is closed
  grep TEXT [SESSION] [--verdict allow|ask|deny]
                           entries that hold a text in any case, of all sessions or one; TEXT is no pattern
  verify [SESSION]         check every byte of a session's log against its signed checkpoint
  index                    check the machine's index of sessions, and that none of them vanished
  prove [SESSION] --entry N
                           print a proof that an entry is in the log (c2sp.org/tlog-proof)
  consistency OLD [SESSION]
                           print a proof that the log extends an older checkpoint of its own: the file that was kept
                           elsewhere, or a number of entries (c2sp.org/tlog-witness, add-checkpoint)
  check PROOF [FILE]       check such a proof, with public keys alone. FILE: the entry that is not in the proof, or the
                           older checkpoint
  witness REQUEST --trusted-keys FILE
                           cosign the checkpoint of another machine's log (c2sp.org/tlog-cosignature). REQUEST: what
                           consistency printed there, from the size that was cosigned last, at first 0
  cosign SESSION FILE [REQUEST] --witness-keys FILE
                           keep what witnesses printed. REQUEST: what they were asked with, where the session has gone on since
  export [SESSION] --format jsonl
                           print its entries as they were hashed, one a line, after verifying them
  report [SESSION]         print one page of HTML that needs nothing else: denials, flows from source to sink, time line
  seal [SESSION]           sign what a process that died left; the log then says that somebody else did
  prune --older-than TIME  drop the entries of closed sessions that ended so long ago (90d, 12h), keeping signed heads
                           and trees: what is left verifies, and so do proofs and receipts

SESSION is a session's id or the beginning of one; without it, the newest is meant. For prove and consistency, .index is
the index.
  --state DIR          where keys and logs lie (default: the system's state directory)
  --trusted-keys FILE  the public keys that may have signed, one a line as cordon keys show prints them. Without it they
                       are the state directory's own: whoever could write there could have put theirs in their place
  --require-key        refuse to rely on the state directory's own key, unless CORDON_SIGNING_KEY_FILE chose it
  --witness-keys FILE  verify and check: the public keys of witnesses, who must have cosigned the checkpoint, or an earlier
                       one of the log
  --witnesses K        how many of them (default: all)
  --json               for programs: list, verify, index, check, cosign, seal and prune print one object, show and tail one
                       entry a line, as recorded, grep {session, entry}. What prints a file prints it all the same

Exit codes of verify: 0 every entry is signed and intact; 1 something was changed, removed, added or moved, and the
first bad entry is named, or cosignatures are missing; 2 it could not be checked; 3 what is signed is intact, but
entries or torn bytes follow that are not signed or not cosigned, or the session has no end: its process died, or the log was put back
to an earlier state of its own.
verify cannot tell whether somebody who holds the private key rewrote the log; whether a whole session was removed, index
tells: 0 all are there; 1 one is not, or the index was changed; 3 one is not in it.
Of grep: 1 if there is no such entry. Of consistency, check, witness and cosign: 0 proved; 1 refused; 2 it could not be checked.
`;

/** Lists, shows, verifies and proves recorded sessions. Exit codes: see the usage. */
export async function command(argv: string[]): Promise<number> {
  const read = ([name = '', ...words]: readonly string[], state: string, json: boolean, flags: Flags) => {
    const action = ACTIONS.get(name);
    if (action === undefined || words.length > action.words) return undefined;
    const stray = Object.keys(flags).find((flag) => !action.flags.includes(flag));
    if (stray !== undefined) throw new UsageError(`${name} takes no --${stray}`);
    return action.run(state, words, json, flags);
  };
  return readCommand('log', USAGE, argv, read, OPTIONS);
}

interface Action {
  run: (state: string, words: readonly string[], json: boolean, flags: Flags) => number | undefined;
  /** How many words may follow. */
  words: number;
  flags: readonly string[];
}

const OPTIONS: OptionTypes = {
  'trusted-keys': { type: 'string' },
  'require-key': { type: 'boolean' },
  'witness-keys': { type: 'string' },
  witnesses: { type: 'string' },
  entry: { type: 'string' },
  format: { type: 'string' },
  'older-than': { type: 'string' },
  lines: { type: 'string' },
  follow: { type: 'boolean' },
  verdict: { type: 'string' },
};

const TRUST = ['trusted-keys', 'require-key'];
const WITNESSES = ['witness-keys', 'witnesses'];

const ACTIONS: ReadonlyMap<string, Action> = new Map<string, Action>([
  ['list', { run: list, words: 0, flags: [] }],
  ['show', { run: show, words: 1, flags: [] }],
  ['tail', { run: tail, words: 1, flags: ['lines', 'follow'] }],
  ['grep', { run: grep, words: 2, flags: ['verdict'] }],
  ['verify', { run: verify, words: 1, flags: [...TRUST, ...WITNESSES] }],
  ['index', { run: index, words: 0, flags: TRUST }],
  ['prove', { run: prove, words: 1, flags: ['entry', ...TRUST] }],
  ['consistency', { run: consistency, words: 2, flags: TRUST }],
  ['check', { run: check, words: 2, flags: [...TRUST, ...WITNESSES] }],
  ['export', { run: exportLog, words: 1, flags: ['format', ...TRUST] }],
  ['report', { run: report, words: 1, flags: TRUST }],
  ['seal', { run: seal, words: 1, flags: [] }],
  ['prune', { run: prune, words: 0, flags: ['older-than'] }],
  ['witness', { run: witness, words: 1, flags: ['trusted-keys'] }],
  ['cosign', { run: attach, words: 3, flags: ['witness-keys'] }],
]);
