import type { Judgement } from '../judgement.ts';

/**
 * Whether a call looked something up by a value that a text which steers names: who wrote that text has chosen what is
 * found, though he need not know its id. Reads are let through, so what they return has to tell.
 */
export function isSought({ effect, flows, facts }: Pick<Judgement, 'effect' | 'flows' | 'facts'>): boolean {
  if (effect !== 'read') return false;
  return flows.some(({ source, match, form, alone, common }, index) => {
    if (source.steers !== 'here' || source.label.integrity === 'trusted') return false;
    const isNamed = match === 'whole' && common !== true && !(form === 'field' && alone);
    return isNamed && facts.places[facts.flows[index]!.place]!.role === 'selector';
  });
}
