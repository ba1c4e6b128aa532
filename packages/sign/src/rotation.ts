// @tallystick/sign/rotation: going on under a new key, in another scope too, and finding the key in force at a place. Spec: docs/spec/sign.md, "Rotation".
import type { Hasher } from '@tallystick/chain';
import type { DeviceId, KeyId, MaybePromise, OpHash, OpRecord } from '@tallystick/oplog';
import { type ChainKey, keyRotatedTo } from './chain-key.ts';

export { proveAdmission } from './admission.ts';
export { laterKey } from './chain-key.ts';
export { proveRotation } from './rotation-proof.ts';

/** What a reader knows of the chains that it checks. */
export interface KeysKnown {
  /** The raw key if it ever was one of this device's. */
  keyOf(device: DeviceId, keyId: KeyId): Uint8Array | undefined;
  /** The key that a chain begins with which links to this op, if that enrols or admits the device. */
  firstKeyOf(device: DeviceId, link: OpHash): ChainKey | undefined;
  /** Whether the device ever had another key than its first. */
  hasRotated(device: DeviceId): boolean;
  /** An op of the records that are being checked. */
  offered(hash: OpHash): OpRecord | undefined;
  /** An op that passed the door before. */
  stored(hash: OpHash): MaybePromise<OpRecord | undefined>;
  readonly hasher: Hasher;
}

/**
 * The key of a record, if it is the one in force at its place: that of the rotation which it links to, else the one that signed the op
 * before it, else the one named by the op that its chain begins at. Only the ops before it in its own chain matter, so every
 * reader agrees. For one batch of records.
 */
export function createKeyInForce(
  known: KeysKnown,
): (keyId: KeyId, device: DeviceId, record: OpRecord) => MaybePromise<Uint8Array | undefined> {
  const { hasher } = known;
  const keyByHash = new Map<OpHash, ChainKey>();

  function keyNamed(device: DeviceId, keyId: KeyId): ChainKey | undefined {
    const publicKey = known.keyOf(device, keyId);
    return publicKey && { keyId, publicKey };
  }

  async function keyAt(record: OpRecord): Promise<ChainKey | undefined> {
    const { device } = record.op;
    const walked: OpHash[] = [];
    let key: ChainKey | undefined;
    // From the record back to what settles the question: a rotation, an op that passed the door, or the start of the chain.
    for (let at: OpRecord | undefined = record; at !== undefined && key === undefined; ) {
      const { hash, op }: OpRecord = at;
      key = keyByHash.get(hash);
      if (key !== undefined) break;
      walked.push(hash);
      if (op.prev === undefined || op.seq === 1) {
        key = op.prev === undefined ? keyNamed(device, device as string as KeyId) : known.firstKeyOf(device, op.prev);
        break;
      }
      const offered: OpRecord | undefined = known.offered(op.prev);
      const before: OpRecord | undefined = offered ?? (await known.stored(op.prev));
      key = before && keyRotatedTo(before.op, hasher);
      if (before !== undefined && offered === undefined) key ??= keyNamed(device, before.keyId);
      at = offered;
    }
    // What is not known now may be known in a moment: an enrolment of the same batch.
    if (key !== undefined) for (const hash of walked) keyByHash.set(hash, key);
    return key;
  }

  return (keyId, device, record) => {
    if (!known.hasRotated(device)) return (keyId as string) === device ? known.keyOf(device, keyId) : undefined;
    return keyAt(record).then((key) => (key?.keyId === keyId ? key.publicKey : undefined));
  };
}
