const DEEPEST = 128;

/** Text inside a string is past the wire's depth check. What is no JSON may pass: reading it fails. */
export function withinDepth(text: string): boolean {
  let depth = 0;
  let quote = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (quote !== 0) {
      if (code === quote) quote = 0;
      else if (code === 0x5c) i++;
    } else if (code === 0x22 || code === 0x27) quote = code;
    else if (code === 0x5b || code === 0x7b || code === 0x28) {
      if (++depth > DEEPEST) return false;
    } else if (code === 0x5d || code === 0x7d || code === 0x29) depth--;
  }
  return true;
}
