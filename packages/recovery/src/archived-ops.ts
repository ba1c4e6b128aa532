// What archives hold of a log, by position: for a device that lets ops go only once they stand there. docs/spec/recovery.md, "Series".
import { bookFile } from '@tallystick/kernel/backup';
import type { CryptoProvider } from '@tallystick/kernel';
import type { BookId, OpRecord, Scope } from '@tallystick/oplog';
import type { OpenPart } from './part.ts';
import { logOf, settledOf } from './restore.ts';

/** Settled ops of one scope, without a gap, as a book file. */
export interface ArchivedOps {
  readonly scope: Scope;
  /** Positions of the first, and after the last. */
  readonly from: number;
  readonly until: number;
  readonly file: Uint8Array;
}

/**
 * By scope, the ops that the archives have from `from` on, up to `until` at most; scopes of which they have none are left out. Nothing is verified: `archive` of a book, which is handed the file,
 * checks every op and the tree. Throws `recovery/log` for an archive whose ops cannot be unpacked.
 */
export async function archivedOps(
  archives: readonly OpenPart[],
  book: BookId,
  ranges: ReadonlyMap<Scope, { readonly from: number; readonly until: number }>,
  crypto: CryptoProvider,
): Promise<readonly ArchivedOps[]> {
  const byScope = new Map<Scope, OpRecord[]>();
  for (const part of [...archives].sort((a, b) => a.header.number - b.header.number)) {
    if (part.header.book !== book) continue;
    for (const { scope, from, records } of settledOf(await logOf(part), crypto)) {
      const range = ranges.get(scope);
      if (range === undefined) continue;
      const known = byScope.get(scope) ?? [];
      const next = range.from + known.length;
      if (from <= next) known.push(...records.slice(next - from, range.until - from));
      byScope.set(scope, known);
    }
  }
  const found: ArchivedOps[] = [];
  for (const [scope, records] of byScope) {
    const { from = 0 } = ranges.get(scope) ?? {};
    const until = from + records.length;
    if (until === from) continue;
    found.push({
      scope,
      from,
      until,
      file: bookFile(book, [{ scope, from, size: until, note: '', receipts: [] }], records),
    });
  }
  return found;
}
