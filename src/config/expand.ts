/** A variable that is not set and has no default, or one that only the client could fill in. */
export class ExpandError extends Error {
  override name = 'ExpandError';
}

const VARIABLE = /^(?:env:)?([A-Za-z_][A-Za-z0-9_]*)(?::-([\s\S]*))?$/;
const CLIENTS_OWN = /^[A-Za-z]+:/;

/**
 * The text with `${X}` and `${X:-default}` replaced from `variables`; `${env:X}`, as Cursor and VS Code write it, is
 * the same. As in a shell, a default also stands in for an empty value, and reaches to the first `}`. What was put in
 * is not expanded again. Anything else in braces (`${X%.*}` of a script in `args`) is left as it is.
 *
 * @throws ExpandError naming the variable that is not set, or a form such as `${input:id}` that only a client knows.
 */
export function expand(text: string, variables: Readonly<Record<string, string | undefined>>): string {
  let out = '';
  let from = 0;
  for (let start = text.indexOf('${'); start >= 0; start = text.indexOf('${', from)) {
    const end = text.indexOf('}', start);
    if (end < 0) break;
    const inner = text.slice(start + 2, end);
    out += text.slice(from, start) + (replacement(inner, variables) ?? text.slice(start, end + 1));
    from = end + 1;
  }
  return out + text.slice(from);
}

function replacement(
  inner: string,
  variables: Readonly<Record<string, string | undefined>>,
): string | undefined {
  const [, name, fallback] = VARIABLE.exec(inner) ?? [];
  if (name === undefined) {
    if (CLIENTS_OWN.test(inner)) {
      throw new ExpandError(
        `\${${inner.slice(0, 60)}} is filled in by the client alone: write the value itself`,
      );
    }
    return undefined;
  }
  const value = Object.hasOwn(variables, name) ? variables[name] : undefined;
  if (fallback !== undefined) return value || fallback;
  if (value === undefined) {
    throw new ExpandError(
      `the environment variable ${name.slice(0, 60)} is not set: set it, or give a default with \${${name.slice(0, 60)}:-default}`,
    );
  }
  return value;
}
