/** What a simulated fleet runs on in Node: better-sqlite3, and sql.js for rows in memory in each fourth seed, because it takes longer. */
import { type BookStore, type CryptoProvider, replay } from '@tallystick/kernel';
import { betterSqliteDriver, nodeCrypto } from '@tallystick/kernel/node';
import { sqljsStore } from '@tallystick/kernel/sqljs';
import { createMemoryLogStore } from '@tallystick/oplog/memory';
import { createSqliteLogStore } from '@tallystick/oplog/node';
import type { KeyPair } from '@tallystick/sign';
import Database from 'better-sqlite3';
import type { SqlJsStatic } from 'sql.js';
import { noteVerbs, type Plant } from './plants.ts';
import { shopVerbs } from './trader.ts';
import type { Surroundings } from './world.ts';

/** Without sql.js every device folds on better-sqlite3. */
export async function createNodeSurroundings(plant: Plant | undefined): Promise<Surroundings> {
  const sqlite = await loadSqlJs();
  const empty = await (emptyDatabase ??= makeEmpty());
  const openStore = (): BookStore => storeOn(new Database(empty));
  return {
    crypto: rememberVerdicts(nodeCrypto),
    plant,
    openStore,
    openProjections: (seed, log, images) =>
      sqlite === undefined || seed % 4 !== 0
        ? { ...openStore(), log }
        : { ...sqljsStore({ sqlite, log, images }), crypto: nodeCrypto },
  };
}

function storeOn(db: Database.Database): BookStore {
  return {
    log: createSqliteLogStore(db),
    sql: { ...betterSqliteDriver(db), withoutSync: (transaction) => rollBackAfter(db, transaction) },
    crypto: nodeCrypto,
    close: () => void db.close(),
  };
}

/** As the driver's own, without setting and asking for each transaction how long it waits: in memory none does. */
function rollBackAfter(db: Database.Database, transaction: () => void): void {
  try {
    transaction();
  } finally {
    if (db.inTransaction) db.exec('ROLLBACK');
  }
}

/** A database in which the tables of the older release stand, as the kernel makes them: a run opens a dozen, and making them takes longer than all else. */
let emptyDatabase: Promise<Buffer> | undefined;
async function makeEmpty(): Promise<Buffer> {
  const db = new Database(':memory:');
  const [older] = noteVerbs(undefined);
  await replay({ from: createMemoryLogStore(), into: storeOn(db), verbs: [...shopVerbs, older], crypto: nodeCrypto });
  const bytes = db.serialize();
  db.close();
  return bytes;
}

let loaded: Promise<SqlJsStatic | undefined> | undefined;
function loadSqlJs(): Promise<SqlJsStatic | undefined> {
  loaded ??= import('sql.js').then(
    ({ default: initSqlJs }) => initSqlJs(),
    () => undefined,
  );
  return loaded;
}

/**
 * Signatures are checked by every member; the verdict on the same bytes is the same, so it is asked for once a run. What a key of this run has just signed
 * is known to be valid: a message and a signature that came together otherwise, or were damaged, are checked.
 */
function rememberVerdicts({ ed25519, ...others }: CryptoProvider): CryptoProvider {
  const verdicts = new Map<string, boolean | Promise<boolean>>();
  const textOf = (bytes: Uint8Array): string =>
    Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
  const asked = (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): string =>
    textOf(publicKey) + textOf(signature) + textOf(message);
  const remembered = ({ publicKey, sign }: KeyPair): KeyPair => ({
    publicKey,
    sign(message) {
      const signature = sign(message);
      if (signature instanceof Uint8Array) verdicts.set(asked(publicKey, message, signature), true);
      return signature;
    },
  });
  return {
    ...others,
    ed25519: {
      ...ed25519,
      fromSeed(seed) {
        const pair = ed25519.fromSeed(seed);
        return pair instanceof Promise ? pair.then(remembered) : remembered(pair);
      },
      verify(publicKey, message, signature) {
        const key = asked(publicKey, message, signature);
        const known = verdicts.get(key) ?? ed25519.verify(publicKey, message, signature);
        verdicts.set(key, known);
        return known;
      },
    },
  };
}
