// The 32 byte RFC 8032 secret and its PKCS #8 wrapping (RFC 8410), the form in which native code imports it.
import { SignError } from './errors.ts';

const pkcs8Prefix = Uint8Array.of(0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20);

export function checkSeed(seed: Uint8Array): Uint8Array {
  if (seed.length !== 32) throw new SignError('sign/seed', `a seed has 32 bytes, not ${seed.length}`);
  return seed;
}

export function seedToPkcs8(seed: Uint8Array): Uint8Array<ArrayBuffer> {
  const document = new Uint8Array(pkcs8Prefix.length + 32);
  document.set(pkcs8Prefix);
  document.set(checkSeed(seed), pkcs8Prefix.length);
  return document;
}
