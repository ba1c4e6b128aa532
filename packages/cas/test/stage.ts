// A book, its devices and the front ends of a relay, in one process and without Node.
import { portableHasher, type NoteKey, type NoteSigner } from '@tallystick/chain';
import type { BookId, OpRecord } from '@tallystick/oplog';
import {
  createFollower,
  createMemoryRelayStore,
  createRelay,
  createRelayClient,
  type Relay,
  type RelayClient,
  type RelayStore,
} from '@tallystick/relay-protocol';
import { createMemoryKeyStore, nobleEd25519 } from '@tallystick/sign';
import { type Claimant, type ClaimantOptions, createClaimant } from '../src/index.ts';
import { claims, createCast, type Crypto, type Device, hq } from './cast.ts';

export type { Device } from './cast.ts';
export type Send = (request: Request) => Promise<Response>;

export interface Stage {
  readonly book: BookId;
  readonly store: RelayStore;
  readonly signer: NoteSigner & NoteKey;
  readonly devices: readonly Device[];
  /** Another front end, over the same store unless another is given. */
  frontEnd(store?: RelayStore): Relay;
  claimant(send: Send, options?: Partial<ClaimantOptions>): Claimant;
  /** All ops of the log, as a reader that trusts nothing has them. */
  read(send: Send): Promise<OpRecord[]>;
  revoke(device: Device, send: Send): Promise<void>;
}

const portable: Crypto = { hasher: portableHasher, ed25519: nobleEd25519 };

/** With three devices. */
export async function openStage(crypto: Crypto = portable): Promise<Stage> {
  const { hasher, ed25519 } = crypto;
  const relayKey = await createMemoryKeyStore(ed25519, hasher).create('relay');
  const signer = { name: 'relay.test', publicKey: relayKey.publicKey, sign: (text: Uint8Array) => relayKey.sign(text) };
  const { book, opening, devices, revoke } = await createCast(crypto, 3);
  const store = createMemoryRelayStore();
  const frontEnd = (over: RelayStore = store): Relay =>
    createRelay({ store: over, signer, hasher, ed25519, reads: 'public' });
  const clientOf = (send: Send): RelayClient =>
    createRelayClient({ url: 'http://relay.test', fetch: send, retry: { baseMs: 0 } });
  await clientOf(frontEnd().fetch).push(book, hq, opening);
  const check = { book, scope: claims, relay: signer, verifyNote: ed25519.verify, hasher };
  return {
    book,
    store,
    signer,
    devices,
    frontEnd,
    claimant: (send, options) =>
      createClaimant({ ...check, client: clientOf(send), retry: { baseMs: 0, attempts: 2 }, ...options }),
    async read(send) {
      const tip = { size: 0, frontier: [], note: '' };
      const follower = createFollower({ ...check, client: clientOf(send), tip });
      const read: OpRecord[] = [];
      for (let page = await follower.next(); page !== undefined; page = await follower.next())
        read.push(...page.records);
      return read;
    },
    revoke: async (device, send) => void (await clientOf(send).push(book, hq, [await revoke(device)])),
  };
}

/** The outcome of one claim, by its kind. */
export function mustBe<T extends { readonly kind: string }, K extends T['kind']>(
  outcome: T,
  kind: K,
): Extract<T, { kind: K }> {
  if (outcome.kind !== kind) throw new Error(`${JSON.stringify(outcome)} is not ${kind}`);
  return outcome as Extract<T, { kind: K }>;
}
