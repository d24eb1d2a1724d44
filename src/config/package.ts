/** Programs that fetch a package and run it, with the words that may stand before its name. */
const RUNNERS: Readonly<Record<string, { registry: string; first?: string; skip: ReadonlySet<string> }>> = {
  npx: { registry: 'npm', skip: new Set(['-y', '--yes', '-q', '--quiet']) },
  bunx: { registry: 'npm', skip: new Set(['--bun', '-y']) },
  pnpx: { registry: 'npm', skip: new Set(['--silent']) },
  pnpm: { registry: 'npm', first: 'dlx', skip: new Set(['--silent']) },
  uvx: { registry: 'pypi', skip: new Set(['-q', '--quiet']) },
};

/** A name, and after it a version or a tag. An alias, a path or an address there would run something else. */
const SPEC = /^((?:@[a-z0-9][\w.-]{0,63}\/)?[a-z0-9][\w.-]{0,127}?)(?:(?:@|==)[\w.+~^-]{1,64})?$/;

/**
 * The package that a command starts, `npm/NAME` or `pypi/NAME`; undefined where the command does not say so in a form
 * that can be read in one way only.
 */
export function packageOf(command: string, args: readonly string[]): string | undefined {
  const program = command.replace(/\.cmd$/i, '');
  const runner = Object.hasOwn(RUNNERS, program) ? RUNNERS[program] : undefined;
  if (runner === undefined) return undefined;
  const words = runner.first === undefined ? args : args.slice(1);
  if (runner.first !== undefined && args[0] !== runner.first) return undefined;
  const name = SPEC.exec(words.find((word) => !runner.skip.has(word)) ?? '')?.[1];
  return name === undefined ? undefined : `${runner.registry}/${name}`;
}
