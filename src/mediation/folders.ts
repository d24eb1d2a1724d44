import type { Leaf } from '../event.ts';

const LONGEST_PATH = 1024;
/** `/home` and `C:\Users` are on every machine, so naming something in them says nothing of them. */
const FEWEST_PARTS = 2;
const MOST_FOLDERS = 16;

/**
 * The folders that an absolute path names on its way, the nearest first, each as a leaf in the place of the path;
 * none of a text that is no path.
 */
export function foldersOf({ path, text }: Leaf): Leaf[] {
  if (!isAbsolutePath(text)) return [];
  const borders: number[] = [];
  for (let i = 1; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c < 32) return [];
    if ((c === 0x2f || c === 0x5c) && text[i - 1] !== '/' && text[i - 1] !== '\\') borders.push(i);
  }
  const root = text.startsWith('/') ? 0 : 1;
  return borders
    .slice(root + FEWEST_PARTS - 1)
    .slice(-MOST_FOLDERS)
    .reverse()
    .map((border) => ({ path, text: text.slice(0, border), form: 'string' }));
}

function isAbsolutePath(text: string): boolean {
  if (text.length > LONGEST_PATH) return false;
  return text.charCodeAt(0) === 0x2f || /^[A-Za-z]:[\\/]/.test(text);
}
