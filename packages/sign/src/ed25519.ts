// The Ed25519 port. Every provider gives the same verdict on every byte string: the acceptance rule of DESIGN.md section 3.
import type { MaybePromise } from '@tallystick/oplog';

export interface KeyPair {
  /** 32 raw bytes. */
  readonly publicKey: Uint8Array;
  /** 64 raw bytes. A signer that cannot sign throws; there is no empty signature. */
  sign(message: Uint8Array): MaybePromise<Uint8Array>;
  /**
   * As `sign`, for whoever has many to sign and other work meanwhile: starts one elsewhere and answers what gives it, without a turn of the event loop.
   * Undefined where `sign` is as good.
   */
  readonly signLater?: ((message: Uint8Array) => (() => Uint8Array) | undefined) | undefined;
}

export interface Ed25519 {
  readonly name: string;
  generate(): MaybePromise<KeyPair>;
  /** From the 32 byte RFC 8032 secret. */
  fromSeed(seed: Uint8Array): MaybePromise<KeyPair>;
  /** False for anything malformed; throws only when the platform itself fails. */
  verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): MaybePromise<boolean>;
}
