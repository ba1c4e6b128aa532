// A log store in the caller's better-sqlite3 database, so that ops and projections commit in one transaction. Of what may be
// rolled back it keeps only names, a few ordinals and the ops of its journal in memory, until `refresh`.
import type BetterSqlite3 from 'better-sqlite3';
import type { OpHash, Scope } from './brands.ts';
import { OplogError } from './errors.ts';
import { alreadySettled, checkTip, checkUnsettle } from './log-checks.ts';
import { missingRecord } from './log-index.ts';
import type { SyncLogStore, Tip } from './log-store.ts';
import type { OpRecord } from './record.ts';
import { createBases } from './sqlite-bases.ts';
import { journalOf } from './sqlite-journal.ts';
import { createNames } from './sqlite-names.ts';
import { createAsides, createMeta, createReceipts, createTips } from './sqlite-notes.ts';
import { createInserters, createPositions, createReads, createReplace } from './sqlite-records.ts';
import { prepareSchema } from './sqlite-schema.ts';

/** More ops than these go into the tables at once: they share their pages well enough. */
const mostJournaled = 32;

/**
 * Keeps the log in tables named `log_*` of `db`. Inside a transaction of the caller every call joins it, in a savepoint of its
 * own; outside, every call is one transaction. The caller owns `db`: `close` leaves it open, with every op in its tables.
 */
export function createSqliteLogStore(db: BetterSqlite3.Database): SyncLogStore {
  requireFullSync(db);
  const transaction = db.transaction((work: () => void) => work());
  transaction.immediate(() => prepareSchema(db));
  const names = createNames(db);
  const inserters = createInserters(db, names);
  const journal = journalOf(db);
  const refresh = (): void => {
    names.refresh();
    inserters.refresh();
    journal.refresh();
  };
  const atomically = (work: () => void): void => {
    try {
      transaction.immediate(work);
    } catch (error) {
      refresh();
      throw error;
    }
  };
  const replace = createReplace(db, names);
  const positions = createPositions(db);
  const tips = createTips(db);
  const bases = createBases(db, names, tips);

  function insert(records: Iterable<OpRecord>): void {
    const inserter = inserters.start();
    for (const record of records) inserter.add(record, null);
    inserter.raiseHeads();
  }

  /** Puts what the journal holds into the tables, before anything else changes them. */
  function emptyJournal(): void {
    const waiting = journal.waiting();
    if (waiting.size === 0) return;
    insert(waiting.values());
    journal.clear();
  }

  function append(records: readonly OpRecord[]): void {
    const mayWait = records.length <= mostJournaled && journal.hasRoomFor(records);
    // One statement is all or nothing by itself.
    if (mayWait && records.length === 1) journal.add(records);
    else if (mayWait) atomically(() => journal.add(records));
    else
      atomically(() => {
        emptyJournal();
        insert(records);
      });
  }

  function close(): void {
    if (!db.open || db.inTransaction) return;
    try {
      if (journal.waiting().size > 0) atomically(emptyJournal);
    } catch {
      // It is as durable where it is.
    }
  }

  function settle(scope: Scope, from: number, ops: readonly (OpHash | OpRecord)[], tip: Tip): void {
    emptyJournal();
    checkTip(scope, tips.get(scope).size, from, ops.length, tip);
    const scopeId = names.intern(scope);
    const inserter = inserters.start();
    ops.forEach((op, index) => {
      const isNew = typeof op !== 'string' && op.op.scope === scope && inserter.add(op, from + index);
      const hash = typeof op === 'string' ? op : op.hash;
      if (isNew || positions.set(hash, scopeId, from + index)) return;
      throw positions.isIn(hash, scopeId) ? alreadySettled(hash) : missingRecord(hash, scope);
    });
    inserter.raiseHeads();
    tips.set(scopeId, tip);
  }

  const { forget, ...receipts } = createReceipts(db, names, atomically);

  function unsettle(scope: Scope, tip: Tip): void {
    checkUnsettle(scope, bases.get(scope).size, tips.get(scope).size, tip);
    const scopeId = names.intern(scope);
    positions.clear(scopeId, tip.size);
    forget(scopeId);
    tips.set(scopeId, tip);
  }

  return {
    append,
    replace: (records) =>
      atomically(() => {
        emptyJournal();
        replace(records);
      }),
    settle: (scope, from, hashes, tip) => atomically(() => settle(scope, from, hashes, tip)),
    unsettle: (scope, tip) => atomically(() => unsettle(scope, tip)),
    scopes: () => {
      const waiting = [...journal.waiting().values()].map(({ op }) => op.scope);
      return waiting.length === 0 ? tips.scopes() : [...new Set([...waiting, ...tips.scopes()])].sort();
    },
    tip: tips.get,
    base: bases.get,
    begin: (scope, base, note = '') => {
      // The records before the base go.
      inserters.refresh();
      atomically(() => {
        emptyJournal();
        bases.begin(scope, base, note);
      });
    },
    ...createReads(db, names, bases, journal),
    ...receipts,
    ...createAsides(db, atomically),
    ...createMeta(db),
    refresh,
    close,
  };
}

/**
 * SQLite builds for Node drop to synchronous=NORMAL at the first read of a WAL file unless the level was set by hand, and then
 * lose acknowledged commits in a power cut. The level cannot be set inside a transaction.
 */
function requireFullSync(db: BetterSqlite3.Database): void {
  if (db.inTransaction) throw new OplogError('store/transaction', 'open the log store before the transaction begins');
  const extra = 3;
  if (db.pragma('synchronous', { simple: true }) !== extra) db.pragma('synchronous = FULL');
}
