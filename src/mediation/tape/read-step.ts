import type { Step } from './steps.ts';

/** A line of a tape is no step; the message says why. */
export class TapeFault extends Error {
  override name = 'TapeFault';
}

/** Members of each kind of step that have to be there, by what they are. */
const MEMBERS: Readonly<
  Record<Step['step'], Readonly<Record<string, 'string' | 'number' | 'boolean' | 'object'>>>
> = {
  describe: { server: 'string', kind: 'string', values: 'object', now: 'string' },
  recheck: { now: 'string' },
  judge: { event: 'string', server: 'string', method: 'string' },
  answer: { event: 'string', server: 'string', method: 'string' },
  approve: { event: 'string' },
  label: { event: 'string', server: 'string', channel: 'string', origin: 'string' },
  learn: { event: 'string' },
  settle: { bytes: 'number' },
  remember: { flows: 'object' },
  prompt: { text: 'string' },
  join: {},
  tools: { names: 'object' },
  testify: { leaves: 'object', standing: 'object' },
  offer: { leaves: 'object', read: 'object', standing: 'object' },
  lock: { lock: 'object', merged: 'boolean' },
};

/**
 * The step that a line of a tape holds.
 *
 * @throws TapeFault for one of another version.
 */
export function readStep(line: string): Step {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw new TapeFault('a line of the tape is not JSON');
  }
  const step = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>;
  const name = String(step['step']);
  if (!Object.hasOwn(MEMBERS, name))
    throw new TapeFault('the tape holds a step that this version does not know');
  for (const [member, type] of Object.entries(MEMBERS[name as Step['step']])) {
    if (typeof step[member] !== type || step[member] === null)
      throw new TapeFault(`a step ${name} without its ${member}`);
  }
  return value as Step;
}
