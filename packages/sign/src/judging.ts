// What judges keys, and signatures where the platform cannot: loaded together when it is first asked, for it has a curve in it.
export { acceptPublicKey } from './acceptance.ts';
export { nobleEd25519 } from './noble.ts';
export { importKeyPair } from './imported-key.ts';
export { acceptSignature } from './signature-form.ts';
