/** A small shop with a relay, and an owner whose recovery key opens its backups. */
import { nodeHasher } from '@tallystick/chain/node';
import { createOrganisationIdentity, type Opener } from '@tallystick/custody';
import { type Book, type BookStore, defineVerb, openBook, setTable, sumTable, type Verb } from '@tallystick/kernel';
import { nodeCrypto, nodeStore } from '@tallystick/kernel/node';
import { encodeHex } from '@tallystick/oplog';
import { createMemoryRelayStore, createRelay, createRelayClient, type RelayClient } from '@tallystick/relay-protocol';
import { createMemoryKeyStore, type KeyStore, type Role } from '@tallystick/sign';
import { nodeEd25519 } from '@tallystick/sign/node';
import { z } from 'zod';
import {
  type BackupKeeper,
  type BackupPlace,
  createBackupKeeper,
  type FoundFile,
  filesIn,
  type KeeperOptions,
} from '../src/index.ts';

const stock = sumTable('stock', { key: { sku: 'text' }, sums: ['onHand'] });
const moves = setTable('moves', { key: { id: 'text' }, columns: { sku: 'text', quantity: 'integer' } });
const move: Verb<'stock.move', { sku: string; quantity: number }> = defineVerb({
  name: 'stock.move',
  version: 1,
  roles: ['owner', 'till'],
  tables: [stock, moves],
  args: z.strictObject({ sku: z.string().regex(/^[!-?A-~]*$/), quantity: z.int() }),
  plan: (_view, op, { sku, quantity }) => [
    moves.put({ id: op.id, sku, quantity }),
    stock.add({ sku }, { onHand: quantity }),
  ],
});
export const verbs: readonly [typeof move] = [move];
export type Shop = Book<typeof verbs>;

export const crypto: typeof nodeCrypto = nodeCrypto;
export const newKeys = (): KeyStore => createMemoryKeyStore(nodeEd25519, nodeHasher);
export const newStore = (): BookStore => nodeStore(':memory:');

export const owner: { identity: string; recipient: string } = await createOrganisationIdentity();
export const openers: readonly Opener[] = [{ kind: 'organisation', identity: owner.identity }];

export async function newRelay(): Promise<RelayClient> {
  const key = await newKeys().create('relay');
  const signer = { name: 'relay.test', publicKey: key.publicKey, sign: (message: Uint8Array) => key.sign(message) };
  const store = createMemoryRelayStore();
  const relay = createRelay({ store, signer, hasher: nodeHasher, ed25519: nodeEd25519, reads: 'public' });
  return createRelayClient({ url: 'http://relay.test', fetch: (request) => relay.fetch(request) });
}

export const newOffice = async (keys: KeyStore = newKeys()): Promise<Shop> =>
  openBook({ store: newStore(), keys, verbs, replicate: 'all' });

/** A device that the office let in and that has met the relay. */
export async function newTill(
  office: Shop,
  relay: RelayClient,
  keys: KeyStore = newKeys(),
  role: Role = 'till',
): Promise<Shop> {
  const till = await openBook({ store: newStore(), keys, verbs, book: office.id });
  const { device, publicKey } = (await keys.load('device')) ?? (await keys.create('device'));
  await office.commit('device.enroll', { device, key: encodeHex(publicKey), name: `till ${device.slice(0, 4)}`, role });
  await office.sync(relay);
  await till.sync(relay);
  return till;
}

export async function sell(book: Shop, count: number, sku = 'apple'): Promise<void> {
  for (let done = 0; done < count; done += 1) {
    const commit = await book.commit('stock.move', { sku, quantity: -1 });
    if (!commit.ok) throw new Error(commit.code);
  }
}

export const onHand = (book: Shop, sku = 'apple'): number =>
  Number(book.query('SELECT onHand FROM stock WHERE sku = ?', [sku])[0]?.['onHand'] ?? 0);

export interface Kept {
  readonly keeper: BackupKeeper;
  /** What the device remembers; '' for a device that forgot. */
  readonly state: { text: string };
}

export function keep(
  book: Shop,
  places: readonly BackupPlace[],
  state: Kept['state'] = { text: '' },
  more: Partial<KeeperOptions> = {},
): Kept {
  const keeper = createBackupKeeper({
    ...more,
    book,
    hasher: nodeHasher,
    recipients: () => [owner.recipient],
    places,
    state: { load: () => state.text, save: (text) => void (state.text = text) },
  });
  return { keeper, state };
}

export async function allFiles(places: readonly BackupPlace[]): Promise<FoundFile[]> {
  return (await Promise.all(places.map((place) => filesIn(place)))).flat();
}
