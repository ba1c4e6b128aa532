// The Ed25519 port. Every provider gives the same verdict on every byte string: the acceptance rule of DESIGN.md section 3.
import type { MaybePromise } from '@tallystick/oplog';

export interface KeyPair {
  /** 32 raw bytes. */
  readonly publicKey: Uint8Array;
  /** 64 raw bytes. A signer that cannot sign throws; there is no empty signature. */
  sign(message: Uint8Array): MaybePromise<Uint8Array>;
}

export interface Ed25519 {
  readonly name: string;
  generate(): MaybePromise<KeyPair>;
  /** From the 32 byte RFC 8032 secret. */
  fromSeed(seed: Uint8Array): MaybePromise<KeyPair>;
  /** False for anything malformed; throws only when the platform itself fails. */
  verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): MaybePromise<boolean>;
}
