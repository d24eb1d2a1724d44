import { readEntries } from '../../recording/reader.ts';
import { verifyLog } from '../../recording/verify.ts';
import type { Flags } from '../read-command.ts';
import { isRunning } from '../status.ts';
import { signersMeant } from '../trust-meant.ts';
import { unpruned } from './read.ts';
import { reportPage } from './report-page.ts';
import { findingOf } from './verify.ts';

/** `cordon log report`: a page on stdout. Exit code 1 if the log is not intact, which the page says first. */
export function report(state: string, [session]: readonly string[], _json: boolean, flags: Flags): number {
  const { id, directory } = unpruned(state, session);
  const result = verifyLog(directory, signersMeant(state, flags));
  const running = isRunning(state, id);
  const page = reportPage({
    session: id,
    finding: findingOf(result, running),
    intact: result.status === 'ok' && (result.closed || running),
    entries: () => readEntries(directory),
  });
  for (const piece of page) process.stdout.write(piece);
  return result.status === 'tampered' ? 1 : 0;
}
