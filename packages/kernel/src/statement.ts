/** What a device says of a book outside its log, and signs: of a backup, that it is one; to an office, that it hands one in. Verified by whoever holds the key that the book's ops brought. */
import type { Hasher } from '@tallystick/chain';
import { type BookId, decodeHex, type DeviceId, encodeHex, type KeyId } from '@tallystick/oplog';
import type { DeviceKey } from '@tallystick/sign';
import { mustBe } from './asked.ts';

/** None begins as the preimage of an op's signature, of a snapshot's or of a rotation does. */
export type StatementKind = (typeof statementKinds)[number];

const statementKinds = ['recovery/1', 'deposit/1'] as const;

export interface SignedStatement {
  readonly device: DeviceId;
  readonly keyId: KeyId;
  /** 64 bytes, hex. */
  readonly signature: string;
}

/** The bytes that are signed. */
export function statementPreimage(kind: StatementKind, book: BookId, text: string, hasher: Hasher): Uint8Array {
  const label = new TextEncoder().encode(`tallystick/${kind}\n`);
  const bytes = new Uint8Array(label.length + 64);
  bytes.set(label);
  bytes.set(decodeHex(book), label.length);
  bytes.set(decodeHex(hasher.sha256Hex(text)), label.length + 32);
  return bytes;
}

export async function signStatement(
  kind: StatementKind,
  text: string,
  book: BookId,
  key: DeviceKey,
  hasher: Hasher,
): Promise<SignedStatement> {
  // Whoever has no types must not get an op's signature by the name of its preimage.
  mustBe(statementKinds.includes(kind) && typeof text === 'string', 'a statement');
  const signature = await key.sign(statementPreimage(kind, book, text, hasher));
  return { device: key.device, keyId: key.keyId, signature: encodeHex(signature) };
}
