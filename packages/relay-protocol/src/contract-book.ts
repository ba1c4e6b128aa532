// A book for the store contract: records in their canonical form, with hashes that are right, and a signature of zeros, since a store checks
// none.
import { portableHasher as hasher, openRecord } from '@tallystick/chain';
import {
  type BookId,
  type DeviceId,
  encodeHex,
  encodeOp,
  encodeRecord,
  type KeyId,
  type Op,
  type OpHash,
  type OpId,
  type OpRecord,
  parseScope,
  type Scope,
  type VerbRef,
} from '@tallystick/oplog';

export const hq: Scope = parseScope('hq') as Scope;
export const branch: Scope = parseScope('b/042') as Scope;

export interface ContractBook {
  readonly book: BookId;
  readonly genesis: OpRecord;
  /** The device that opened the book; each call extends its chain in that scope. */
  readonly root: { write(changes?: { readonly scope?: Scope }): OpRecord; writeMany(count: number): OpRecord[] };
}

const startMs = 1_764_500_000_000;

export function deviceOf(name: string): DeviceId {
  return encodeHex(hasher.sha256(new TextEncoder().encode(name))) as DeviceId;
}

/** Another name, another book. */
export function createContractBook(name: string): ContractBook {
  const device = deviceOf(name);
  let minted = 0;
  const recordOf = (op: Omit<Op, 'at' | 'device' | 'id'>): OpRecord => {
    const id = `019ad1e0-0000-7000-8000-${(++minted).toString(16).padStart(12, '0')}` as OpId;
    const text = encodeOp({ ...op, at: startMs, device, id });
    const opened = openRecord(encodeRecord(String(device) as KeyId, new Uint8Array(64), text), hasher);
    if (!opened.ok) throw new TypeError(`the contract wrote no record: ${opened.code}`);
    return opened.value;
  };
  const genesis = recordOf({
    args: { key: device, name, verbs: [] },
    scope: hq,
    seq: 1,
    verb: 'book.open@1' as VerbRef,
  });
  const heads = new Map<Scope, { readonly seq: number; readonly hash: OpHash }>([[hq, { seq: 1, hash: genesis.hash }]]);
  const write = ({ scope = hq }: { readonly scope?: Scope } = {}): OpRecord => {
    const { seq, hash } = heads.get(scope) ?? { seq: 0, hash: genesis.hash };
    const record = recordOf({ args: { note: 'x' }, prev: hash, scope, seq: seq + 1, verb: 'test.note@1' as VerbRef });
    heads.set(scope, { seq: seq + 1, hash: record.hash });
    return record;
  };
  const writeMany = (count: number): OpRecord[] => Array.from({ length: count }, () => write());
  return { book: String(genesis.hash) as BookId, genesis, root: { write, writeMany } };
}
