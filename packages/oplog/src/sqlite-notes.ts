// What the SQLite log store keeps beside the ops: tips, receipts, records set aside, and named values.
import type BetterSqlite3 from 'better-sqlite3';
import type { OpHash, Scope } from './brands.ts';
import { type Aside, emptyTip, type ReceiptNote, type SyncLogStore, type Tip } from './log-store.ts';
import type { Names } from './sqlite-names.ts';
import { hashToBlob, toBytes } from './sqlite-rows.ts';

type Atomically = (work: () => void) => void;

export interface Tips {
  get(scope: Scope): Tip;
  set(scopeId: number, tip: Tip): void;
  scopes(): Scope[];
}

export function createTips(db: BetterSqlite3.Database): Tips {
  const select = db
    .prepare<[string], [number, string, string]>(
      'SELECT size, frontier, note FROM log_tips WHERE scope = (SELECT id FROM log_names WHERE name = ?)',
    )
    .raw();
  const upsert = db.prepare<[number, number, string, string]>(
    'INSERT INTO log_tips (scope, size, frontier, note) VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET size = excluded.size, frontier = excluded.frontier, note = excluded.note',
  );
  const selectScopes = db
    .prepare<[], Scope>(
      'SELECT name FROM log_names WHERE id IN (SELECT scope FROM log_heads UNION SELECT scope FROM log_tips) ORDER BY name',
    )
    .pluck();
  return {
    get: (scope) => {
      const row = select.get(scope);
      return row === undefined ? emptyTip : { size: row[0], frontier: JSON.parse(row[1]) as string[], note: row[2] };
    },
    set: (scopeId, { size, frontier, note }) => void upsert.run(scopeId, size, JSON.stringify(frontier), note),
    scopes: () => selectScopes.all(),
  };
}

export function createReceipts(
  db: BetterSqlite3.Database,
  names: Names,
  atomically: Atomically,
): Pick<SyncLogStore, 'addReceipt' | 'receipts' | 'receiptPosition'> & { forget(scopeId: number): void } {
  const insert = db.prepare<[number, string]>('INSERT INTO log_receipts (scope, note) VALUES (?, ?)');
  const insertLine = db.prepare<[Buffer, number | bigint, number, number]>(
    'INSERT INTO log_receipt_lines (hash, receipt, line, position) VALUES (?, ?, ?, ?)',
  );
  const select = db.prepare<[string], { id: number; note: string }>(
    'SELECT id, note FROM log_receipts WHERE scope = (SELECT id FROM log_names WHERE name = ?) ORDER BY id',
  );
  const selectLines = db.prepare<[number], { position: number; hash: OpHash }>(
    'SELECT position, lower(hex(hash)) AS hash FROM log_receipt_lines WHERE receipt = ? ORDER BY line',
  );
  const selectPosition = db
    .prepare<[Buffer], number>('SELECT position FROM log_receipt_lines WHERE hash = ? ORDER BY receipt, line LIMIT 1')
    .pluck();

  const removeLines = db.prepare<[number]>(
    'DELETE FROM log_receipt_lines WHERE receipt IN (SELECT id FROM log_receipts WHERE scope = ?)',
  );
  const remove = db.prepare<[number]>('DELETE FROM log_receipts WHERE scope = ?');

  function addReceipt({ scope, note, lines }: ReceiptNote): void {
    const receipt = insert.run(names.intern(scope), note).lastInsertRowid;
    lines.forEach(({ hash, position }, line) => insertLine.run(hashToBlob(hash), receipt, line, position));
  }

  return {
    forget: (scopeId) => {
      removeLines.run(scopeId);
      remove.run(scopeId);
    },
    addReceipt: (receipt) => atomically(() => addReceipt(receipt)),
    receipts: (scope) => select.all(scope).map(({ id, note }) => ({ scope, note, lines: selectLines.all(id) })),
    receiptPosition: (hash) => selectPosition.get(hashToBlob(hash)),
  };
}

interface AsideRow {
  readonly hash: OpHash;
  readonly scope: Scope;
  readonly code: string;
  readonly message: string;
  readonly bytes: Buffer;
}

export function createAsides(
  db: BetterSqlite3.Database,
  atomically: Atomically,
): Pick<SyncLogStore, 'setAside' | 'asides' | 'dropAsides'> {
  const upsert = db.prepare<[Buffer, string, string, string, Uint8Array]>(
    'INSERT INTO log_asides (hash, scope, code, message, bytes) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET scope = excluded.scope, code = excluded.code, message = excluded.message, bytes = excluded.bytes',
  );
  const select = db.prepare<{ scope: Scope | null }, AsideRow>(
    'SELECT lower(hex(hash)) AS hash, scope, code, message, bytes FROM log_asides WHERE @scope IS NULL OR scope = @scope ORDER BY id',
  );
  const remove = db.prepare<[Buffer]>('DELETE FROM log_asides WHERE hash = ?');
  const selectAny = db.prepare<[], number>('SELECT 1 FROM log_asides LIMIT 1').pluck();

  function setAside(entries: readonly Aside[]): void {
    for (const { hash, scope, code, message, bytes } of entries)
      upsert.run(hashToBlob(hash), scope, code, message, bytes);
  }

  function dropAsides(hashes: readonly OpHash[]): void {
    // Every op that is stored is dropped here, and as a rule nothing is aside.
    if (selectAny.get() !== undefined) for (const hash of hashes) remove.run(hashToBlob(hash));
  }

  return {
    setAside: (entries) => atomically(() => setAside(entries)),
    asides: (scope) => select.all({ scope: scope ?? null }).map((row) => ({ ...row, bytes: toBytes(row.bytes) })),
    dropAsides: (hashes) => atomically(() => dropAsides(hashes)),
  };
}

export function createMeta(db: BetterSqlite3.Database): Pick<SyncLogStore, 'meta' | 'setMeta'> {
  const select = db.prepare<[string], string>('SELECT value FROM log_meta WHERE name = ?').pluck();
  const upsert = db.prepare<[string, string]>(
    'INSERT INTO log_meta (name, value) VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value',
  );
  return { meta: (name) => select.get(name), setMeta: (name, value) => void upsert.run(name, value) };
}
