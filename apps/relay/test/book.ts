// A book with its root key alone, and a reader of it.
import { parseVerifierKey } from '@tallystick/chain';
import { nodeHasher } from '@tallystick/chain/node';
import {
  type BookId,
  encodeHex,
  type Op,
  type OpHash,
  type OpId,
  type OpRecord,
  parseScope,
  type Scope,
  type Tip,
  type VerbRef,
} from '@tallystick/oplog';
import { createFollower, createRelayClient, type Follower, relayIdOf, signReads } from '@tallystick/relay-protocol';
import { createMemoryKeyStore, type DeviceKey, signOp } from '@tallystick/sign';
import { nodeEd25519 } from '@tallystick/sign/node';

export const hq: Scope = parseScope('hq') as Scope;
const startMs = 1_764_500_000_000;

export interface Book {
  readonly id: BookId;
  readonly key: DeviceKey;
  readonly genesis: OpRecord;
  write(): OpRecord;
}

/** A book with its root key alone. */
export function openBook(): Book {
  const key = createMemoryKeyStore(nodeEd25519, nodeHasher).create('root') as DeviceKey;
  const args = { key: encodeHex(key.publicKey), name: 'corner shop', verbs: ['test.note@1'] };
  const opOf = (seq: number, prev?: OpHash): Op => ({
    args: prev === undefined ? args : { note: 'a line of business' },
    at: startMs,
    device: key.device,
    id: `019ad1e0-0000-7000-8000-${seq.toString(16).padStart(12, '0')}` as OpId,
    ...(prev === undefined ? {} : { prev }),
    scope: hq,
    seq,
    verb: (prev === undefined ? 'book.open@1' : 'test.note@1') as VerbRef,
  });
  const genesis = signOp(opOf(1), key, undefined, nodeHasher) as OpRecord;
  const id = String(genesis.hash) as BookId;
  let head = genesis;
  return {
    id,
    key,
    genesis,
    write: () => (head = signOp(opOf(head.op.seq + 1, head.hash), key, id, nodeHasher) as OpRecord),
  };
}

/** Reads as the root of the book. */
export function follow(relay: { url: string; vkey: string }, { id: book, key: root }: Book, from?: Tip): Follower {
  const key = parseVerifierKey(relay.vkey, nodeHasher);
  if (!key.ok) throw new Error(key.code);
  const client = createRelayClient({ url: relay.url, retry: { attempts: 1 } });
  const tip = from ?? { size: 0, frontier: [], note: '' };
  const verifyNote: typeof nodeEd25519.verify = (publicKey, message, signature) =>
    nodeEd25519.verify(publicKey, message, signature);
  const reader = { device: root.device, sign: root.sign, relay: relayIdOf(key.value, nodeHasher) };
  const options = {
    client: signReads(client, [reader]),
    book,
    scope: hq,
    relay: key.value,
    verifyNote,
    hasher: nodeHasher,
  };
  return createFollower({ ...options, tip });
}
