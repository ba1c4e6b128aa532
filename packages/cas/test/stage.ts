// A book, its devices and the front ends of a relay, in one process and without Node: the same stage stands in a browser.
import { type Hasher, nobleHasher, type NoteKey, type NoteSigner } from '@tallystick/chain';
import {
  type BookId,
  encodeHex,
  type JsonObject,
  type Op,
  type OpHash,
  type OpId,
  type OpRecord,
  parseScope,
  type Scope,
  type VerbRef,
} from '@tallystick/oplog';
import {
  createFollower,
  createMemoryRelayStore,
  createRelay,
  createRelayClient,
  type Relay,
  type RelayStore,
} from '@tallystick/relay-protocol';
import { createMemoryKeyStore, type DeviceKey, type Ed25519, nobleEd25519, signOp } from '@tallystick/sign';
import { type Claimant, type ClaimantOptions, createClaimant } from '../src/index.ts';

export const claims: Scope = parseScope('claims') as Scope;
const hq = parseScope('hq') as Scope;
const atMs = 1_764_500_000_000;

export type Send = (request: Request) => Promise<Response>;

export interface Device {
  readonly name: string;
  /** The next op of its chain, which claims the token. */
  claimOp(token: string): Promise<OpRecord>;
  /** The next op of its chain, which claims nothing. */
  note(): Promise<OpRecord>;
}

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

export interface Crypto {
  readonly hasher: Hasher;
  readonly ed25519: Ed25519;
}

const portable: Crypto = { hasher: nobleHasher, ed25519: nobleEd25519 };
let minted = 0;

function mintId(): OpId {
  minted += 1;
  const count = minted.toString(16).padStart(15, '0');
  return `019ad1e0-0000-7${count.slice(0, 3)}-8${count.slice(3, 6)}-${count.slice(6).padStart(12, '0')}` as OpId;
}

interface Writer {
  readonly key: DeviceKey;
  write(verb: string, args: JsonObject, scope: Scope): Promise<OpRecord>;
}

function createWriter(hasher: Hasher, key: DeviceKey, book: BookId, enrolment: OpHash, genesis?: OpRecord): Writer {
  const heads = new Map<Scope, OpRecord>(genesis === undefined ? [] : [[hq, genesis]]);
  return {
    key,
    async write(verb, args, scope) {
      const head = heads.get(scope);
      const link = { prev: head?.hash ?? enrolment, seq: (head?.op.seq ?? 0) + 1 };
      const op = { args, at: atMs, device: key.device, id: mintId(), scope, verb: verb as VerbRef, ...link };
      const record = await signOp(op, key, book, hasher);
      heads.set(scope, record);
      return record;
    },
  };
}

/** With three devices. */
export async function openStage({ hasher, ed25519 }: Crypto = portable): Promise<Stage> {
  const keys = createMemoryKeyStore(ed25519, hasher);
  const [rootKey, relayKey] = [await keys.create('root'), await keys.create('relay')];
  const signer = { name: 'relay.test', publicKey: relayKey.publicKey, sign: (text: Uint8Array) => relayKey.sign(text) };
  const args = { key: encodeHex(rootKey.publicKey), name: 'Corner shop', verbs: [] };
  const opening: Op = {
    args,
    at: atMs,
    device: rootKey.device,
    id: mintId(),
    scope: hq,
    seq: 1,
    verb: 'book.open@1' as VerbRef,
  };
  const genesis = await signOp(opening, rootKey, undefined, hasher);
  const book = String(genesis.hash) as BookId;
  const root = createWriter(hasher, rootKey, book, genesis.hash, genesis);
  const records = [genesis];
  const writers = new Map<string, Writer>();
  for (let index = 0; index < 3; index++) {
    const [name, key] = [`till ${index + 1}`, await keys.create(`till-${index + 1}`)];
    const member = { device: key.device, key: encodeHex(key.publicKey), name, role: 'till' };
    const enrolment = await root.write('device.enroll@1', member, hq);
    records.push(enrolment);
    writers.set(name, createWriter(hasher, key, book, enrolment.hash));
  }
  const store = createMemoryRelayStore();
  const frontEnd = (over: RelayStore = store): Relay => createRelay({ store: over, signer, hasher, ed25519, reads: 'public' });
  const clientOf = (send: Send) => createRelayClient({ url: 'http://relay.test', fetch: send, retry: { baseMs: 0 } });
  await clientOf(frontEnd().fetch).push(book, hq, records);
  const check = { book, scope: claims, relay: signer, verifyNote: ed25519.verify, hasher };
  return {
    book,
    store,
    signer,
    devices: [...writers].map(([name, writer]) => ({
      name,
      claimOp: (token) => writer.write('test.claim@1', { claim: token }, claims),
      note: () => writer.write('test.note@1', { text: 'x' }, claims),
    })),
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
    async revoke({ name }, send) {
      const device = (writers.get(name) as Writer).key.device;
      await clientOf(send).push(book, hq, [await root.write('device.revoke@1', { device, reason: 'lost' }, hq)]);
    },
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
