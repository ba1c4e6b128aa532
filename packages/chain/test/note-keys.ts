// Real Ed25519 for notes, by Node: the keys of who signs them, and the check.
import { createPublicKey, generateKeyPairSync, sign, verify } from 'node:crypto';
import type { NoteSigner, VerifySignature } from '../src/index.ts';

const spkiPrefix = Buffer.from('302a300506032b6570032100', 'hex');

export const verifyEd25519: VerifySignature = (publicKey, message, signature) => {
  const key = createPublicKey({ key: Buffer.concat([spkiPrefix, publicKey]), format: 'der', type: 'spki' });
  return verify(null, message, key, signature);
};

/** With a new key. */
export function makeSigner(name: string): NoteSigner {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const raw = publicKey.export({ format: 'der', type: 'spki' }).subarray(spkiPrefix.length);
  return { name, publicKey: new Uint8Array(raw), sign: (message) => sign(null, message, privateKey) };
}
