// The payload of a records frame: hash (32 raw) || length (2, big-endian) || record, repeated. It carries the hash because a log
// store computes none.
import type { OpHash } from './brands.ts';
import { OplogError } from './errors.ts';
import { decodeHex, encodeHex } from './hex.ts';
import type { OpRecord } from './record.ts';

const hashBytes = 32;
const headBytes = hashBytes + 2;

export interface FramedRecord {
  readonly hash: OpHash;
  /** Where the record's bytes begin in the payload. */
  readonly at: number;
  readonly length: number;
}

export function encodeRecords(records: readonly OpRecord[]): Uint8Array {
  const size = records.reduce((sum, { bytes }) => sum + headBytes + bytes.length, 0);
  const payload = new Uint8Array(size);
  let at = 0;
  for (const { bytes, hash } of records) {
    if (bytes.length > 0xffff) throw new OplogError('bundle/length', `${hash} has ${bytes.length} bytes`);
    payload.set(decodeHex(hash), at);
    payload[at + hashBytes] = bytes.length >> 8;
    payload[at + hashBytes + 1] = bytes.length & 0xff;
    payload.set(bytes, at + headBytes);
    at += headBytes + bytes.length;
  }
  return payload;
}

/** Where each record of a payload stands. The frame's checksum vouches for the lengths. */
export function locateRecords(payload: Uint8Array): FramedRecord[] {
  const found: FramedRecord[] = [];
  let at = 0;
  while (at < payload.length) {
    const hash = encodeHex(payload.subarray(at, at + hashBytes)) as OpHash;
    const length = ((payload[at + hashBytes] as number) << 8) | (payload[at + hashBytes + 1] as number);
    found.push({ hash, at: at + headBytes, length });
    at += headBytes + length;
  }
  return found;
}
