// The raw bytes of files, searched for what must not be in them: texts as programs store them, and keys.
import { lstat, open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';

const chunkBytes = 1 << 20;
/** A shorter one would be found in anything. Two Chinese characters, which are a whole name, have six bytes. */
const leastUnits = 4;
const leastBytes = 6;

/** What to look for: in UTF-8, in UTF-16, and as JSON escapes it. */
export function needlesOf(texts: Iterable<string>): Buffer[] {
  const needles = new Map<string, Buffer>();
  for (const text of texts) {
    if (text.length < leastUnits && Buffer.byteLength(text) < leastBytes) continue;
    const escaped = JSON.stringify(text).slice(1, -1);
    const ascii = escaped.replaceAll(
      /[^\x20-\x7e]/g,
      (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
    );
    const wide = Buffer.from(text, 'utf16le');
    for (const bytes of [
      Buffer.from(text),
      Buffer.from(escaped),
      Buffer.from(ascii),
      ...(wide.length < leastBytes ? [] : [wide]),
    ])
      needles.set(bytes.toString('hex'), bytes);
  }
  return [...needles.values()];
}

export interface Searched {
  readonly files: number;
  /** Paths of those that hold one of the needles. */
  readonly found: readonly string[];
  /** Paths that cannot be read, and links: what they lead to was not searched. */
  readonly unread: readonly string[];
}

/** A file, or all files below a folder, a piece at a time: whoever else this process answers is answered meanwhile. `path` itself may be a link, as the folder of another disk often is; those below it are not followed. */
export async function searchRaw(path: string, needles: readonly Buffer[]): Promise<Searched> {
  const found: string[] = [];
  const unread: string[] = [];
  let files = 0;
  const pending = [path];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    try {
      const entry = await (next === path ? stat(next) : lstat(next));
      if (entry.isSymbolicLink()) unread.push(next);
      if (entry.isDirectory()) for (const name of await readdir(next)) pending.push(join(next, name));
      if (!entry.isFile()) continue;
      files += 1;
      if (await holds(next, needles)) found.push(next);
    } catch {
      unread.push(next);
    }
  }
  return { files, found: found.sort(), unread: unread.sort() };
}

/** Whether these bytes hold one of them. */
export async function holdsOne(bytes: Uint8Array, needles: readonly Buffer[]): Promise<boolean> {
  const whole = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const overlap = overlapOf(needles);
  for (let from = 0; from < whole.length; from += chunkBytes) {
    const chunk = whole.subarray(from, from + chunkBytes + overlap);
    if (needles.some((needle) => chunk.includes(needle))) return true;
    await setImmediate();
  }
  return false;
}

/** Chunks overlap by the longest needle, so that none is cut in two. */
function overlapOf(needles: readonly Buffer[]): number {
  return Math.max(0, ...needles.map(({ length }) => length - 1));
}

async function holds(path: string, needles: readonly Buffer[]): Promise<boolean> {
  const overlap = overlapOf(needles);
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    // Most files are small, and there are many of them.
    const chunk = Buffer.alloc(Math.min(chunkBytes, size + 1) + overlap);
    for (let kept = 0; ; ) {
      const { bytesRead } = await file.read(chunk, kept, chunk.length - kept);
      const bytes = chunk.subarray(0, kept + bytesRead);
      if (needles.some((needle) => bytes.includes(needle))) return true;
      if (bytesRead === 0) return false;
      kept = Math.min(overlap, bytes.length);
      chunk.copy(chunk, 0, bytes.length - kept, bytes.length);
    }
  } finally {
    await file.close();
  }
}
