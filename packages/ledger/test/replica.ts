/** Books to test with: real ones, on both SQLite drivers, with a clock and dice that the test owns. */
import { type Book, type BookStore, type Commit, openBook, type Verb } from '@tallystick/kernel';
import { nodeCrypto, nodeStore } from '@tallystick/kernel/node';
import { sqljsStore } from '@tallystick/kernel/sqljs';
import { createMemoryRelayStore, createRelay, createRelayClient, type RelayClient } from '@tallystick/relay-protocol';
import { createMemoryKeyStore, type EnrolArgs, type Role } from '@tallystick/sign';
import { holdRealm, pureVerbs } from '@tallystick/testkit';
import initSqlJs from 'sql.js';

const sqlite = await initSqlJs();
// Every verb of these tests folds in the realm, which stands as long as the tests run.
holdRealm();

/** Every verb test runs on each of these. */
export const drivers: readonly { readonly driver: string; readonly store: () => BookStore }[] = [
  { driver: 'better-sqlite3', store: () => nodeStore(':memory:') },
  { driver: 'sql.js', store: () => sqljsStore({ sqlite }) },
];

export interface ReplicaOptions<V extends readonly Verb[]> {
  readonly store: BookStore;
  readonly verbs: V;
  /** Of the ids it mints: each replica's own when left out. The clock starts at the same place. */
  readonly seed?: number;
  readonly deviceName?: string;
}

/** Business time of the first op of a test book. */
export const startMs = 1_795_000_000_000;

/** Two replicas of one seed would mint the same ids at the same time. */
let opened = 0;

function testEdge(seed: number): { now(): number; random(count: number): Uint8Array } {
  let nowMs = startMs;
  let state = seed;
  const next = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state >>> 24;
  };
  return { now: () => nowMs++, random: (count) => Uint8Array.from({ length: count }, next) };
}

/** Opens a new book. */
export function createReplica<const V extends readonly Verb[]>(options: ReplicaOptions<V>): Promise<Book<V>> {
  return openBook({
    store: options.store,
    verbs: pureVerbs(options.verbs),
    crypto: nodeCrypto,
    keys: createMemoryKeyStore(nodeCrypto.ed25519, nodeCrypto.hasher),
    edge: testEdge(options.seed ?? (opened += 1)),
    deviceName: options.deviceName ?? 'office',
  });
}

/** What a book must offer for another device to join it, whatever its verbs. */
export interface Host extends Pick<Book, 'export' | 'id' | 'import'> {
  commit(verb: 'device.enroll', args: EnrolArgs): Promise<Commit>;
}

/** Enrols another device in the book and opens its replica, which has everything the first one has. */
export async function joinReplica<const V extends readonly Verb[]>(
  host: Host,
  options: ReplicaOptions<V> & { readonly role: Role; readonly deviceName: string },
): Promise<Book<V>> {
  const { store, verbs, role, deviceName } = options;
  const keys = createMemoryKeyStore(nodeCrypto.ed25519, nodeCrypto.hasher);
  const { device, publicKey } = await keys.create('device');
  const key = Buffer.from(publicKey).toString('hex');
  const enrolled = await host.commit('device.enroll', { device, key, name: deviceName, role });
  if (!enrolled.ok) throw new Error(enrolled.code);
  const edge = testEdge(options.seed ?? (opened += 1));
  const joined = await openBook({ store, verbs: pureVerbs(verbs), crypto: nodeCrypto, keys, edge, book: host.id });
  await exchange(host, joined);
  await joined.anchor();
  return joined;
}

/** Gives each of two replicas what the other has. */
export async function exchange(
  left: Pick<Book, 'export' | 'import'>,
  right: Pick<Book, 'export' | 'import'>,
): Promise<void> {
  await right.import(await left.export());
  await left.import(await right.export());
}

/** A relay in this process. Only what has a position can be marked, so a branch needs one to read `hq`. */
export async function createTestRelay(): Promise<RelayClient> {
  const { publicKey, sign } = await nodeCrypto.ed25519.generate();
  const signer = { name: 'relay.test', publicKey, sign };
  const relay = createRelay({ store: createMemoryRelayStore(), signer, ...nodeCrypto });
  return createRelayClient({ url: 'https://relay.test', fetch: (request) => relay.fetch(request) });
}
