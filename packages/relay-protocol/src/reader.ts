// Who asks a relay for something, and which relay: what a program needs that hands both to a client.
import { encodeVerifierKey, type Hasher, type NoteKey } from '@tallystick/chain';
import type { DeviceId, MaybePromise } from '@tallystick/oplog';

/** Who asks: a device of the book, with a key that is in force for it. */
export interface Reader {
  readonly device: DeviceId;
  /** Raw Ed25519 signature. */
  sign(message: Uint8Array): MaybePromise<Uint8Array>;
  /** `relayIdOf` the pinned relay: what is signed for one relay is of no use at another. */
  readonly relay: string;
}

/** Name and key hash of a relay as they stand in its vkey: `relay.example+1a2b3c4d`. */
export function relayIdOf(relay: NoteKey, hasher: Hasher): string {
  // The base64 behind it may have a `+`, too.
  return encodeVerifierKey(relay, hasher).split('+', 2).join('+');
}
