// Where the logs of a SQLite log store begin, and how records before that are dropped.
import type BetterSqlite3 from 'better-sqlite3';
import type { DeviceId, OpHash, Scope } from './brands.ts';
import { checkBase, checkHeads } from './log-checks.ts';
import { emptyBase, type LogBase } from './log-store.ts';
import type { Names } from './sqlite-names.ts';
import type { Tips } from './sqlite-notes.ts';
import { hashColumn, hashToBlob } from './sqlite-rows.ts';

export interface Bases {
  get(scope: Scope): LogBase;
  /** The caller holds the transaction. */
  begin(scope: Scope, base: LogBase, note: string): void;
}

export function createBases(db: BetterSqlite3.Database, names: Names, tips: Tips): Bases {
  const select = db
    .prepare<[string], [number, string, string]>(
      'SELECT size, frontier, heads FROM log_bases WHERE scope = (SELECT id FROM log_names WHERE name = ?)',
    )
    .raw();
  const upsert = db.prepare<[number, number, string, string]>(
    'INSERT INTO log_bases (scope, size, frontier, heads) VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET size = excluded.size, frontier = excluded.frontier, heads = excluded.heads',
  );
  const selectAny = db.prepare<[number], number>('SELECT 1 FROM log_records WHERE scope = ? LIMIT 1').pluck();
  const isDropped = (row: string): string => `${row}.scope = @scope AND ${row}.position < @size`;
  // What stays names its previous op by ordinal; of one that goes, the hash must be kept.
  const selectLinks = db
    .prepare<{ scope: number; size: number }, [number, OpHash]>(
      `SELECT r.ordinal, ${hashColumn('p')} FROM log_records r JOIN log_records p ON p.ordinal = r.prev
       WHERE typeof(r.prev) <> 'blob' AND ${isDropped('p')} AND NOT coalesce(${isDropped('r')}, 0)`,
    )
    .raw();
  const setLink = db.prepare<[Buffer, number]>('UPDATE log_records SET prev = ? WHERE ordinal = ?');
  const selectHeads = db
    .prepare<{ scope: number; size: number }, [DeviceId, number]>(
      `SELECT (SELECT name FROM log_names WHERE id = h.device), h.seq FROM log_heads h JOIN log_records r USING (ordinal)
       WHERE h.scope = @scope AND ${isDropped('r')}`,
    )
    .raw();
  const removeHeads = db.prepare<{ scope: number; size: number }>(
    `DELETE FROM log_heads WHERE ordinal IN (SELECT r.ordinal FROM log_records r WHERE ${isDropped('r')})`,
  );
  // Of a branch that stays while the head of its chain goes, the last op is the head.
  const raiseHeads = db.prepare<{ scope: number }>(
    `INSERT INTO log_heads (device, scope, seq, ordinal) SELECT device, scope, max(seq), ordinal FROM log_records r
     WHERE scope = @scope AND NOT EXISTS (SELECT 1 FROM log_heads h WHERE h.device = r.device AND h.scope = r.scope) GROUP BY device`,
  );
  const removeRecords = db.prepare<[number, number]>('DELETE FROM log_records WHERE scope = ? AND position < ?');

  function get(scope: Scope): LogBase {
    const row = select.get(scope);
    if (row === undefined) return emptyBase;
    return { size: row[0], frontier: JSON.parse(row[1]) as string[], heads: JSON.parse(row[2]) as LogBase['heads'] };
  }

  function begin(scope: Scope, base: LogBase, note: string): void {
    const [tip, scopeId] = [tips.get(scope), names.intern(scope)];
    const isEmpty = tip.size === 0 && selectAny.get(scopeId) === undefined;
    if (!checkBase(scope, get(scope).size, isEmpty ? undefined : tip.size, base)) return;
    const known = get(scope).heads.map(({ device, seq }) => [device, seq] as const);
    checkHeads(scope, [...known, ...selectHeads.all({ scope: scopeId, size: base.size })], base);
    const before = { scope: scopeId, size: base.size };
    for (const [ordinal, hash] of selectLinks.all(before)) setLink.run(hashToBlob(hash), ordinal);
    removeHeads.run(before);
    removeRecords.run(scopeId, base.size);
    raiseHeads.run({ scope: scopeId });
    upsert.run(scopeId, base.size, JSON.stringify(base.frontier), JSON.stringify(base.heads));
    if (tip.size < base.size) tips.set(scopeId, { size: base.size, frontier: base.frontier, note });
  }

  return { get, begin };
}
