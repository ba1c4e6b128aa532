// The outbox of a relay that follows another one, on SQLite: WAL, synchronous=FULL. Several processes of one machine may have the file open.
import { encodeHex, type OpHash, type Scope } from '@tallystick/oplog';
import Database from 'better-sqlite3';
import { type RelayCode, RelayError } from './errors.ts';
import type { KeptOp, KeptState, LastPlace, Lease, Outbox } from './outbox.ts';
import type { PushResult } from './verdict.ts';

const schemaVersion = 4;
const schema = `
  CREATE TABLE outbox_ops (
    place INTEGER PRIMARY KEY AUTOINCREMENT, book BLOB NOT NULL, scope TEXT NOT NULL, hash BLOB NOT NULL, bytes BLOB NOT NULL,
    at_ms INTEGER NOT NULL, state TEXT NOT NULL, position INTEGER, result TEXT, device BLOB NOT NULL,
    refused_ms INTEGER, UNIQUE (book, scope, hash)) STRICT;
  CREATE INDEX outbox_ops_device ON outbox_ops (book, device, state, length(bytes));
  CREATE INDEX outbox_ops_book ON outbox_ops (book, place);
  CREATE INDEX outbox_ops_state ON outbox_ops (book, state, place);
  CREATE TABLE outbox_sums (
    book BLOB NOT NULL, state TEXT NOT NULL, ops INTEGER NOT NULL, bytes INTEGER NOT NULL,
    PRIMARY KEY (book, state)) STRICT, WITHOUT ROWID;
  CREATE TRIGGER outbox_ops_added AFTER INSERT ON outbox_ops BEGIN
    INSERT OR IGNORE INTO outbox_sums VALUES (new.book, new.state, 0, 0);
    UPDATE outbox_sums SET ops = ops + 1, bytes = bytes + length(new.bytes) WHERE book = new.book AND state = new.state;
  END;
  CREATE TRIGGER outbox_ops_moved AFTER UPDATE OF state ON outbox_ops BEGIN
    UPDATE outbox_sums SET ops = ops - 1, bytes = bytes - length(old.bytes) WHERE book = old.book AND state = old.state;
    INSERT OR IGNORE INTO outbox_sums VALUES (new.book, new.state, 0, 0);
    UPDATE outbox_sums SET ops = ops + 1, bytes = bytes + length(new.bytes) WHERE book = new.book AND state = new.state;
  END;
  CREATE TRIGGER outbox_ops_gone AFTER DELETE ON outbox_ops BEGIN
    UPDATE outbox_sums SET ops = ops - 1, bytes = bytes - length(old.bytes) WHERE book = old.book AND state = old.state;
  END;
  CREATE TABLE outbox_notes (
    book BLOB NOT NULL, scope TEXT NOT NULL, size INTEGER NOT NULL, note TEXT NOT NULL,
    PRIMARY KEY (book, scope, size)) STRICT, WITHOUT ROWID;
  CREATE TABLE outbox_findings (
    book BLOB NOT NULL, scope TEXT NOT NULL, code TEXT NOT NULL, position INTEGER, at_ms INTEGER NOT NULL,
    evidence TEXT NOT NULL, PRIMARY KEY (book, scope, code)) STRICT, WITHOUT ROWID;
  CREATE TABLE outbox_lease (
    one INTEGER PRIMARY KEY CHECK (one = 1), holder TEXT NOT NULL, fence INTEGER NOT NULL, until_ms INTEGER NOT NULL) STRICT;
`;

/** From version 3. */
const withRefusedMs = `
  ALTER TABLE outbox_ops ADD COLUMN refused_ms INTEGER;
  UPDATE outbox_ops SET refused_ms = at_ms WHERE state = 'refused';
`;

interface OpRow {
  readonly place: number;
  readonly scope: Scope;
  readonly hash: Uint8Array;
  readonly bytes: Uint8Array;
  readonly state: KeptState;
  readonly position: number | null;
  readonly result: string | null;
  readonly refused_ms: number | null;
}

interface FindingRow {
  readonly scope: Scope;
  readonly code: RelayCode;
  readonly position: number | null;
  readonly at_ms: number;
  readonly evidence: string;
}

interface LeaseRow {
  readonly holder: string;
  readonly fence: number;
  readonly until_ms: number;
}

/** Opens or makes the file. Throws `relay/store`. */
export function createSqliteOutbox(path: string): Outbox {
  const db = openFile(path);
  const sql = prepare(db);
  const fenced = <T>(lease: Lease, work: () => T): T =>
    db
      .transaction(() => {
        const row = sql.lease.get() as LeaseRow | undefined;
        if (row?.fence !== lease.fence || row.holder !== lease.holder)
          throw new RelayError('relay/fenced', `node ${lease.holder} has lost the lease to ${row?.holder ?? 'nobody'}`);
        return work();
      })
      .immediate();
  return {
    keep: (book, scope, ops, atMs) =>
      db
        .transaction(() => {
          for (const { hash, bytes, position, device } of ops) {
            const state: KeptState = position === undefined ? 'waiting' : 'acknowledged';
            sql.keep.run(toBlob(book), scope, toBlob(hash), bytes, atMs, state, position ?? null, toBlob(device));
          }
        })
        .immediate(),
    ops(book, { after = 0, limit, scope, state }) {
      const wanted = { book: toBlob(book), after, limit, scope: scope ?? null, state: state ?? null };
      return (sql.ops.all(wanted) as OpRow[]).map(rowToOp);
    },
    find(book, scope, hashes) {
      const found = new Map<OpHash, KeptOp>();
      for (const hash of hashes) {
        const row = sql.find.get(toBlob(book), scope, toBlob(hash)) as OpRow | undefined;
        if (row !== undefined) found.set(hash, rowToOp(row));
      }
      return found;
    },
    settle: (lease, answers, atMs) =>
      fenced(lease, () => {
        for (const { place, result } of answers) {
          const { position } = result;
          const state: KeptState = position === undefined ? 'refused' : 'acknowledged';
          sql.settle.run(state, position ?? null, JSON.stringify(result), state === 'refused' ? atMs : null, place);
        }
      }),
    renew: (lease, places) => fenced(lease, () => places.forEach((place) => sql.renew.run(place))),
    drop: (lease, places) => fenced(lease, () => places.forEach((place) => sql.drop.run(place))),
    lastPlaces: (book, after) => sql.lastPlaces.all(toBlob(book), after) as LastPlace[],
    summary(book) {
      // Every push asks: what is summed is kept, and not counted again.
      const rows = sql.sums.all(toBlob(book)) as { state: KeptState; ops: number; bytes: number }[];
      const oldestAtMs = sql.oldest.get(toBlob(book)) as number | undefined;
      const of = (state: KeptState) => rows.find((row) => row.state === state);
      const waiting = of('waiting');
      return {
        waiting: waiting?.ops ?? 0,
        waitingBytes: waiting?.bytes ?? 0,
        ...(oldestAtMs === undefined ? {} : { oldestAtMs }),
        acknowledged: of('acknowledged')?.ops ?? 0,
        refused: of('refused')?.ops ?? 0,
      };
    },
    shareOf: (book, device) => sql.share.get(toBlob(book), toBlob(device)) as { ops: number; bytes: number },
    note: (book, scope, size) => sql.note.get(toBlob(book), scope, size) as string | undefined,
    saveNote: (book, scope, size, note) => void sql.saveNote.run(toBlob(book), scope, size, note),
    saveFinding: (book, { scope, code, position, atMs, evidence }) =>
      void sql.saveFinding.run(toBlob(book), scope, code, position ?? null, atMs, JSON.stringify(evidence)),
    findings: (book) =>
      (sql.findings.all(toBlob(book)) as FindingRow[]).map(({ scope, code, position, at_ms, evidence }) => ({
        scope,
        code,
        ...(position === null ? {} : { position }),
        atMs: at_ms,
        evidence: JSON.parse(evidence) as string[],
      })),
    lease: (holder, nowMs, ttlMs) =>
      db
        .transaction((): Lease | undefined => {
          const row = sql.lease.get() as LeaseRow | undefined;
          const isOurs = row?.holder === holder;
          if (row !== undefined && !isOurs && row.until_ms > nowMs) return undefined;
          const fence = isOurs ? row.fence : (row?.fence ?? 0) + 1;
          sql.saveLease.run(holder, fence, nowMs + ttlMs);
          return { holder, fence };
        })
        .immediate(),
    close: () => void db.close(),
  };
}

function openFile(path: string): Database.Database {
  let db: Database.Database | undefined;
  try {
    db = new Database(path, { timeout: 5_000 });
    db.pragma('journal_mode = WAL');
    db.pragma('synchronous = FULL');
    db.pragma('fullfsync = ON');
    db.transaction(createTables).immediate(db);
    return db;
  } catch (cause) {
    db?.close();
    if (cause instanceof RelayError) throw cause;
    throw new RelayError('relay/store', `cannot open ${path}`, { cause });
  }
}

function createTables(db: Database.Database): void {
  const version = db.pragma('user_version', { simple: true }) as number;
  if (version === schemaVersion) return;
  if (version !== 0 && version !== 3)
    throw new RelayError('relay/store', `outbox schema ${version} is not the ${schemaVersion} that this release knows`);
  db.exec(version === 3 ? withRefusedMs : schema);
  db.pragma(`user_version = ${schemaVersion}`);
}

function prepare(db: Database.Database) {
  const columns = 'place, scope, hash, bytes, state, position, result, refused_ms';
  return {
    keep: db.prepare(
      `INSERT OR IGNORE INTO outbox_ops (book, scope, hash, bytes, at_ms, state, position, device) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
    ),
    ops: db.prepare(
      `SELECT ${columns} FROM outbox_ops WHERE book = @book AND place > @after AND (@scope IS NULL OR scope = @scope)
       AND (@state IS NULL OR state = @state) ORDER BY place LIMIT @limit`,
    ),
    find: db.prepare(`SELECT ${columns} FROM outbox_ops WHERE book = ? AND scope = ? AND hash = ?`),
    settle: db.prepare(
      'UPDATE outbox_ops SET state = ?, position = ?, result = ?, refused_ms = coalesce(refused_ms, ?) WHERE place = ?',
    ),
    renew: db.prepare(`UPDATE outbox_ops SET state = 'waiting', position = NULL, result = NULL WHERE place = ?`),
    drop: db.prepare('DELETE FROM outbox_ops WHERE place = ?'),
    share: db.prepare(
      `SELECT count(*) AS ops, coalesce(sum(length(bytes)), 0) AS bytes FROM outbox_ops
       WHERE book = ? AND device = ? AND state IN ('waiting', 'refused')`,
    ),
    sums: db.prepare('SELECT state, ops, bytes FROM outbox_sums WHERE book = ?'),
    lastPlaces: db.prepare(
      "SELECT scope, max(place) AS place FROM outbox_ops WHERE book = ? AND place > ? AND state <> 'refused' GROUP BY scope",
    ),
    oldest: db
      .prepare(`SELECT at_ms FROM outbox_ops WHERE book = ? AND state = 'waiting' ORDER BY place LIMIT 1`)
      .pluck(),
    note: db.prepare('SELECT note FROM outbox_notes WHERE book = ? AND scope = ? AND size = ?').pluck(),
    saveNote: db.prepare('INSERT OR REPLACE INTO outbox_notes VALUES (?, ?, ?, ?)'),
    saveFinding: db.prepare('INSERT OR IGNORE INTO outbox_findings VALUES (?, ?, ?, ?, ?, ?)'),
    findings: db.prepare(
      'SELECT scope, code, position, at_ms, evidence FROM outbox_findings WHERE book = ? ORDER BY at_ms, scope',
    ),
    lease: db.prepare('SELECT holder, fence, until_ms FROM outbox_lease'),
    saveLease: db.prepare('INSERT OR REPLACE INTO outbox_lease VALUES (1, ?, ?, ?)'),
  };
}

function rowToOp({ place, scope, hash, bytes, state, position, result, refused_ms }: OpRow): KeptOp {
  return {
    place,
    scope,
    hash: encodeHex(hash) as OpHash,
    bytes,
    state,
    ...(position === null ? {} : { position }),
    ...(result === null ? {} : { result: JSON.parse(result) as PushResult }),
    ...(refused_ms === null ? {} : { refusedAtMs: refused_ms }),
  };
}

function toBlob(hex: string): Buffer {
  return Buffer.from(hex, 'hex');
}
