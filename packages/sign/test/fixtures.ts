// Ops and devices for tests of signing.
import {
  type BookId,
  encodeHex,
  type JsonObject,
  type MaybePromise,
  type Op,
  type OpHash,
  type OpRecord,
  parseBookId,
  parseOpId,
  parseScope,
  parseVerbRef,
  type Scope,
  type VerbRef,
} from '@tallystick/oplog';
import { nodeHasher } from '@tallystick/chain/node';
import fc from 'fast-check';
import { createMemoryKeyStore, type DeviceKey, type Role, signOp } from '../src/index.ts';
import { nodeEd25519 } from '../src/node.ts';

/**
 * Any character but half a surrogate pair. What `unit: 'binary'` means, without the three seconds that its tables cost a
 * process.
 */
export const anyCharacter: fc.Arbitrary<string> = fc
  .integer({ min: 0, max: 0x10ffff - 0x800 })
  .map((point) => String.fromCodePoint(point < 0xd800 ? point : point + 0x800));

export const hasher: typeof nodeHasher = nodeHasher;

export function minted<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('the fixture is malformed');
  return value;
}

export function now<T>(value: MaybePromise<T>): T {
  if (value instanceof Promise) throw new Error('expected an answer at once');
  return value;
}

export const hq: Scope = minted(parseScope('hq'));
export const branch: Scope = minted(parseScope('b/042'));
const anyId = minted(parseOpId('019acf63-7a00-7000-8000-000000000001'));

export function newKey(): DeviceKey {
  return now(createMemoryKeyStore(nodeEd25519, hasher).create('device'));
}

export interface Draft {
  readonly key: DeviceKey;
  readonly verb: string;
  readonly args: JsonObject;
  readonly prev?: OpHash;
  readonly seq?: number;
  readonly scope?: Scope;
}

export function makeOp({ key, verb, args, prev, seq = 1, scope = hq }: Draft): Op {
  const verbRef: VerbRef = minted(parseVerbRef(verb));
  const base = { args, at: 1_764_500_000_000, device: key.device, id: anyId, scope, seq, verb: verbRef };
  return prev === undefined ? base : { ...base, prev };
}

export function openBook(key: DeviceKey, args: JsonObject = {}): { genesis: OpRecord; book: BookId } {
  const open = { key: encodeHex(key.publicKey), name: 'Corner shop', verbs: ['sale.complete@1'], ...args };
  const genesis = now(signOp(makeOp({ key, verb: 'book.open@1', args: open }), key, undefined, hasher));
  return { genesis, book: minted(parseBookId(genesis.hash)) };
}

export function enrolArgs(key: DeviceKey, role: Role, name = 'Till 3'): JsonObject {
  return { device: key.device, key: encodeHex(key.publicKey), name, role };
}

/** One enrolment signed by `author`, as that device's next op after `prev`. */
export function enrol(author: DeviceKey, args: JsonObject, book: BookId, prev: OpRecord, scope: Scope = hq): OpRecord {
  const op = makeOp({ key: author, verb: 'device.enroll@1', args, prev: prev.hash, seq: prev.op.seq + 1, scope });
  return now(signOp(op, author, book, hasher));
}
