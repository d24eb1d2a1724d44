/** JSON text that stands where a value would: a number as it was written, an id of odd form. */
export class Raw {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** One of the ways in which the same JSON can be written. */
export interface Style {
  blanks: boolean;
  /** The members of the message itself come in the opposite order. */
  reversed: boolean;
  /** Letters of strings are written as escapes. */
  escapes: boolean;
}

/** Writes `value` as one line of JSON, in the given style. */
export function render(value: unknown, style: Style, top = true): string {
  if (value instanceof Raw) return value.text;
  const [comma, colon] = style.blanks ? [' ,\t', ' : '] : [',', ':'];
  if (Array.isArray(value)) return `[${value.map((one) => render(one, style, false)).join(comma)}]`;
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value).filter(([, one]) => one !== undefined);
    if (top && style.reversed) members.reverse();
    const text = members.map(([key, one]) => `${JSON.stringify(key)}${colon}${render(one, style, false)}`);
    return style.blanks ? `{ ${text.join(comma)} }` : `{${text.join(comma)}}`;
  }
  const text = JSON.stringify(value);
  return style.escapes && typeof value === 'string' ? text.replaceAll('e', '\\u0065') : text;
}
