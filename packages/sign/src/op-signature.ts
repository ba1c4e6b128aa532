// Checking who signed an op (DESIGN.md section 3).
import type { VerifyRecord } from '@tallystick/chain';
import { portableHasher } from '@tallystick/chain/hashing';
import {
  type BookId,
  type DeviceId,
  decodeHex,
  type KeyId,
  type MaybePromise,
  type OpRecord,
  signatureOf,
} from '@tallystick/oplog';
import { rotateVerb } from './chain-key.ts';
import { parseBookOpenArgs } from './device-args.ts';
import type { Ed25519 } from './ed25519.ts';
import { judgeRotation } from './key-life.ts';
import { keyIdOf } from './key-store.ts';
import { bookIdOf, signaturePreimage } from './signing.ts';

export interface RecordVerifierOptions {
  readonly book: BookId;
  readonly ed25519: Ed25519;
  /** The raw key, if it is this device's at this place; another device's key never signs for it. */
  publicKeyOf(keyId: KeyId, device: DeviceId, record: OpRecord): MaybePromise<Uint8Array | undefined>;
}

/**
 * The verifier that `verifyChain` and `verifyRuns` take; of a rotation it also checks that the new key agreed. The genesis op of
 * this very book needs no enrolment: the book id is its hash, and its key stands in its args.
 */
export function createRecordVerifier({ book, ed25519, publicKeyOf }: RecordVerifierOptions): VerifyRecord {
  const verifyUnder = (record: OpRecord, publicKey: Uint8Array | undefined): MaybePromise<boolean> =>
    publicKey !== undefined && ed25519.verify(publicKey, signaturePreimage(book, record.hash), signatureOf(record));
  const verify: VerifyRecord = (record) => {
    const known = publicKeyOf(record.keyId, record.op.device, record);
    const verifyBy = (key: Uint8Array | undefined): MaybePromise<boolean> =>
      verifyUnder(record, key ?? genesisKey(record, book));
    return known instanceof Promise ? known.then(verifyBy) : verifyBy(known);
  };
  return (record) => {
    if (record.op.verb !== rotateVerb) return verify(record);
    // Both checks of chains ask about every rotation, because it ends its run: it is never merely covered.
    return judgeRotation(record.op, record.keyId, ed25519, portableHasher).then(({ ok }) => ok && verify(record));
  };
}

function genesisKey({ op, hash, keyId }: OpRecord, book: BookId): Uint8Array | undefined {
  if (bookIdOf(hash) !== book || op.prev !== undefined) return undefined;
  const args = parseBookOpenArgs(op.args);
  if (!args.ok) return undefined;
  const publicKey = decodeHex(args.value.key);
  return keyIdOf(publicKey, portableHasher) === keyId ? publicKey : undefined;
}
