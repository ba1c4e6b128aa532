/** Several devices of one book, in one process, with an in-process relay. */
import { type Book, type BookStore, openBook } from '@tallystick/kernel';
import type { Scope } from '@tallystick/oplog';
import {
  createMemoryRelayStore,
  createRelay,
  createRelayClient,
  type Relay,
  type RelayClient,
} from '@tallystick/relay-protocol';
import { nodeHasher } from '@tallystick/chain/node';
import { nodeEd25519 } from '@tallystick/sign/node';
import { encodeHex } from '@tallystick/oplog';
import { expect } from 'vitest';
import { memoryKeys, shopVerbs, stores, testEdge } from './shop.ts';

export type ShopBook = Book<typeof shopVerbs>;
export const HQ = 'hq' as Scope;

export interface Fleet {
  readonly books: readonly ShopBook[];
  readonly relay: RelayClient;
  readonly close: () => Promise<void>;
}

/** Most stories are told by replicas that nobody enrolled, at a relay that anybody may read. */
export async function createTestRelay(reads: 'devices' | 'public' = 'public'): Promise<RelayClient> {
  const { fetch } = await createRelayInProcess(reads);
  return createRelayClient({ url: 'http://relay.test', fetch });
}

export async function createRelayInProcess(reads: 'devices' | 'public'): Promise<Relay> {
  const key = await nodeEd25519.fromSeed(new Uint8Array(32).fill(7));
  const signer = { name: 'relay.test', publicKey: key.publicKey, sign: (message: Uint8Array) => key.sign(message) };
  return createRelay({ store: createMemoryRelayStore(), signer, hasher: nodeHasher, ed25519: nodeEd25519, reads });
}

/** The owner and `count - 1` tills of one book, all enrolled and knowing it. */
export async function createFleet(
  count: number,
  makeStore: () => BookStore = stores['better-sqlite3'],
  verbs: typeof shopVerbs = shopVerbs,
): Promise<Fleet> {
  const relay = await createTestRelay();
  const owner: ShopBook = await openBook({
    store: makeStore(),
    keys: memoryKeys(),
    verbs,
    edge: testEdge(1),
    replicate: 'all',
  });
  const books: ShopBook[] = [owner];
  for (let index = 1; index < count; index++) {
    const keys = memoryKeys();
    const key = await keys.create('device');
    const enrolled = await owner.commit('device.enroll', {
      device: key.device,
      key: encodeHex(key.publicKey),
      name: `till-${index}`,
      role: 'till',
    });
    expect(enrolled.ok).toBe(true);
    books.push(await openBook({ store: makeStore(), keys, verbs, edge: testEdge(index + 1), book: owner.id }));
  }
  const all = await owner.export();
  for (const till of books.slice(1)) {
    await till.import(all);
    await till.anchor();
  }
  return {
    books,
    relay,
    close: async () => {
      for (const book of books) await book.close();
    },
  };
}

/** The live digest, after checking it against a fold from nothing. */
export async function provenDigest(
  book: Pick<Book, 'prove'>,
  makeStore: () => BookStore = stores['better-sqlite3'],
): Promise<string> {
  const fresh = makeStore();
  const report = await book.prove(fresh);
  await fresh.close();
  expect(report.problems).toEqual([]);
  expect(report.freshDigest).toBe(report.digest);
  return report.digest;
}
