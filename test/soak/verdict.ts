import type { Figures } from './soak.ts';

/** What the log may have open at one time and not at another: fewer than the pipes of one server. */
const SPARE_DESCRIPTORS = 2;

/** What is wrong with a run of so many calls, of which `mostDown` may find their server down; empty if nothing is. */
export function verdictOn(figures: Figures, calls: number, mostDown = calls / 5): string[] {
  const faults = [...figures.faults];
  const count = (counts: Record<string, number>) => Object.values(counts).reduce((all, one) => all + one, 0);
  const answered = count(figures.answered);
  const down = count(figures.down);
  if (answered + down < calls) faults.push(`${answered} calls answered and ${down} refused of ${calls}`);
  if (down > mostDown) faults.push(`${down} of ${calls} calls found no server`);
  const [early, late] = figures.descriptors;
  if (late - early > SPARE_DESCRIPTORS) faults.push(`${late} descriptors at the end, ${early} before`);
  if (figures.orphans > 0) faults.push(`${figures.orphans} processes left`);
  if (!figures.logVerified) faults.push('the log does not verify');
  return faults;
}
