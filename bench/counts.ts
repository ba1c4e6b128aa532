/**
 * Counts work by wrapping what does it: the hash and signature providers, every statement of better-sqlite3, the SQL driver of sql.js. Nothing is
 * estimated from the source. A wait for the disk is counted where a writing transaction ends: with WAL and synchronous=FULL that is one fsync of the
 * write-ahead log (checkpoints, every 4,000 pages, come on top).
 */
import type { CryptoProvider, SqlDriver, Statement } from '@tallystick/kernel';
import type { KeyPair } from '@tallystick/sign';
import Database from 'better-sqlite3';

export class WorkCounter {
  hashes = 0;
  signatures = 0;
  verifications = 0;
  statements = 0;
  fsyncs = 0;

  /** The counts so far, as a plain object. */
  counts(): Record<string, number> {
    const { hashes, signatures, verifications, statements, fsyncs } = this;
    return { hashes, signatures, verifications, statements, fsyncs };
  }

  reset(): void {
    Object.assign(this, new WorkCounter());
  }
}

/** The same provider, counted. */
export function countedCrypto({ hasher, ed25519 }: CryptoProvider, counter: WorkCounter): CryptoProvider {
  const countedKey = async (pair: KeyPair | Promise<KeyPair>): Promise<KeyPair> => {
    const key = await pair;
    return {
      publicKey: key.publicKey,
      sign: (message) => {
        counter.signatures += 1;
        return key.sign(message);
      },
    };
  };
  return {
    hasher: {
      sha256: (data) => {
        counter.hashes += 1;
        return hasher.sha256(data);
      },
      sha256Hex: (data) => {
        counter.hashes += 1;
        return hasher.sha256Hex(data);
      },
    },
    ed25519: {
      name: ed25519.name,
      generate: () => countedKey(ed25519.generate()),
      fromSeed: (seed) => countedKey(ed25519.fromSeed(seed)),
      verify: (publicKey, message, signature) => {
        counter.verifications += 1;
        return ed25519.verify(publicKey, message, signature);
      },
    },
  };
}

/** The same driver, every statement that runs counted. For sql.js; better-sqlite3 is counted at its own statements. */
export function countedDriver(driver: SqlDriver, counter: WorkCounter): SqlDriver {
  const counted = (statement: Statement): Statement => ({
    run: (params) => {
      counter.statements += 1;
      return statement.run(params);
    },
    get: (params) => {
      counter.statements += 1;
      return statement.get(params);
    },
    iterate: (params) => {
      counter.statements += 1;
      return statement.iterate(params);
    },
  });
  return { ...driver, prepare: (sql) => counted(driver.prepare(sql)) };
}

type Run = (this: Database.Statement, ...params: unknown[]) => unknown;
type StatementPrototype = Record<'run' | 'get' | 'all' | 'iterate', Run>;

/**
 * Counts every statement of every better-sqlite3 connection while the work runs: those of the log, of the kernel, and BEGIN and COMMIT. Statements of one
 * process only, so run nothing else meanwhile.
 */
export async function countStatements<T>(counter: WorkCounter, work: () => Promise<T>): Promise<T> {
  const prototype = statementPrototype();
  const original = { ...prototype };
  const wrote = new Set<Database.Database>();
  let isAsking = false;
  for (const method of ['run', 'get', 'all', 'iterate'] as const) {
    prototype[method] = function (this: Database.Statement, ...params: unknown[]): unknown {
      const answer = original[method].apply(this, params);
      if (isAsking) return answer;
      counter.statements += 1;
      const changes = method === 'run' ? (answer as Database.RunResult).changes : 0;
      if (changes > 0 && !this.readonly) wrote.add(this.database);
      // What is taken back waits for no disk.
      if (this.source === 'ROLLBACK') wrote.delete(this.database);
      // A connection that is read row by row answers nothing else; the next statement asks.
      if (method !== 'iterate' && !this.database.inTransaction && wrote.delete(this.database)) {
        isAsking = true;
        if (waitsForDisk(this.database)) counter.fsyncs += 1;
        isAsking = false;
      }
      return answer;
    };
  }
  try {
    return await work();
  } finally {
    Object.assign(prototype, original);
  }
}

/** Whether a commit of this connection returns only after the write-ahead log is on the disk. */
function waitsForDisk(db: Database.Database): boolean {
  const full = 2;
  return (
    db.pragma('journal_mode', { simple: true }) === 'wal' && Number(db.pragma('synchronous', { simple: true })) >= full
  );
}

function statementPrototype(): StatementPrototype {
  const db = new Database(':memory:');
  try {
    return Object.getPrototypeOf(db.prepare('SELECT 1')) as StatementPrototype;
  } finally {
    db.close();
  }
}

/**
 * Pages written to the write-ahead log of a database while the work runs. Exact as long as no checkpoint falls into it, and none does below 4,000 pages; more is
 * refused.
 */
export async function countPages(path: string, work: () => Promise<void>): Promise<number> {
  const autoCheckpoint = 4_000;
  const db = new Database(path);
  try {
    db.pragma('wal_checkpoint(TRUNCATE)');
    await work();
    // Not by the size of the file, which is longer than what is in use of it.
    const [{ log: pages = -1 } = {}] = db.pragma('wal_checkpoint(NOOP)') as { log?: number }[];
    if (pages < 0 || pages >= autoCheckpoint)
      throw new RangeError(`${pages} pages: a checkpoint may have fallen into the work`);
    return pages;
  } finally {
    db.close();
  }
}
