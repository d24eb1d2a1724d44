import { printable, reviewable } from '../../json/printable.ts';
import { RecordingError } from '../../recording/errors.ts';
import { checkIndex, type IndexCheck, type Standing } from '../../recording/index/index-check.ts';
import type { Flags } from '../read-command.ts';
import { signersMeant } from '../trust-meant.ts';

const SAID: Record<Standing['state'], string> = {
  closed: 'closed, and as it was',
  open: 'its end is not in the index: running, or broken off',
  vanished: 'VANISHED: the index saw it begin, and its folder is gone',
  changed: 'CHANGED: it is not the log that the index saw',
  unlisted: 'not in the index: older than the index, or taken out of it',
};

/** `cordon log index`. Exit codes: 0 all sessions are there; 1 one is not, or the index is bad; 3 one is not in it. */
export function index(state: string, _words: readonly string[], json: boolean, flags: Flags): number {
  const check = checkIndex(state, signersMeant(state, flags));
  if (check === undefined)
    throw new RecordingError('session-missing', `there is no index of sessions in ${state} yet`);
  process.stdout.write(
    `${json ? reviewable(JSON.stringify(check, undefined, 2)) : linesOf(check).join('\n')}\n`,
  );
  const states = new Set(check.sessions.map((one) => one.state));
  if (check.status === 'tampered' || states.has('vanished') || states.has('changed')) return 1;
  return states.has('unlisted') ? 3 : 0;
}

function linesOf({ status, size, sessions, fault }: IndexCheck): string[] {
  if (status === 'tampered') {
    const where = fault!.entry === undefined ? '' : `first bad entry ${fault!.entry}: `;
    return [`index: TAMPERED: ${where}${printable(`${fault!.file}: ${fault!.message}`)}`];
  }
  return [
    `index: its ${size} signed entries are intact`,
    ...sessions.map(({ session, state }) => printable(`  ${session}  ${SAID[state]}`)),
  ];
}
