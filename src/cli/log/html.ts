import { printable } from '../../json/printable.ts';

/** Markup, as opposed to text: only `html` makes it, so no text becomes markup by being forgotten. */
export class Html {
  readonly markup: string;

  private constructor(markup: string) {
    this.markup = markup;
  }

  /** The only way in. See `html`. */
  static of(parts: readonly string[], values: readonly Content[]): Html {
    let markup = parts[0]!;
    values.forEach((value, index) => {
      markup += render(value) + parts[index + 1]!;
    });
    return new Html(markup);
  }
}

/** What can stand between tags or in an attribute with quotes. */
export type Content = Html | string | number | readonly Content[];

/** A template whose values are escaped, but for other templates. Hidden characters of texts are shown as escapes. */
export function html(parts: TemplateStringsArray, ...values: readonly Content[]): Html {
  return Html.of(parts, values);
}

function render(value: Content): string {
  if (value instanceof Html) return value.markup;
  if (typeof value === 'object') return value.map(render).join('');
  return printable(String(value)).replace(/[&<>"'`]/g, (char) => `&#${char.charCodeAt(0)};`);
}
