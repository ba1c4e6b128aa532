// A key outside its store: opened from a backup, or about to be backed up.
import { type Hasher, portableHasher } from '@tallystick/chain';
import type { KeyId } from '@tallystick/oplog';
import { type Ed25519, encodeKeyText, keyIdOf, nobleEd25519, parseKeyText } from '@tallystick/sign';
import { type CustodyResult, refuse, type SealCode } from './errors.ts';
import type { Opener, Recipient } from './recipients.ts';
import { openSealed, sealText } from './sealed.ts';

/** Wipe `seed` when done; `restoreKey` does. */
export interface OpenedKey {
  /** 32 bytes: whoever has them is the device. */
  readonly seed: Uint8Array;
  /** 32 bytes. */
  readonly publicKey: Uint8Array;
  /** Also the device's id, if it is the device's first key. */
  readonly keyId: KeyId;
}

/** Portable by default. */
export interface Providers {
  readonly ed25519?: Ed25519;
  readonly hasher?: Hasher;
}

export async function keyOfSeed(
  seed: Uint8Array,
  { ed25519 = nobleEd25519, hasher = portableHasher }: Providers = {},
): Promise<OpenedKey> {
  const { publicKey } = await ed25519.fromSeed(seed);
  return { seed, publicKey, keyId: keyIdOf(publicKey, hasher) };
}

/** Armored age text. Throws `custody/recipient`, `custody/passphrase` or `custody/passkey`. */
export async function sealKey({ seed, publicKey }: OpenedKey, to: Recipient): Promise<string> {
  return sealText(encodeKeyText(seed, publicKey), to);
}

export interface RestoreOptions extends Providers {
  /** The key that is missed: a backup of another one is refused (`custody/other-key`). */
  readonly expect?: KeyId;
}

/** Never throws for anything that `sealed` holds. */
export async function openBackup(
  sealed: string,
  opener: Opener,
  options: RestoreOptions = {},
): Promise<CustodyResult<OpenedKey, SealCode>> {
  const opened = await openSealed(sealed, opener);
  if (!opened.ok) return opened;
  const material = await parseKeyText(opened.value, options.ed25519 ?? nobleEd25519);
  if (material === undefined) return refuse('custody/not-a-key', 'it opens, but holds no key');
  return checkExpected(await keyOfSeed(material.seed, options), options);
}

/** Refuses, and wipes, another key than the one that is missed. */
export function checkExpected(
  key: OpenedKey,
  { expect }: RestoreOptions,
): CustodyResult<OpenedKey, 'custody/other-key'> {
  if (expect === undefined || key.keyId === expect) return { ok: true, value: key };
  key.seed.fill(0);
  return refuse('custody/other-key', `this is a backup of the key ${key.keyId}`);
}
