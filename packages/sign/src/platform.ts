// Whether the Ed25519 of a platform holds to the acceptance rule.
import { decodeHex } from '@tallystick/oplog';
import type { Ed25519 } from './ed25519.ts';

// A key, and what it signed, are written down here: to make them at every start would cost more than both verdicts.
const probeMessage = new TextEncoder().encode('tallystick');
const publicKey = decodeHex('8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c');
const validSignature = decodeHex(
  'cd8ececbdf62d40e0b4f3ec6cde094bd26649d531c9ea8f50619483e8e54a4d8' +
    '62680870651de2d663771d02b8ffaee201137abbf6f4a6dd41932b7fd57c700e',
);
/** R carries a point of order 8, so only the cofactored equation holds. The key's owner can make such signatures at will. */
const cofactoredSignature = decodeHex(
  '1dd960b291c53514fece1341fc0dcd8a648b3934c2c533666f737a654ff1e1bf' +
    'd3d8143d00d5e46529d698e278141d22a8626665ca09c92a0351eb0c1b8f080b',
);

/** Whether a provider that was never seen before works at all, and decides the right one of two equations. */
export async function isByTheRule(candidate: Pick<Ed25519, 'verify'>): Promise<boolean> {
  try {
    const acceptsValid = await candidate.verify(publicKey, probeMessage, validSignature);
    return acceptsValid && !(await candidate.verify(publicKey, probeMessage, cofactoredSignature));
  } catch {
    return false;
  }
}
