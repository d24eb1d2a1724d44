export interface Cell {
  text: string;
  paint?: (text: string) => string;
}

/**
 * One row as lines of text: each cell wrapped at words into its column, two blanks between columns. Widths are
 * UTF-16 code units, so for text of single-width characters.
 */
export function row(cells: readonly Cell[], widths: readonly number[]): string[] {
  const wrapped = cells.map((cell, i) => wrap(cell.text, widths[i]!));
  const height = Math.max(...wrapped.map((lines) => lines.length));
  return Array.from({ length: height }, (_, at) =>
    cells
      .map((cell, i) => {
        const text = wrapped[i]![at] ?? '';
        const padding = i === cells.length - 1 ? '' : ' '.repeat(widths[i]! - text.length);
        return (cell.paint?.(text) ?? text) + padding;
      })
      .join('  ')
      .trimEnd(),
  );
}

/** The text in lines of at most `width`; a longer word is cut. Line breaks in it are kept. */
export function wrap(text: string, width: number): string[] {
  return text.split('\n').flatMap((paragraph) => {
    const lines: string[] = [];
    let line = '';
    for (let word of paragraph.split(' ')) {
      if (line !== '' && line.length + 1 + word.length > width) {
        lines.push(line);
        line = '';
      }
      while (word.length > width) {
        lines.push(word.slice(0, width));
        word = word.slice(width);
      }
      line = line === '' ? word : `${line} ${word}`;
    }
    return [...lines, line];
  });
}
