import { printable, reviewable } from '../json/printable.ts';
import { RecordingError } from '../recording/errors.ts';
import { parseCheckpoint, parseNote } from '../recording/note.ts';
import { checkInclusion, opened, type ProvedEntry, proofOfEntry } from '../recording/proofs/evidence.ts';
import { MAX_PROOF_BYTES, parseInclusion } from '../recording/proofs/proof-file.ts';
import { requireWitnesses } from '../recording/proofs/witness.ts';
import { type Entry, findSession, parseEntry } from '../recording/reader.ts';
import { refusing } from './log/proof.ts';
import { listOf, objectOf, originOf, refusalOf, timeOf, word } from './log-line.ts';
import {
  type Flags,
  numberFlag,
  type OptionTypes,
  readCommand,
  readNamedFile,
  UsageError,
} from './read-command.ts';
import { signersMeant, witnessPolicy } from './trust-meant.ts';

const USAGE = `usage: cordon receipt make [SESSION] --entry N
       cordon receipt show FILE
       cordon receipt verify FILE

  make     print the receipt of an allowed call: its entry, the proof that it is in the log, the signed checkpoint; the
           numbers of entries are those of cordon log show
  show     what a receipt says, without verifying it
  verify   the same, after verifying it with public keys alone

  --state DIR          where keys and logs lie (default: the system's state directory)
  --trusted-keys FILE  the public keys that may have signed (cordon keys show); without it the state directory's own
  --require-key        refuse to rely on the state directory's own key, unless CORDON_SIGNING_KEY_FILE chose it
  --witness-keys FILE  verify: the public keys of witnesses, who must have cosigned the checkpoint
  --witnesses K        how many of them (default: all)
  --json               for programs

A receipt holds digests of arguments, never arguments. Exit codes: 0; 1 refused by verify; 2 it could not be done.
`;

const OPTIONS: OptionTypes = {
  entry: { type: 'string' },
  'trusted-keys': { type: 'string' },
  'require-key': { type: 'boolean' },
  'witness-keys': { type: 'string' },
  witnesses: { type: 'string' },
};

const FLAGS: ReadonlyMap<string, readonly string[]> = new Map([
  ['make', ['entry', 'trusted-keys', 'require-key']],
  ['show', []],
  ['verify', ['trusted-keys', 'require-key', 'witness-keys', 'witnesses']],
]);

/** Makes, shows and verifies receipts of allowed calls. Exit codes: see the usage. */
export async function command(argv: string[]): Promise<number> {
  const read = (
    [action = '', what, ...more]: readonly string[],
    state: string,
    json: boolean,
    flags: Flags,
  ) => {
    const taken = FLAGS.get(action);
    if (taken === undefined || more.length > 0 || (action !== 'make' && what === undefined)) return undefined;
    const stray = Object.keys(flags).find((flag) => !taken.includes(flag));
    if (stray !== undefined) throw new UsageError(`${action} takes no --${stray}`);
    if (action === 'make') return make(state, what, flags);
    return action === 'show' ? show(what!, json) : verify(state, what!, json, flags);
  };
  return readCommand('receipt', USAGE, argv, read, OPTIONS);
}

function make(state: string, session: string | undefined, flags: Flags): number {
  const index = numberFlag(flags, 'entry');
  if (index === undefined) throw new UsageError('of which call? --entry N');
  const { directory } = findSession(state, session);
  const receipt = proofOfEntry(directory, signersMeant(state, flags), index, true);
  const entry = parseEntry(opened(() => parseInclusion(Buffer.from(receipt))).entry!);
  if (entry?.['verdict'] !== 'allow') {
    const refusal = entry && refusalOf(entry);
    const what = refusal === undefined ? `is no call, but ${word(entry?.kind)}` : `was ${refusal}`;
    throw new UsageError(
      `entry ${index} ${what}: cordon log prove proves it, a receipt is of an allowed call`,
    );
  }
  process.stdout.write(receipt);
  return 0;
}

function show(file: string, json: boolean): number {
  return refusing(() => {
    const { index, entry, checkpoint } = opened(() => parseInclusion(readNamedFile(file, MAX_PROOF_BYTES)));
    const { origin, size } = opened(() => parseCheckpoint(parseNote(Buffer.from(checkpoint)).text));
    print(
      linesOf(
        { origin, size, index, entry: entry ?? Buffer.alloc(0) },
        json,
        'NOT VERIFIED: cordon receipt verify',
      ),
    );
  });
}

function verify(state: string, file: string, json: boolean, flags: Flags): number {
  const bytes = readNamedFile(file, MAX_PROOF_BYTES);
  const signers = signersMeant(state, flags);
  const policy = witnessPolicy(flags);
  return refusing(() => {
    const { checkpoint, index, entry }: ProvedEntry = checkInclusion(bytes, signers, undefined);
    const witnesses = policy && requireWitnesses(Buffer.from(checkpoint.note), policy);
    const whose = flags['trusted-keys'] === undefined ? 'the key of this state directory' : 'a trusted key';
    const by = witnesses === undefined ? '' : `, cosigned by ${witnesses.join(', ')}`;
    const { origin, size } = checkpoint;
    print(linesOf({ origin, size, index, entry }, json, `verified: signed by ${whose}${by}`));
  });
}

interface Receipt {
  origin: string;
  size: number;
  index: number;
  entry: Buffer;
}

/** @throws RecordingError `proof-malformed` for what is no entry of an allowed call. */
function linesOf({ origin, size, index, entry }: Receipt, json: boolean, standing: string): string {
  const call = parseEntry(entry);
  if (call?.['verdict'] !== 'allow' || call.n !== index) {
    throw new RecordingError('proof-malformed', 'what it carries is not the entry of an allowed call');
  }
  if (json) return reviewable(JSON.stringify({ origin, size, index, entry: call }, undefined, 2));
  return factsOf(call, `${origin}, entry ${index} of ${size}`, standing).map(printable).join('\n');
}

/** What an entry of a call says, for a person. */
function factsOf(call: Entry, where: string, standing: string): string[] {
  const subject = [word(call['server']), word(call['tool'] ?? call['prompt'])].filter((part) => part !== '');
  const facts: [string, string][] = [
    ['call', `${subject.join('.')} (${call.kind}, event ${word(call['event'])})`],
    ['when', timeOf(call.time)],
    ['effect', [word(call['effect']), word(call['effectBy'])].filter(Boolean).join(', by ')],
    ['called as', word(call['descriptor'])],
    // What a person approved has the id of its question.
    ['allowed by', [word(call['rule']), word(call['id'])].filter(Boolean).join(', question ')],
    ...Object.entries(objectOf(call['content'])).map(([name, content]): [string, string] => {
      const { digest, bytes } = objectOf(content);
      return [name, `${word(digest)} (${word(bytes)} bytes)`];
    }),
    ...listOf(call['flows']).map((flow): [string, string] => ['carried', flowOf(objectOf(flow))]),
    ['log', where],
    ['standing', standing],
  ];
  const width = Math.max(...facts.map(([name]) => name.length)) + 2;
  return facts.filter(([, value]) => value !== '').map(([name, value]) => name.padEnd(width) + value);
}

function flowOf(flow: Record<string, unknown>): string {
  const from = objectOf(flow['from']);
  const label = [from['integrity'], from['confidentiality']].map(word).filter(Boolean).join(', ');
  return `${word(flow['argument']) || '/'} <- ${originOf(from)}, event ${word(from['event'])} (${label})`;
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
