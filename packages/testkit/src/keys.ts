/** Device keys out of a name, so that a test run again signs the same bytes. Never for real devices. */
import type { CryptoProvider } from '@tallystick/kernel';
import { createMemoryKeyStore, type KeyStore } from '@tallystick/sign';

/** A key store whose first key is the first of this name, its second the second, and so on. */
export function createSeededKeys(name: string, { hasher, ed25519 }: CryptoProvider): KeyStore {
  let made = 0;
  const seedOf = (count: number): Uint8Array =>
    hasher.sha256(new TextEncoder().encode(`testkit key ${count} of ${name}`));
  const seeded = { ...ed25519, generate: () => ed25519.fromSeed(seedOf(++made)) };
  return createMemoryKeyStore(seeded, hasher);
}
