/** Which of two keys comes later in SQLite's order, as far as JavaScript can tell. */
import type { SqlValue } from './driver.ts';

// oxlint-disable-next-line no-control-regex
const ASCII = /^[\u0000-\u007f]*$/;

/** Whether the key in these params, after the scope, comes after another in SQLite's order too: beyond ASCII that is not how JavaScript compares. */
export function isAfter(params: readonly SqlValue[], key: readonly SqlValue[]): boolean {
  for (let index = 0; index < key.length; index++) {
    const [value, other] = [params[1 + index] as SqlValue, key[index] as SqlValue];
    if (typeof value === 'string' && !ASCII.test(value)) return false;
    if (value !== other) return value > other;
  }
  return false;
}
