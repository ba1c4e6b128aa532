import { nobleEd25519, webCryptoEd25519 } from '@tallystick/sign';
import { runCertificateVectors } from './erasure-certificate.vectors.ts';

runCertificateVectors([nobleEd25519, webCryptoEd25519()]);
