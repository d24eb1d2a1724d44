const MOST_ROWS = 65_536;
const MOST_COLUMNS = 256;
const LONGEST_LINE = 65_536;
/** A line with commas is a sentence until another two have as many. */
const FEWEST_ROWS = 3;

/**
 * A text that as a whole is one table: Markdown with its ruler, or CSV (RFC 4180), semicolons and tabs with as many
 * cells in every row. Rows of cells; undefined for anything else. One pass.
 */
export function readTable(text: string): string[][] | undefined {
  if (!mayBeTable(text)) return undefined;
  const body = text.trim();
  if (body.startsWith('|')) return markdown(body.split(/\r?\n/, MOST_ROWS + 1));
  const first = body.slice(0, body.indexOf('\n'));
  for (const separator of ['\t', ';', ',']) {
    const rows = first.includes(separator) ? separated(body, separator) : undefined;
    if (rows !== undefined) return rows;
  }
  return undefined;
}

/** The first lines tell most texts that are none: a bar in front, or a separator in both. */
function mayBeTable(text: string): boolean {
  const start = text.length - text.trimStart().length;
  if (text[start] === '|') return true;
  const end = text.indexOf('\n', start);
  if (end < 0) return false;
  const [first, second] = [text.slice(start, end), text.slice(end + 1, end + 1 + LONGEST_LINE)];
  return ['\t', ';', ','].some((one) => first.includes(one) && second.includes(one));
}

function markdown(lines: readonly string[]): string[][] | undefined {
  if (lines.length < 2 || lines.length > MOST_ROWS) return undefined;
  const rows: string[][] = [];
  for (const [i, line] of lines.entries()) {
    const bare = line.trim();
    if (!bare.startsWith('|')) return undefined;
    const cells = bare
      .slice(1, bare.endsWith('|') ? -1 : undefined)
      .split('|', MOST_COLUMNS)
      .map((cell) => cell.trim());
    if (i === 1) {
      if (!cells.every((cell) => /^:?-{1,64}:?$/.test(cell))) return undefined;
    } else rows.push(cells);
  }
  return rows;
}

/** Rows of the same number of cells, two at least; a quoted cell may hold separators and line breaks. */
function separated(text: string, separator: string): string[][] | undefined {
  const rows: string[][] = [];
  let row: string[] = [];
  for (let at = 0; at <= text.length; ) {
    const [cell, end] = text[at] === '"' ? quoted(text, at) : bare(text, at, separator);
    if (end < 0) return undefined;
    // Behind a comma or a semicolon of a sentence stands a blank.
    if (separator !== '\t' && text[at] === ' ') return undefined;
    row.push(cell);
    if (text[end] === separator && row.length < MOST_COLUMNS) {
      at = end + 1;
      continue;
    }
    const next = text[end] === '\r' ? end + 1 : end;
    if (next < text.length && text[next] !== '\n') return undefined;
    if (row.length < 2 || rows.length === MOST_ROWS) return undefined;
    if (rows.length > 0 && rows[0]!.length !== row.length) return undefined;
    rows.push(row);
    row = [];
    at = next + 1;
  }
  return rows.length < FEWEST_ROWS ? undefined : rows;
}

function bare(text: string, from: number, separator: string): [cell: string, end: number] {
  let end = from;
  while (end < text.length && text[end] !== separator && text[end] !== '\n' && text[end] !== '\r') end++;
  return [text.slice(from, end).trim(), end];
}

function quoted(text: string, from: number): [cell: string, end: number] {
  for (let at = from + 1; at < text.length; at++) {
    if (text[at] !== '"') continue;
    if (text[at + 1] === '"') at++;
    else return [text.slice(from + 1, at).replaceAll('""', '"'), at + 1];
  }
  return ['', -1];
}
