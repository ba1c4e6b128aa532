// A book and devices that can sign, without a relay and without Node: the same cast plays in a browser.
import type { Hasher } from '@tallystick/chain';
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
import { createMemoryKeyStore, type DeviceKey, type Ed25519, signOp } from '@tallystick/sign';

export interface Crypto {
  readonly hasher: Hasher;
  readonly ed25519: Ed25519;
}

export interface Device {
  readonly name: string;
  readonly key: DeviceKey;
  /** The next op of its chain in `claims`, which claims the token. */
  claimOp(token: string): Promise<OpRecord>;
  /** The next op of that chain, which claims nothing. */
  note(): Promise<OpRecord>;
}

export interface Cast {
  readonly book: BookId;
  /** Of `hq`: the genesis op and the enrolments, for the relay. */
  readonly opening: readonly OpRecord[];
  readonly devices: readonly Device[];
  revoke(device: Device): Promise<OpRecord>;
}

export const claims: Scope = parseScope('claims') as Scope;
export const hq: Scope = parseScope('hq') as Scope;
const atMs = 1_764_500_000_000;
let minted = 0;

function mintId(): OpId {
  minted += 1;
  const count = minted.toString(16).padStart(15, '0');
  return `019ad1e0-0000-7${count.slice(0, 3)}-8${count.slice(3, 6)}-${count.slice(6).padStart(12, '0')}` as OpId;
}

type Write = (verb: string, args: JsonObject, scope: Scope) => Promise<OpRecord>;

/** Writes the chains of one device, each of which begins at its enrolment; `genesis` is the first op of the one in `hq`. */
function createWriter(hasher: Hasher, key: DeviceKey, book: BookId, enrolment: OpHash, genesis?: OpRecord): Write {
  const heads = new Map<Scope, OpRecord>(genesis === undefined ? [] : [[hq, genesis]]);
  return async (verb, args, scope) => {
    const head = heads.get(scope);
    const link = { prev: head?.hash ?? enrolment, seq: (head?.op.seq ?? 0) + 1 };
    const op = { args, at: atMs, device: key.device, id: mintId(), scope, verb: verb as VerbRef, ...link };
    const record = await signOp(op, key, book, hasher);
    heads.set(scope, record);
    return record;
  };
}

export async function createCast({ hasher, ed25519 }: Crypto, count: number): Promise<Cast> {
  const keys = createMemoryKeyStore(ed25519, hasher);
  const rootKey = await keys.create('root');
  const args = { key: encodeHex(rootKey.publicKey), name: 'Corner shop', verbs: [] };
  const verb = 'book.open@1' as VerbRef;
  const first: Op = { args, at: atMs, device: rootKey.device, id: mintId(), scope: hq, seq: 1, verb };
  const genesis = await signOp(first, rootKey, undefined, hasher);
  const book = String(genesis.hash) as BookId;
  const root = createWriter(hasher, rootKey, book, genesis.hash, genesis);
  const opening = [genesis];
  const devices: Device[] = [];
  for (let index = 0; index < count; index++) {
    const [name, key] = [`till ${index + 1}`, await keys.create(`till-${index + 1}`)];
    const member = { device: key.device, key: encodeHex(key.publicKey), name, role: 'till' };
    const enrolment = await root('device.enroll@1', member, hq);
    opening.push(enrolment);
    const write = createWriter(hasher, key, book, enrolment.hash);
    devices.push({
      name,
      key,
      claimOp: (token) => write('test.claim@1', { claim: token }, claims),
      note: () => write('test.note@1', { text: 'x' }, claims),
    });
  }
  return {
    book,
    opening,
    devices,
    revoke: ({ key: { device } }) => root('device.revoke@1', { device, reason: 'lost' }, hq),
  };
}
