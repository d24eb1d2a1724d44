import type { Step } from '../../mediation/tape/steps.ts';
import type { Entry } from '../../recording/reader.ts';
import { objectOf } from '../log-line.ts';
import { readNamedFile, UsageError } from '../read-command.ts';

/** What a server is to have answered: given here, or what another answer of the session held. */
type Replacement = { of: string } & ({ result: unknown } | { from: string });

const MAX_FILE_BYTES = 256 * 1024 * 1024;
const EXPECTED =
  'expected {"responses": [{"event" or "digest": which, "result": what it is to have held, or "from": the event or digest of another}]}';

/**
 * Reads which answers of servers are to be replaced, and by what.
 *
 * @throws UsageError
 */
export function readBehaviour(path: string): Replacement[] {
  const wrong = (what: string) => new UsageError(`${path}: ${what}; ${EXPECTED}`);
  let value: unknown;
  try {
    value = JSON.parse(readNamedFile(path, MAX_FILE_BYTES).toString('utf8'));
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw wrong('it is not JSON');
  }
  const { responses, ...others } = objectOf(value);
  if (!Array.isArray(responses) || responses.length === 0 || Object.keys(others).length > 0)
    throw wrong('it names no responses');
  return responses.map((response: unknown, index) => {
    const { event, digest, result, from, ...more } = objectOf(response);
    const of = event ?? digest;
    const isOne =
      (event === undefined) !== (digest === undefined) && (result === undefined) !== (from === undefined);
    if (typeof of !== 'string' || !isOne || Object.keys(more).length > 0) throw wrong(`response ${index}`);
    if (result !== undefined) return { of, result };
    if (typeof from !== 'string') throw wrong(`response ${index}`);
    return { of, from };
  });
}

/**
 * The payloads to take instead, by event.
 *
 * @throws UsageError for what is no answer of the session.
 */
export function payloadsOf(
  replacements: readonly Replacement[],
  entries: Iterable<Entry>,
  steps: Iterable<Step>,
): Map<string, unknown> {
  const events = new Map<unknown, string>();
  for (const { event, answers, content } of entries) {
    if (typeof event !== 'string' || answers === undefined) continue;
    events.set(event, event);
    events.set(objectOf(objectOf(content)['result'])['digest'], event);
  }
  const named = (name: string): string => {
    const event = events.get(name);
    if (event === undefined) throw new UsageError(`${name} is no response of this session`);
    return event;
  };
  const instead = new Map<string, unknown>();
  const sources = new Map<string, string[]>();
  for (const one of replacements) {
    const event = named(one.of);
    if ('result' in one) instead.set(event, one.result);
    else sources.set(named(one.from), [...(sources.get(named(one.from)) ?? []), event]);
  }
  if (sources.size === 0) return instead;
  for (const step of steps) {
    if (step.step === 'label')
      for (const event of sources.get(step.event) ?? []) instead.set(event, step.payload);
  }
  return instead;
}
