// A book with devices that can sign, for the tests: real keys, real signatures, real hashes.
import { createHash } from 'node:crypto';
import type { NoteKey, NoteSigner } from '@tallystick/chain';
import { nodeHasher } from '@tallystick/chain/node';
import {
  type BookId,
  encodeHex,
  encodeRecord,
  type JsonObject,
  type Op,
  type OpHash,
  type OpId,
  type OpRecord,
  parseScope,
  type Scope,
  type Seen,
  signatureOf,
  textOf,
  type VerbRef,
} from '@tallystick/oplog';
import { createMemoryKeyStore, type DeviceKey, type Role, signOp } from '@tallystick/sign';
import { nodeEd25519 } from '@tallystick/sign/node';

export const hasher: typeof nodeHasher = nodeHasher;
export const ed25519: typeof nodeEd25519 = nodeEd25519;
export const hq: Scope = parseScope('hq') as Scope;
export const branch: Scope = parseScope('b/042') as Scope;

export interface OpChanges {
  readonly verb?: string;
  readonly args?: JsonObject;
  readonly scope?: Scope;
  readonly seen?: Seen;
  readonly seq?: number;
  readonly prev?: OpHash;
  readonly idMs?: number;
}

/** A device that writes: `write` extends its chain, `craft` makes an op beside it. */
export interface Writer {
  readonly key: DeviceKey;
  write(changes?: OpChanges): OpRecord;
  writeMany(count: number, changes?: OpChanges): OpRecord[];
  craft(changes: OpChanges): OpRecord;
}

export interface Fleet {
  readonly book: BookId;
  readonly genesis: OpRecord;
  readonly root: Writer;
  /** Writes the enrolment by the root key, which the caller must push. */
  enrol(name: string, role?: Role, by?: Writer, scope?: Scope): { writer: Writer; enrolment: OpRecord };
  /** A writer nobody enrolled; its chains start at `enrolment`. */
  stranger(name: string, enrolment?: OpHash): Writer;
}

const startMs = 1_764_500_000_000;
let minted = 0;

/** UUIDv7 text, greater from call to call. */
function mintId(idMs = startMs): OpId {
  minted += 1;
  const ms = idMs.toString(16).padStart(12, '0');
  const count = minted.toString(16).padStart(15, '0');
  return `${ms.slice(0, 8)}-${ms.slice(8)}-7${count.slice(0, 3)}-8${count.slice(3, 6)}-${count.slice(6).padStart(12, '0')}` as OpId;
}

/** Same name, same key: the tests are repeatable. */
export function keyOf(name: string): DeviceKey {
  const seed = createHash('sha256').update(`tallystick test ${name}`).digest();
  const store = createMemoryKeyStore({ ...nodeEd25519, generate: () => nodeEd25519.fromSeed(seed) }, nodeHasher);
  return store.create('device') as DeviceKey;
}

/** `start` is where the chain in hq stands already; chains elsewhere begin with a link to `enrolment`. */
function createWriter(key: DeviceKey, book: BookId, enrolment: OpHash, start?: OpRecord): Writer {
  const heads = new Map<Scope, OpRecord>();
  if (start !== undefined) heads.set(hq, start);
  const craft = (changes: OpChanges): OpRecord => {
    const { args = { note: 'x' }, verb = 'test.note@1', scope = hq, seq = 1, prev = enrolment, seen, idMs } = changes;
    const seenMember = seen === undefined ? {} : { seen };
    const id = mintId(idMs);
    const op: Op = {
      args,
      at: startMs,
      device: key.device,
      id,
      prev,
      scope,
      ...seenMember,
      seq,
      verb: verb as VerbRef,
    };
    return signOp(op, key, book, hasher) as OpRecord;
  };
  const write = (changes: OpChanges = {}): OpRecord => {
    const scope = changes.scope ?? hq;
    const head = heads.get(scope);
    const record = craft({ seq: (head?.op.seq ?? 0) + 1, prev: head?.hash ?? enrolment, ...changes });
    heads.set(scope, record);
    return record;
  };
  return { key, write, craft, writeMany: (count, changes) => Array.from({ length: count }, () => write(changes)) };
}

export function createFleet(name = 'corner shop'): Fleet {
  const key = keyOf(`${name} root`);
  const args = { key: encodeHex(key.publicKey), name, verbs: ['test.note@1'] };
  const opening: Op = {
    args,
    at: startMs,
    device: key.device,
    id: mintId(),
    scope: hq,
    seq: 1,
    verb: 'book.open@1' as VerbRef,
  };
  const genesis = signOp(opening, key, undefined, hasher) as OpRecord;
  const book = String(genesis.hash) as BookId;
  const root = createWriter(key, book, genesis.hash, genesis);
  return {
    book,
    genesis,
    root,
    enrol(deviceName, role = 'till', by = root, scope = hq) {
      const device = keyOf(`${name} ${deviceName}`);
      const member = { device: device.device, key: encodeHex(device.publicKey), name: deviceName, role };
      const enrolment = by.write({ verb: 'device.enroll@1', args: member, scope });
      return { writer: createWriter(device, book, enrolment.hash), enrolment };
    },
    stranger: (deviceName, enrolment) => createWriter(keyOf(deviceName), book, enrolment ?? genesis.hash),
  };
}

/** The same op under a signature that is not valid. */
export function forge(record: OpRecord): OpRecord {
  const signature = signatureOf(record);
  signature[0] = (signature[0] as number) ^ 1;
  return { ...record, bytes: encodeRecord(record.keyId, signature, textOf(record)) };
}

/** The same op signed by somebody else's key. */
export async function resign(record: OpRecord, key: DeviceKey): Promise<OpRecord> {
  const signature = await key.sign(new TextEncoder().encode('something else'));
  return { ...record, keyId: key.keyId, bytes: encodeRecord(key.keyId, signature, textOf(record)) };
}

export function relaySigner(name = 'relay.test'): NoteSigner & NoteKey {
  const key = keyOf(name);
  return { name, publicKey: key.publicKey, sign: (message) => key.sign(message) };
}
