// A keyring in IndexedDB, for pages and workers. What the browser leaves on the disk of a deleted record is the browser's: see docs/erasure.md, "Limits".
import { ErasureError } from './errors.ts';
import { checkSubject, type KeptSubject, type Keyring, keysOf, withKey } from './keyring.ts';
import type { SubjectId } from './subject-id.ts';

const storeName = 'subjects';

/** One database per origin and book: `tallystick-keyring` by default. Throws `erasure/store`. */
export function createIndexedDbKeyring(database = 'tallystick-keyring'): Keyring {
  const read = (subject: SubjectId): Promise<KeptSubject | undefined> => {
    checkSubject(subject);
    // The DOM types leave open what a store holds; here it is what `change` put.
    return run(database, 'readonly', (kept, done) => {
      const asked = kept.get(subject) as IDBRequest<KeptSubject | undefined>;
      asked.onsuccess = () => done(asked.result);
    });
  };
  return {
    keys: async (subject) => keysOf(subject, await read(subject)),
    async put(subjectKey) {
      checkSubject(subjectKey.subject);
      await run<void>(database, 'readwrite', (kept, done, fail) => {
        const asked = kept.get(subjectKey.subject) as IDBRequest<KeptSubject | undefined>;
        asked.onsuccess = () => {
          try {
            const now = withKey(asked.result, subjectKey);
            if (now !== undefined) kept.put(now, subjectKey.subject);
            done();
          } catch (error) {
            fail(error);
          }
        };
      });
    },
    shred(subject) {
      checkSubject(subject);
      return run(database, 'readwrite', (kept, done) => {
        const asked = kept.get(subject) as IDBRequest<KeptSubject | undefined>;
        asked.onsuccess = () => {
          const before = asked.result;
          overwrite(kept, subject, before);
          kept.put({ shredded: true } satisfies KeptSubject, subject);
          done(before === undefined || before.shredded ? 0 : before.keys.length);
        };
      });
    },
    forget(subject) {
      checkSubject(subject);
      return run(database, 'readwrite', (kept, done) => {
        const asked = kept.get(subject) as IDBRequest<KeptSubject | undefined>;
        asked.onsuccess = () => {
          const before = asked.result;
          overwrite(kept, subject, before);
          if (before?.shredded === false) kept.delete(subject);
          done(before?.shredded === false ? before.keys.length : 0);
        };
      });
    },
    isShredded: async (subject) => (await read(subject))?.shredded === true,
    subjects: () =>
      run(database, 'readonly', (kept, done) => {
        const [names, values] = [kept.getAllKeys(), kept.getAll() as IDBRequest<KeptSubject[]>];
        values.onsuccess = () =>
          done((names.result as SubjectId[]).filter((_, place) => values.result[place]?.shredded === false));
      }),
  };
}

/** A browser's database leaves what was deleted in its pages, and puts what is as long into its place: dice, which packing makes no shorter. */
function overwrite(kept: IDBObjectStore, subject: SubjectId, before: KeptSubject | undefined): void {
  if (before?.shredded !== false) return;
  const dice = before.keys.map((one) => ({ ...one, key: crypto.getRandomValues(new Uint8Array(one.key.length)) }));
  for (let round = 0; round < 3; round++) kept.put({ shredded: false, keys: dice } satisfies KeptSubject, subject);
}

/** Runs in a transaction of its own, and answers once that is durable. */
async function run<T>(
  database: string,
  mode: IDBTransactionMode,
  work: (kept: IDBObjectStore, done: (value: T) => void, fail: (error: unknown) => void) => void,
): Promise<T> {
  const connection = await open(database);
  try {
    return await new Promise<T>((resolve, reject) => {
      const transaction = connection.transaction(storeName, mode, { durability: 'strict' });
      let answer: T | undefined;
      let failure: unknown;
      transaction.oncomplete = () => resolve(answer as T);
      transaction.onabort = () => reject(failure ?? storeError(database, transaction.error));
      const fail = (error: unknown): void => {
        failure = error;
        transaction.abort();
      };
      work(transaction.objectStore(storeName), (value) => (answer = value), fail);
    });
  } finally {
    connection.close();
  }
}

function open(database: string): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = globalThis.indexedDB.open(database, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(storeName);
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(storeError(database, request.error));
  });
}

function storeError(database: string, cause: unknown): ErasureError {
  return new ErasureError('erasure/store', `cannot use database ${database}`, { cause });
}
