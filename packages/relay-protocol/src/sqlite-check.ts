// The file of a SQLite relay store read from outside, with nobody's word taken for it: as a copy is judged before anything depends on it.
import { createTree, type Hasher, leafHash, type Tree } from '@tallystick/chain';
import { encodeHex } from '@tallystick/oplog';
import Database from 'better-sqlite3';
import { RelayError } from './errors.ts';
import { positionsPerLog, readWaiting, schemaVersion } from './sqlite-tables.ts';
import type { LogState } from './store.ts';

export interface RelayFileReport {
  /** Of the relay that the logs belong to; '' where none has started on them yet. */
  readonly vkey: string;
  readonly books: number;
  /** Scopes of all books. */
  readonly logs: number;
  readonly ops: number;
}

interface LogRow {
  readonly log: number;
  readonly scope: string;
  readonly size: number;
  readonly frontier: string;
  readonly root: Uint8Array;
}

/**
 * Reads every record and computes every root from them. The file must not be open elsewhere, and is not changed. Throws `relay/store` where it is damaged, of
 * another release, or no such file.
 */
export function checkRelayFile(path: string, hasher: Hasher): RelayFileReport {
  const db = open(path);
  try {
    const version = db.pragma('user_version', { simple: true });
    if (version !== schemaVersion) throw damaged(path, `schema ${String(version)} is not ${schemaVersion}`);
    const integrity = db.pragma('integrity_check(1)', { simple: true });
    if (integrity !== 'ok') throw damaged(path, String(integrity));
    const logs = db.prepare('SELECT log, scope, size, frontier, root FROM relay_logs').all() as LogRow[];
    const trees = new Map(logs.map((row) => [row.log, checkLog(db, row, hasher, path)]));
    const tabled = logs.reduce((sum, { size }) => sum + size, 0);
    const stored = db.prepare('SELECT count(*) FROM relay_entries').pluck().get();
    if (stored !== tabled) throw damaged(path, `${String(stored)} ops are stored, and the logs have ${tabled}`);
    const ops = tabled + checkWaiting(db, trees, hasher, path);
    const vkey = (db.prepare('SELECT vkey FROM relay_identity').pluck().get() as string | undefined) ?? '';
    const books = db.prepare('SELECT count(DISTINCT book) FROM relay_logs').pluck().get() as number;
    return { vkey, books, logs: logs.length, ops };
  } catch (cause) {
    if (cause instanceof RelayError) throw cause;
    throw new RelayError('relay/store', `cannot read ${path}`, { cause });
  } finally {
    db.close();
  }
}

function open(path: string): Database.Database {
  try {
    return new Database(path, { readonly: true, fileMustExist: true });
  } catch (cause) {
    throw new RelayError('relay/store', `cannot open ${path}`, { cause });
  }
}

/** The root is that of the records as they stand there, and what pushes go on from is of them. */
function checkLog(
  db: Database.Database,
  { log, scope, size, frontier, root }: LogRow,
  hasher: Hasher,
  path: string,
): Tree {
  const tree = createTree(hasher);
  const first = log * positionsPerLog;
  const records = db.prepare('SELECT entry, bytes FROM relay_entries WHERE entry >= ? AND entry < ? ORDER BY entry');
  for (const { entry, bytes } of records.iterate(first, first + positionsPerLog) as Iterable<{
    entry: number;
    bytes: Uint8Array;
  }>) {
    if (entry !== first + tree.size) throw damaged(path, `the log of ${scope} has no op at ${tree.size}`);
    tree.append(leafHash(bytes, hasher));
  }
  const isEmpty = size === 0 && tree.size === 0;
  if (!isEmpty && !isAt(tree, { size, frontier: frontier.split(' '), root: encodeHex(root) }))
    throw damaged(path, `the ${tree.size} records of ${scope} have not the root of its ${size} ops`);
  return tree;
}

/** What is not yet in the tables goes on from there. Answers how many ops that are. */
function checkWaiting(db: Database.Database, trees: ReadonlyMap<number, Tree>, hasher: Hasher, path: string): number {
  let ops = 0;
  for (const { log, batch } of readWaiting(db)) {
    const { scope, from, state, entries } = batch;
    const tree = trees.get(log) as Tree;
    if (state.size <= tree.size) continue;
    if (from !== tree.size) throw damaged(path, `the log of ${scope} has no op at ${tree.size}`);
    for (const { bytes } of entries) tree.append(leafHash(bytes, hasher));
    if (!isAt(tree, state))
      throw damaged(path, `the ${tree.size} records of ${scope} have not the root of its ${state.size} ops`);
    ops += entries.length;
  }
  return ops;
}

function isAt(
  tree: Tree,
  { size, frontier, root }: Pick<LogState, 'size' | 'frontier'> & { readonly root: string },
): boolean {
  return tree.size === size && tree.frontier().join() === String(frontier) && encodeHex(tree.root()) === root;
}

function damaged(path: string, what: string): RelayError {
  return new RelayError('relay/store', `${path} is damaged: ${what}`);
}
