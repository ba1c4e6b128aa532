// What one relay keeps of the stream: the tables of the SQLite store, and beside them how far it has read and the last message of each book.
// All of it follows from the stream; a file that is lost is made again from there.
import { nodeHasher } from '@tallystick/chain/node';
import type { BookId } from '@tallystick/oplog';
import type { StoredMsg } from '@nats-io/jetstream';
import { RelayError } from './errors.ts';
import { decodeBatches } from './nats-message.ts';
import { openSqliteFold } from './sqlite-store.ts';
import type { Batch, Cosignature, LogTables, RelayStore } from './store.ts';

export type KeptCosignature = Parameters<RelayStore['cosign']>[0];

/** What messages hold, by the second part of their subjects. */
export const kinds = {
  log: 'log',
  claim: 'claim',
  identity: 'identity',
  cosign: 'cosign',
  barrier: 'barrier',
} as const;
/** How many messages the batches of a book were cut into, where they are longer than the server takes. */
export const partsHeader = 'Tallystick-Parts';

export interface NatsFold {
  readonly store: LogTables;
  /** Of the last message that is applied, 0 for none. */
  readonly sequence: number;
  /** Of the last message about this book, 0 for none. */
  sequenceOf(book: BookId): number;
  enrolmentCount(book: BookId): number;
  identity(): string | undefined;
  /** Of our own making, so nothing of it is in doubt. `ends` are the last messages of the books. */
  applyOwn(batches: readonly Batch[], ends: ReadonlyMap<BookId, number>, sequence: number): void;
  /** The messages of one thing, checked first. Throws `relay/store` where they do not continue what is here. */
  apply(messages: readonly StoredMsg[]): Promise<void>;
  close(): void;
}

const schema = `
  CREATE TABLE IF NOT EXISTS nats_stream (
    one INTEGER PRIMARY KEY CHECK (one = 1), created TEXT NOT NULL, sequence INTEGER NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS nats_books (book TEXT PRIMARY KEY, sequence INTEGER NOT NULL, enrolments INTEGER NOT NULL)
    STRICT, WITHOUT ROWID;
`;

/** Throws `relay/store` where the file was made from another stream: one that was lost, or an older copy of this one. */
export function openNatsFold(path: string, created: string): NatsFold {
  const { store, db } = openSqliteFold(path);
  try {
    db.exec(schema);
    db.prepare('INSERT OR IGNORE INTO nats_stream VALUES (1, ?, 0)').run(created);
    const row = db.prepare('SELECT created FROM nats_stream').pluck().get() as string;
    if (row !== created) {
      throw new RelayError(
        'relay/store',
        `${path} was made from a stream of ${row}, and the stream is of ${created}; it may hold what the stream lost`,
      );
    }
  } catch (error) {
    db.close();
    throw error;
  }
  const sql = {
    sequence: db.prepare('SELECT sequence FROM nats_stream').pluck(),
    move: db.prepare('UPDATE nats_stream SET sequence = ?'),
    book: db.prepare('SELECT sequence, enrolments FROM nats_books WHERE book = ?'),
    moveBook: db.prepare(
      `INSERT INTO nats_books VALUES (?, ?, ?)
       ON CONFLICT DO UPDATE SET sequence = excluded.sequence, enrolments = enrolments + excluded.enrolments`,
    ),
    identity: db.prepare('SELECT vkey FROM relay_identity').pluck(),
  };
  const bookOf = (book: BookId): { sequence: number; enrolments: number } =>
    (sql.book.get(book) as { sequence: number; enrolments: number } | undefined) ?? { sequence: 0, enrolments: 0 };
  let sequence = sql.sequence.get() as number;

  /** The change and the sequence number that it comes from, together. */
  const commit = db.transaction((end: number, change: () => void) => {
    change();
    sql.move.run(end);
  });
  function applyAt(end: number, change: () => void): void {
    commit(end, change);
    sequence = end;
  }
  function applyBatches(batches: readonly Batch[], ends: ReadonlyMap<BookId, number>): void {
    void store.append(batches);
    for (const [book, end] of ends) {
      const enrolments = batches.reduce((sum, batch) => sum + (batch.book === book ? batch.enrolments.length : 0), 0);
      sql.moveBook.run(book, end, enrolments);
    }
  }

  return {
    store,
    get sequence() {
      return sequence;
    },
    sequenceOf: (book) => bookOf(book).sequence,
    enrolmentCount: (book) => bookOf(book).enrolments,
    identity: () => sql.identity.get() as string | undefined,
    applyOwn: (batches, ends, end) => applyAt(end, () => applyBatches(batches, ends)),
    async apply(messages) {
      const [first] = messages as [StoredMsg];
      const end = (messages.at(-1) as StoredMsg).seq;
      const [, kind, book] = first.subject.split('.') as [string, string, BookId];
      if (kind === kinds.log) {
        const batches = await decodeBatches(book, Buffer.concat(messages.map(({ data }) => data)), store, nodeHasher);
        return applyAt(end, () => applyBatches(batches, new Map([[book, end]])));
      }
      if (kind === kinds.identity) return applyAt(end, () => void store.adoptIdentity(first.string()));
      if (kind === kinds.cosign) {
        const { cosignature, maxKept } = first.json<{ cosignature: KeptCosignature & Cosignature; maxKept: number }>();
        return applyAt(end, () => void store.cosign(cosignature, maxKept));
      }
      if (kind === kinds.claim || kind === kinds.barrier) return applyAt(end, () => undefined);
      throw new RelayError(
        'relay/store',
        `message ${end} of the stream has subject ${first.subject}, which this release does not know`,
      );
    },
    close: () => void db.close(),
  };
}
