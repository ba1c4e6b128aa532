import { nobleEd25519, webCryptoEd25519 } from '@tallystick/sign';
import { runTallyVectors } from './tally.vectors.ts';

runTallyVectors([nobleEd25519, webCryptoEd25519()]);
