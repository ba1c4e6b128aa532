/** What a simulated fleet runs on in Node: better-sqlite3, and sql.js for rows in memory in each fourth seed, because it takes longer. */
import type { BookStore, CryptoProvider } from '@tallystick/kernel';
import { nodeCrypto, nodeStore } from '@tallystick/kernel/node';
import { sqljsStore } from '@tallystick/kernel/sqljs';
import type { SqlJsStatic } from 'sql.js';
import type { Plant } from './plants.ts';
import type { Surroundings } from './world.ts';

/** Without sql.js every device folds on better-sqlite3. */
export async function createNodeSurroundings(plant: Plant | undefined): Promise<Surroundings> {
  const sqlite = await loadSqlJs();
  const openStore = (): BookStore => nodeStore(':memory:');
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

let loaded: Promise<SqlJsStatic | undefined> | undefined;
function loadSqlJs(): Promise<SqlJsStatic | undefined> {
  loaded ??= import('sql.js').then(
    ({ default: initSqlJs }) => initSqlJs(),
    () => undefined,
  );
  return loaded;
}

/** Signatures are checked by every member; the verdict on the same bytes is the same, so it is asked for once a run. */
function rememberVerdicts({ hasher, ed25519 }: CryptoProvider): CryptoProvider {
  const verdicts = new Map<string, boolean | Promise<boolean>>();
  const textOf = (bytes: Uint8Array): string =>
    Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
  return {
    hasher,
    ed25519: {
      ...ed25519,
      verify(publicKey, message, signature) {
        const asked = textOf(publicKey) + textOf(signature) + textOf(message);
        const known = verdicts.get(asked) ?? ed25519.verify(publicKey, message, signature);
        verdicts.set(asked, known);
        return known;
      },
    },
  };
}
