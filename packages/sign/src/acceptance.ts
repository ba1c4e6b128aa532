// Which keys and signatures are valid is consensus (DESIGN.md section 3, docs/decisions/001-signature-acceptance.md). Once
// key and signature pass the checks here, every verifier that uses the cofactorless equation gives the same answer.
import { Point } from '@noble/ed25519';
import { rememberKeys } from './key-cache.ts';

/** The key as a point if it is canonical, of prime order and not the identity. Costs a scalar multiplication. */
export function acceptPoint(publicKey: Uint8Array): Point | undefined {
  if (publicKey.length !== 32) return undefined;
  try {
    const point = Point.fromBytes(publicKey);
    return !point.is0() && point.isTorsionFree() ? point : undefined;
  } catch {
    return undefined;
  }
}

const verdictOf = rememberKeys((publicKey) => acceptPoint(publicKey) !== undefined);

/** Whether a public key may be enrolled: 32 bytes, canonical, of prime order, not the identity. */
export function acceptPublicKey(publicKey: Uint8Array): boolean {
  return publicKey.length === 32 && verdictOf(publicKey);
}

/**
 * Notes that a key was accepted before: it comes from what this party itself stored after `acceptPublicKey` said so. The check costs a scalar multiplication,
 * and whoever starts again with ten thousand devices has done it ten thousand times already.
 */
export function vouchForKey(publicKey: Uint8Array): void {
  verdictOf.note(publicKey, true);
}
