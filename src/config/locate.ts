import {
  createScanner,
  getNodeValue,
  type Node,
  type ParseError,
  parseTree,
  printParseErrorCode,
} from 'jsonc-parser';
import { ConfigError, dotted, type Problem, quote } from './error.ts';

/** Deeper files are refused before a recursive parser sees them. No client's configuration comes near. */
const MAX_DEPTH = 100;

const OPEN_BRACE = 1;
const CLOSE_BRACE = 2;
const OPEN_BRACKET = 3;
const CLOSE_BRACKET = 4;
const END = 17;

/** A parsed configuration that still knows where everything stood. */
export interface Located {
  /** Null-prototype objects, arrays and scalars. */
  value: unknown;
  /** The position of what is at `path`, or of the innermost parent that exists. `key`: of the member's name. */
  at(path: readonly PropertyKey[], key?: boolean): { line: number; column: number };
}

/**
 * The text of a configuration, JSON with comments and trailing commas, as a value with positions.
 *
 * What another parser could read as another value is an error here: duplicate members, and `__proto__`.
 *
 * @throws ConfigError with line and column. It never quotes the text around a syntax error, which may be a secret.
 */
export function locate(text: string, file: string): Located {
  const position = positions(text);
  const fail = (offset: number, path: string, message: string): never => {
    throw new ConfigError(file, [{ ...position(offset), path, message }]);
  };

  const deep = tooDeep(text);
  if (deep !== undefined) fail(deep, '', `nested deeper than ${MAX_DEPTH} levels`);

  const errors: ParseError[] = [];
  const root = parseTree(text, errors, { allowTrailingComma: true });
  const [first] = errors;
  if (first) fail(first.offset, '', `not valid JSON: ${words(printParseErrorCode(first.error))}`);
  if (!root) throw new ConfigError(file, [{ path: '', message: 'the file is empty' }]);

  const problems: Problem[] = [];
  ambiguous(root, [], (node, path, message) =>
    problems.push({ ...position(node.offset), path: dotted(path), message }),
  );
  if (problems.length > 0) throw new ConfigError(file, problems);

  return {
    value: getNodeValue(root),
    at: (path, key = false) => position(offsetOf(root, path, key)),
  };
}

/** Offset of the first bracket past the limit. A scan, since the parser itself recurses. */
function tooDeep(text: string): number | undefined {
  const scanner = createScanner(text, true);
  let depth = 0;
  for (let token: number = scanner.scan(); token !== END; token = scanner.scan()) {
    if (token === OPEN_BRACE || token === OPEN_BRACKET) depth++;
    else if (token === CLOSE_BRACE || token === CLOSE_BRACKET) depth--;
    if (depth > MAX_DEPTH) return scanner.getTokenOffset();
  }
  return undefined;
}

function ambiguous(
  node: Node,
  path: readonly PropertyKey[],
  report: (node: Node, path: readonly PropertyKey[], message: string) => void,
): void {
  const children = node.children ?? [];
  if (node.type === 'array') {
    children.forEach((child, i) => {
      ambiguous(child, [...path, i], report);
    });
  }
  if (node.type !== 'object') return;
  const seen = new Set<string>();
  for (const property of children) {
    const [key, value] = property.children ?? [];
    if (!key || !value) continue;
    const name = key.value as string;
    const here = [...path, name];
    if (seen.has(name)) report(key, here, `${quote(name)} is here twice: keep one of the two`);
    if (name === '__proto__')
      report(key, here, 'this name is read differently by different parsers: rename it');
    seen.add(name);
    ambiguous(value, here, report);
  }
}

function offsetOf(root: Node, path: readonly PropertyKey[], key: boolean): number {
  let node = root;
  for (const [i, step] of path.entries()) {
    const children = node.children ?? [];
    if (node.type === 'array') {
      const child = children[Number(step)];
      if (!child) break;
      node = child;
      continue;
    }
    const member = children.find((property) => property.children?.[0]?.value === step)?.children;
    if (!member?.[0] || !member[1]) break;
    if (key && i === path.length - 1) return member[0].offset;
    node = member[1];
  }
  return node.offset;
}

/** Line starts are found once: a file can hold as many problems as it has lines. */
function positions(text: string): (offset: number) => { line: number; column: number } {
  const starts = [0];
  for (const newline of text.matchAll(/\r\n|\n|\r/g)) starts.push(newline.index + newline[0].length);
  return (offset) => {
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if (starts[middle]! <= offset) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: offset - starts[low]! + 1 };
  };
}

/** `CloseBraceExpected` -> `close brace expected`. */
function words(code: string): string {
  return code.replace(/(?<=[a-z])(?=[A-Z])/g, ' ').toLowerCase();
}
