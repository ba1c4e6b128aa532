// Under what a store keeps a record that was set aside. The hash says nothing of the key id and the signature before the text, and a copy whose signature
// was turned over must not take the place of the true one.
import type { OpHash } from './brands.ts';
import { encodeHex } from './hex.ts';

/** Bytes of a record before its text: key id and signature. */
export const signedByBytes = 96;
const hashDigits = 64;

/** Hash, key id and signature, in hex. `bytes` are the record's, or those already in hex. */
export function asideKey({ hash, bytes }: { readonly hash: OpHash; readonly bytes: Uint8Array | string }): string {
  return (
    hash + (typeof bytes === 'string' ? bytes.slice(0, 2 * signedByBytes) : encodeHex(bytes.subarray(0, signedByBytes)))
  );
}

/** The hashes of the ops with these keys. */
export function opsOf(keys: Iterable<string>): ReadonlySet<string> {
  return new Set(Array.from(keys, (key) => key.slice(0, hashDigits)));
}

/** The keys of every copy of these ops. */
export function copiesOf(hashes: readonly OpHash[], keys: Iterable<string>): string[] {
  const wanted = new Set<string>(hashes);
  return [...keys].filter((key) => wanted.has(key.slice(0, hashDigits)));
}
