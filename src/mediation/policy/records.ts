import type { Text } from '../../event.ts';

/** An element of a list in structure that a text or a structured result is: the outermost, with what leads to it. */
const RECORD = /^(?:[^#]*#|\/structuredContent(?=\/))(?:\/(?!\d+(?:\/|$|@))[^/@]*)*\/\d+(?=\/|$|@)/;
const LONGEST_PATH = 512;

/**
 * The texts that stand near others in their message: those of the same record of a list. Letters in a mailbox are
 * messages of their own, whichever call returned them; what stands in no record belongs to all of them.
 */
export function nearTo(steering: readonly Text[]): (text: Text) => boolean {
  if (steering.length === 0) return () => false;
  const records = new Set(steering.map(recordOf));
  if (records.has('')) return () => true;
  return (text) => {
    const record = recordOf(text);
    return record === '' || records.has(record);
  };
}

/** Empty for a text in no record. */
function recordOf({ path }: Text): string {
  return RECORD.exec(path.slice(0, LONGEST_PATH))?.[0] ?? '';
}
