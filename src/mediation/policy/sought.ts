import type { Judgement } from '../judgement.ts';

/**
 * Whether a call looked something up by a value that a text which steers names: who wrote that text has chosen what is
 * found, though he need not know its id, and so what is found by that. Reads are let through, so what they return has to
 * tell.
 */
export function isSought({ effect, flows, facts }: Pick<Judgement, 'effect' | 'flows' | 'facts'>): boolean {
  if (effect !== 'read') return false;
  return flows.some(({ source, match, form, alone, common }, index) => {
    if (source.label.integrity === 'trusted' || match !== 'whole' || common === true) return false;
    const isField = form === 'field' && alone;
    const isChosen = source.steers === 'sought' || (source.steers === 'here' && !isField);
    return isChosen && facts.places[facts.flows[index]!.place]!.role === 'selector';
  });
}
