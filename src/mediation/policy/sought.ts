import type { Steering } from '../../event.ts';
import type { Judgement } from '../judgement.ts';

/**
 * Whether a call looked something up by a value that a text which steers names (`sought`), or went to an address that
 * stands in one (`led`), though a browser that goes there does not only read. Who wrote that text has chosen what is
 * found, though he need not know its id, and so what is found by that. Reads are let through, so what they return has to
 * tell. What the user pointed at may lead on.
 */
export function choiceOf({
  effect,
  flows,
  facts,
}: Pick<Judgement, 'effect' | 'flows' | 'facts'>): Extract<Steering, 'sought' | 'led'> | undefined {
  const looksUp = effect === 'read' || facts.reads;
  let isLed = false;
  for (const [index, { source, match, form, alone, common }] of flows.entries()) {
    if (source.label.integrity === 'trusted' || match === 'span' || common === true) continue;
    const isField = form === 'field' && alone;
    const { role } = facts.places[facts.flows[index]!.place]!;
    if (source.steers === 'sought' || (source.steers === 'here' && !isField)) {
      if (role === 'selector' && looksUp) return 'sought';
      if (role === 'destination' && source.asked !== true) isLed = true;
    } else if (source.steers === 'led' && role === 'destination') isLed = true;
  }
  return isLed ? 'led' : undefined;
}
