// The newest ops of the SQLite log store, one row each in a table without an index. Such a row is what makes an op durable; the tables of the log
// follow for many ops together. docs/decisions/072-a-journal-before-the-log.md.
import type BetterSqlite3 from 'better-sqlite3';
import type { DeviceId, OpHash, Scope } from './brands.ts';
import type { ChainHead } from './log-store.ts';
import { type OpRecord, trustedRecord } from './record.ts';
import { toBytes } from './sqlite-rows.ts';

/** How often any journal of this program has changed: it may have several connections to one file. */
let changes = 0;
/** Those with a change in a transaction that was under way: what comes of it shows at the end, which says nothing here. */
const uncommitted = new Set<BetterSqlite3.Database>();

/** So many rows may wait. A start reads them all, and the commit that brings one more writes them all. */
const mostWaiting = 256;
/** And so many bytes of their records, whatever they hold. */
const mostWaitingBytes = 1_048_576;

/** One for each connection: what another store on the same one changes moves no `data_version`. */
const journals = new WeakMap<BetterSqlite3.Database, Journal>();

export interface Journal {
  /** Whether these may wait here as well. */
  hasRoomFor(records: readonly OpRecord[]): boolean;
  /** Inserts them, each whether or not it is stored already. The caller holds the transaction where there are several. */
  add(records: readonly OpRecord[]): void;
  /** What waits, in the order it came, each op once. Some of it may be in the tables. Ask before the tables: what waits moves there, and never back. */
  waiting(): ReadonlyMap<OpHash, OpRecord>;
  /** Removes everything: the tables have it. The caller holds the transaction. */
  clear(): void;
  /** Forgets what it knows, after a rollback. */
  refresh(): void;
}

/** The journal of this connection, which has to be read again. */
export function journalOf(db: BetterSqlite3.Database): Journal {
  const journal = journals.get(db) ?? createJournal(db);
  journals.set(db, journal);
  journal.refresh();
  return journal;
}

function createJournal(db: BetterSqlite3.Database): Journal {
  const insert = db.prepare<[hash: OpHash, record: Uint8Array]>(
    'INSERT INTO log_journal (hash, record) VALUES (unhex(?), ?)',
  );
  const select = db
    .prepare<[], [hash: OpHash, record: Buffer]>('SELECT lower(hex(hash)), record FROM log_journal ORDER BY place')
    .raw();
  const remove = db.prepare('DELETE FROM log_journal');
  const selectVersion = db.prepare<[], number>('PRAGMA data_version').pluck();
  /** What stands in the table as of `version`; undefined where it has to be read. */
  let known: Map<OpHash, OpRecord> | undefined;
  /** How many rows that came from: an op may stand in several. */
  let rows = 0;
  /** How long the records in them are. */
  let sizeBytes = 0;
  /** Another number once another connection has changed the database. */
  let version: number | undefined;
  /** What `changes` was when that was asked, until this program lets go of its thread: outside of a transaction it costs as much as a read. */
  let askedAt: number | undefined;

  function waiting(): Map<OpHash, OpRecord> {
    if (!db.inTransaction) {
      noteEnded();
      if (known !== undefined && askedAt === changes && uncommitted.size === 0) return known;
      askedAt = changes;
      queueMicrotask(() => (askedAt = undefined));
    }
    const now = selectVersion.get();
    if (known === undefined || now !== version) {
      // A row that cannot be read leaves nothing known: a part must not pass for all.
      known = undefined;
      known = read();
      version = now;
    }
    return known;
  }

  function read(): Map<OpHash, OpRecord> {
    const records = new Map<OpHash, OpRecord>();
    [rows, sizeBytes] = [0, 0];
    for (const [hash, bytes] of select.iterate()) {
      rows += 1;
      sizeBytes += bytes.length;
      if (!records.has(hash)) records.set(hash, trustedRecord(toBytes(bytes), hash));
    }
    return records;
  }

  function noteChange(): void {
    changes += 1;
    if (db.inTransaction) uncommitted.add(db);
  }

  function add(records: readonly OpRecord[]): void {
    noteChange();
    for (const { hash, bytes } of records) insert.run(hash, bytes);
    rows += records.length;
    sizeBytes += bytesOf(records);
    for (const record of records) if (known?.has(record.hash) === false) known.set(record.hash, record);
  }

  return {
    hasRoomFor: (records) => {
      if (known === undefined) waiting();
      return rows + records.length <= mostWaiting && sizeBytes + bytesOf(records) <= mostWaitingBytes;
    },
    add,
    waiting,
    clear: () => {
      noteChange();
      remove.run();
      [known, rows, sizeBytes] = [new Map(), 0, 0];
    },
    refresh: () => (known = undefined),
  };
}

function bytesOf(records: readonly OpRecord[]): number {
  return records.reduce((sum, { bytes }) => sum + bytes.length, 0);
}

function noteEnded(): void {
  for (const db of uncommitted) {
    if (db.inTransaction) continue;
    uncommitted.delete(db);
    changes += 1;
  }
}

/** Of what waits, the op with the highest sequence of a chain, beyond `seq`; the first of a fork. */
export function headBeyond(
  seq: number,
  waiting: ReadonlyMap<OpHash, OpRecord>,
  device: DeviceId,
  scope: Scope,
): ChainHead | undefined {
  let head: ChainHead | undefined;
  for (const { op, hash } of waiting.values())
    if (op.device === device && op.scope === scope && op.seq > (head?.seq ?? seq)) head = { seq: op.seq, hash };
  return head;
}
