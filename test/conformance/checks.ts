import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Check {
  status: string;
  /** What the suite says of one that was not passed. */
  why: string;
}

/** What was checked, and how it ended. */
export type Checks = ReadonlyMap<string, Check>;

export interface Comparison {
  /** Checks that the server alone has a result for. */
  total: number;
  passed: { direct: number; through: number };
  /** Passed by the server alone, and not through Cordon. */
  lost: string[];
  /** Passed through Cordon only: as much of a difference, and one to look into. */
  gained: string[];
  /** Failed by the server alone; a warning is no failure. */
  failing: string[];
}

/** How a check that says something ended; the others only tell what was seen, or why there is nothing to check. */
const RESULTS = new Set(['SUCCESS', 'FAILURE', 'WARNING']);

/** Reads what the suite left in its output folder: a folder for each scenario, with `checks.json` in it. */
export function readChecks(folder: string): Checks {
  const checks = new Map<string, Check>();
  for (const name of readdirSync(folder).sort()) {
    const scenario = name.replace(/^server-/, '').replace(/-[0-9]{4}-[0-9]{2}-[0-9]{2}T.*$/, '');
    const all = JSON.parse(readFileSync(join(folder, name, 'checks.json'), 'utf8')) as {
      id: string;
      name: string;
      status: string;
      errorMessage?: string;
    }[];
    for (const { id, name: title, status, errorMessage: why = '' } of all) {
      if (!RESULTS.has(status)) continue;
      let key = `${scenario}: ${id} ${title}`;
      // Some are made several times, in the same order each run.
      for (let again = 2; checks.has(key); again++) key = `${scenario}: ${id} ${title} (${again})`;
      checks.set(key, { status, why });
    }
  }
  return checks;
}

export function compare(direct: Checks, through: Checks): Comparison {
  const ended = (checks: Checks, as: string): string[] =>
    [...checks.keys()].filter((key) => checks.get(key)?.status === as);
  const [passed, passedThrough] = [ended(direct, 'SUCCESS'), ended(through, 'SUCCESS')];
  return {
    total: direct.size,
    passed: { direct: passed.length, through: passedThrough.length },
    lost: passed.filter((key) => through.get(key)?.status !== 'SUCCESS'),
    gained: passedThrough.filter((key) => direct.get(key)?.status !== 'SUCCESS'),
    failing: ended(direct, 'FAILURE'),
  };
}
