/**
 * The log of a browser without sync access handles: the same file of checksummed frames, kept in IndexedDB in the pieces in which it was
 * written, each in a transaction of strict durability. Memory holds the file, so reading answers at once; writing is done when the piece is durable.
 */
import { type AppendFile, type LogStore, OplogError } from '@tallystick/oplog';
import { createFileLogStore, type FileLogStore } from '@tallystick/oplog/file';

const PIECES = 'pieces';

/** What was saved stands up to `keepTo`, and `tail` follows. `isCut` where something stood there before. */
interface Changes {
  readonly keepTo: number;
  readonly tail: Uint8Array;
  readonly isCut: boolean;
}

/** A file in memory that remembers what has changed since it was last saved. */
interface MemoryFile extends AppendFile {
  changes(): Changes | undefined;
  saved(): void;
  /** Goes back to what was saved. */
  forget(): void;
}

type Reads = 'get' | 'settled' | 'pending' | 'receipts' | 'asides';

/** Reading answers at once, writing when it is durable. */
export interface IndexedDbLog
  extends Omit<LogStore, Reads>,
    Pick<FileLogStore, Reads | 'recovered' | 'scanned' | 'recheck'> {}

/** The file in the database as it stands. */
export async function readIndexedDbLog(database: string): Promise<Uint8Array<ArrayBuffer>> {
  const connection = await openPieces(database);
  try {
    return await readPieces(connection);
  } finally {
    connection.close();
  }
}

/** Opens or starts the log in the database, which must be this store's alone until `close`. A failed write throws `store/write`; nothing was appended. */
export async function createIndexedDbLog(database: string): Promise<IndexedDbLog> {
  const connection = await openPieces(database);
  const file = createMemoryFile(await readPieces(connection));
  let log: FileLogStore;
  try {
    log = createFileLogStore(file);
    await save();
  } catch (error) {
    connection.close();
    throw error;
  }
  const { recovered, scanned, recheck } = log;
  let queue: Promise<unknown> = Promise.resolve();

  async function save(): Promise<void> {
    const changes = file.changes();
    if (changes === undefined) return;
    await writePieces(connection, changes);
    file.saved();
  }

  /** Makes a change in memory and then durable, one after another; where that fails, memory goes back to what is durable. */
  function change(make: () => void): Promise<void> {
    const done = queue.then(async () => {
      try {
        make();
        await save();
      } catch (cause) {
        if (file.changes() !== undefined) {
          file.forget();
          log = createFileLogStore(file);
        }
        throw writeFailed(database, cause);
      }
    });
    queue = done.catch(() => undefined);
    return done;
  }

  return {
    recovered,
    scanned,
    recheck,
    append: (records) => change(() => log.append(records)),
    replace: (records) => change(() => log.replace(records)),
    settle: (scope, from, ops, tip) => change(() => log.settle(scope, from, ops, tip)),
    unsettle: (scope, tip) => change(() => log.unsettle(scope, tip)),
    begin: (scope, base, note) => change(() => log.begin(scope, base, note)),
    addReceipt: (receipt) => change(() => log.addReceipt(receipt)),
    setAside: (entries) => change(() => log.setAside(entries)),
    dropAsides: (hashes) => change(() => log.dropAsides(hashes)),
    setMeta: (name, value) => change(() => log.setMeta(name, value)),
    has: (hash) => log.has(hash),
    get: (hash) => log.get(hash),
    head: (device, scope) => log.head(device, scope),
    scopes: () => log.scopes(),
    tip: (scope) => log.tip(scope),
    base: (scope) => log.base(scope),
    settled: (scope, from, limit) => log.settled(scope, from, limit),
    pending: (scope) => log.pending(scope),
    receipts: (scope) => log.receipts(scope),
    receiptPosition: (hash) => log.receiptPosition(hash),
    asides: (scope) => log.asides(scope),
    meta: (name) => log.meta(name),
    refresh: () => undefined,
    close: async () => {
      await queue;
      log.close();
      connection.close();
    },
  };
}

function writeFailed(database: string, cause: unknown): unknown {
  if (cause instanceof OplogError) return cause;
  if (cause instanceof DOMException && cause.name === 'ConstraintError')
    return new OplogError('store/moved', `another writer appended to database ${database}`, { cause });
  return new OplogError('store/write', `database ${database} took no frame; nothing was appended`, { cause });
}

function createMemoryFile(start: Uint8Array): MemoryFile {
  let bytes = start;
  let size = start.length;
  let savedSize = start.length;
  /** What was saved stands unchanged before this. */
  let keepTo = start.length;

  function grow(needed: number): void {
    if (needed <= bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, bytes.length * 2, 1 << 16));
    grown.set(bytes.subarray(0, size));
    bytes = grown;
  }

  return {
    size: () => size,
    read: (offset, length) => {
      if (offset + length > size) throw new RangeError(`no ${length} bytes at ${offset}`);
      return bytes.slice(offset, offset + length);
    },
    write: (offset, part) => {
      grow(offset + part.length);
      bytes.set(part, offset);
      keepTo = Math.min(keepTo, offset);
      size = Math.max(size, offset + part.length);
    },
    flush: () => undefined,
    truncate: (end) => {
      size = Math.min(size, end);
      keepTo = Math.min(keepTo, size);
    },
    close: () => undefined,
    changes: () => {
      if (keepTo === size && size === savedSize) return undefined;
      return { keepTo, tail: bytes.slice(keepTo, size), isCut: keepTo < savedSize };
    },
    saved: () => {
      savedSize = size;
      keepTo = size;
    },
    forget: () => {
      // Only a tear is ever cut, when the log is opened; from then on what was saved is not written over.
      size = savedSize;
      keepTo = savedSize;
    },
  };
}

function openPieces(database: string): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = globalThis.indexedDB.open(database, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(PIECES);
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error(`database ${database} does not open`));
  });
}

/** The file, each piece at its offset; a piece that is missing leaves zeros, which are no frame. */
async function readPieces(connection: IDBDatabase): Promise<Uint8Array<ArrayBuffer>> {
  let found: { readonly offsets: number[]; readonly pieces: Uint8Array[] } = { offsets: [], pieces: [] };
  await inTransaction(connection, 'readonly', (store) => {
    const [offsets, pieces] = [store.getAllKeys(), store.getAll()];
    pieces.onsuccess = () => {
      found = { offsets: offsets.result as number[], pieces: pieces.result as Uint8Array[] };
    };
  });
  const { offsets, pieces } = found;
  const end = offsets.reduce((most, offset, i) => Math.max(most, offset + (pieces[i] as Uint8Array).length), 0);
  const bytes = new Uint8Array(end);
  offsets.forEach((offset, i) => bytes.set(pieces[i] as Uint8Array, offset));
  return bytes;
}

/** One transaction. `add`, never `put`: what a second writer has put there stops it. */
function writePieces(connection: IDBDatabase, { keepTo, tail, isCut }: Changes): Promise<void> {
  return inTransaction(connection, 'readwrite', (store) => {
    const addTail = (): void => void (tail.length > 0 && store.add(tail, keepTo));
    if (isCut) cutPieces(store, keepTo, addTail);
    else addTail();
  });
}

/** Takes away what stands after `keepTo`: whole pieces, and the end of the one it runs through. */
function cutPieces(store: IDBObjectStore, keepTo: number, then: () => void): void {
  const fromTheEnd = store.openCursor(null, 'prev');
  fromTheEnd.onsuccess = () => {
    const cursor = fromTheEnd.result;
    const piece = cursor?.value as Uint8Array | undefined;
    const offset = Number(cursor?.key);
    if (cursor === null || piece === undefined || offset + piece.length <= keepTo) return then();
    if (offset >= keepTo) cursor.delete();
    else cursor.update(piece.slice(0, keepTo - offset));
    cursor.continue();
  };
}

function inTransaction(
  connection: IDBDatabase,
  mode: IDBTransactionMode,
  ask: (store: IDBObjectStore) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const transaction = connection.transaction(PIECES, mode, { durability: 'strict' });
    ask(transaction.objectStore(PIECES));
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error ?? new Error(`the transaction was aborted`));
  });
}
