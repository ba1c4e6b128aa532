/**
 * What an op read and wrote, so that two ops can be shown to commute (DESIGN section 4, rebase). Keys are texts in which every key column is
 * terminated, so the text of a leading part of a key is a prefix of exactly the keys it covers.
 */
export interface Touch {
  /** Keys, or prefixes of keys, that were read: absences and ranges included. */
  readonly reads: readonly string[];
  /** Register rows written, set rows put, chain places taken. */
  readonly writes: readonly string[];
  /** Sum rows added to; adds commute with one another. */
  readonly adds: readonly string[];
  /** A sum came near its bound, or may in another order: nothing may pass this op. */
  readonly all: boolean;
}

const MARK = '*';
/** Marks a key text as a prefix. Full keys end in a terminator that is not the mark. */
export function rangeOf(prefix: string): string {
  return prefix + MARK;
}
export function isRange(read: string): boolean {
  return read.endsWith(MARK);
}
/** What is read, without the mark of a range. */
export function textOf(read: string): string {
  return isRange(read) ? read.slice(0, -MARK.length) : read;
}
