// The raw bytes of files, searched for what must not be in them: texts as programs store them, and keys.
import { closeSync, lstatSync, openSync, readdirSync, readSync } from 'node:fs';
import { join } from 'node:path';

const chunkBytes = 1 << 20;
/** A shorter one would be found in anything. */
const leastUnits = 4;

/** What to look for: in UTF-8, in UTF-16, and as JSON escapes it. */
export function needlesOf(texts: Iterable<string>): Buffer[] {
  const needles = new Map<string, Buffer>();
  for (const text of texts) {
    if (text.length < leastUnits) continue;
    const escaped = JSON.stringify(text).slice(1, -1);
    const ascii = escaped.replaceAll(
      /[^\x20-\x7e]/g,
      (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
    );
    for (const bytes of [Buffer.from(text), Buffer.from(text, 'utf16le'), Buffer.from(escaped), Buffer.from(ascii)])
      needles.set(bytes.toString('hex'), bytes);
  }
  return [...needles.values()];
}

export interface Searched {
  readonly files: number;
  /** Paths of those that hold one of the needles. */
  readonly found: readonly string[];
  /** Paths that cannot be read. */
  readonly unread: readonly string[];
}

/** A file, or all files below a folder. Links are not followed: what they lead to is elsewhere. */
export function searchRaw(path: string, needles: readonly Buffer[]): Searched {
  const found: string[] = [];
  const unread: string[] = [];
  let files = 0;
  const pending = [path];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    try {
      const entry = lstatSync(next);
      if (entry.isDirectory()) for (const name of readdirSync(next)) pending.push(join(next, name));
      if (!entry.isFile()) continue;
      files += 1;
      if (holds(next, needles)) found.push(next);
    } catch {
      unread.push(next);
    }
  }
  return { files, found: found.sort(), unread: unread.sort() };
}

/** Whether these bytes hold one of them. */
export function holdsOne(bytes: Uint8Array, needles: readonly Buffer[]): boolean {
  const whole = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  return needles.some((needle) => whole.includes(needle));
}

/** Chunks overlap by the longest needle. */
function holds(path: string, needles: readonly Buffer[]): boolean {
  const overlap = Math.max(0, ...needles.map(({ length }) => length - 1));
  const chunk = Buffer.alloc(chunkBytes + overlap);
  const file = openSync(path, 'r');
  try {
    for (let kept = 0; ; ) {
      const read = readSync(file, chunk, kept, chunkBytes, null);
      const bytes = chunk.subarray(0, kept + read);
      if (needles.some((needle) => bytes.includes(needle))) return true;
      if (read === 0) return false;
      kept = Math.min(overlap, bytes.length);
      chunk.copy(chunk, 0, bytes.length - kept, bytes.length);
    }
  } finally {
    closeSync(file);
  }
}
