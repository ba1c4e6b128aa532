/**
 * The rows of sql.js kept whole, where a place has no files that stay open, or sql.js takes a copy of them: their hash and header, each a line, then the bytes of the database. Loaded with the acts.
 */
import { portableHasher } from '@tallystick/chain/hashing';
import { encodeHex } from '@tallystick/oplog';

const NEWLINE = 0x0a;

export interface WholeImage {
  readonly header: string;
  readonly rows: Uint8Array;
}

export async function encodeWhole(rows: Uint8Array, header: string): Promise<readonly Uint8Array[]> {
  return [new TextEncoder().encode(`${await sha256Hex(rows)}\n${header}\n`), rows];
}

/** Undefined for what is not as it was kept. */
export async function readWhole(bytes: Uint8Array): Promise<WholeImage | undefined> {
  const first = bytes.indexOf(NEWLINE);
  const second = bytes.indexOf(NEWLINE, first + 1);
  if (first < 0 || second < 0) return undefined;
  const rows = bytes.subarray(second + 1);
  const [sha256, header] = new TextDecoder().decode(bytes.subarray(0, second)).split('\n') as [string, string];
  return sha256 === (await sha256Hex(rows)) ? { header, rows } : undefined;
}

/** By the platform where it can: it hashes beside this thread, and faster than JavaScript. */
async function sha256Hex(bytes: Uint8Array): Promise<string> {
  const subtle = globalThis.crypto?.subtle as SubtleCrypto | undefined;
  const hash =
    subtle === undefined
      ? portableHasher.sha256(bytes)
      : new Uint8Array(await subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>));
  return encodeHex(hash);
}
