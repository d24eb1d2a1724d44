import { printable } from '../json/printable.ts';
import { ownSigners } from '../recording/keys.ts';
import { findSession } from '../recording/reader.ts';
import { readTrustedSigners, type Signer } from '../recording/trust.ts';
import { type Verification, verifyLog } from '../recording/verify.ts';
import { type Flags, textFlag } from './read-command.ts';
import { runningSessions } from './status.ts';

/** `cordon log verify`. Exit codes: see the usage of `cordon log`. */
export function verify(state: string, [session]: readonly string[], json: boolean, flags: Flags): number {
  const result = verifyLog(findSession(state, session).directory, signersMeant(state, flags));
  const running = runningSessions(state).some((one) => one.session === result.session);
  process.stdout.write(
    `${json ? JSON.stringify({ ...result, running }, undefined, 2) : findingOf(result, running)}\n`,
  );
  // A log put back to an earlier checkpoint of its own is intact; that it has no end is all there is to see.
  if (result.status === 'ok' && !result.closed && !running) return 3;
  return { ok: 0, tampered: 1, unsigned: 3 }[result.status];
}

/** Those of `--trusted-keys`; without it the state directory's own, which prove nothing against who can write there. */
export function signersMeant(state: string, flags: Flags): Signer[] {
  const file = textFlag(flags, 'trusted-keys');
  return file === undefined ? ownSigners(state) : readTrustedSigners(file);
}

function findingOf(result: Verification, running: boolean): string {
  const { session, status, signed, unsigned, tornBytes, closed, fault } = result;
  if (status === 'tampered') {
    const where = fault!.entry === undefined ? '' : `first bad entry ${fault!.entry}: `;
    return `${session}: TAMPERED: ${where}${printable(`${fault!.file}: ${fault!.message}`)}`;
  }
  const intact = `${session}: ${signed} signed ${signed === 1 ? 'entry is' : 'entries are'} intact`;
  if (status === 'ok' && closed) return `${intact}; the session was closed`;
  if (status === 'ok' && running) return `${intact}; the session is running`;
  if (status === 'ok') {
    return `${intact}; UNFINISHED: the session was never closed: its process died, or what followed was taken away`;
  }
  const rest = [`${unsigned} ${unsigned === 1 ? 'entry' : 'entries'}`];
  if (tornBytes > 0) rest.push(`${tornBytes} torn bytes`);
  return `${intact}; UNSIGNED: ${rest.join(' and ')} after them: the session is running, or its process died`;
}
