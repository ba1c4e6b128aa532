// Requests signed by a device's key: the profile of RFC 9421 that a relay speaks (docs/spec/relay.md, "Authentication").
import { encodeVerifierKey, type Hasher, type NoteKey } from '@tallystick/chain';
import type { DeviceId, MaybePromise } from '@tallystick/oplog';
import { createSignature } from 'http-message-sig';

/** Who asks: a device of the book, with a key that is in force for it. */
export interface Reader {
  readonly device: DeviceId;
  /** Raw Ed25519 signature. */
  sign(message: Uint8Array): MaybePromise<Uint8Array>;
  /** `relayIdOf` the pinned relay: what is signed for one relay is of no use at another. */
  readonly relay: string;
}

/** Covered by every signature, in this order. */
export const signedComponents: readonly string[] = ['@method', '@authority', '@path', '@query', 'tallystick-relay'];
export const signatureLabel = 'tallystick';
/** RFC 9421 section 5.1: what a relay asks for where a request is not signed as it should be. */
export const acceptSignature: string = `${signatureLabel}=(${signedComponents.map((name) => `"${name}"`).join(' ')});created;expires;nonce;keyid;tag="${signatureLabel}"`;
/** Seconds from `created` to `expires` as the client signs. */
const lifetimeSeconds = 60;
const nonceBytes = 16;

/** Name and key hash of a relay as they stand in its vkey: `relay.example+1a2b3c4d`. */
export function relayIdOf(relay: NoteKey, hasher: Hasher): string {
  const vkey = encodeVerifierKey(relay, hasher);
  return vkey.slice(0, vkey.lastIndexOf('+'));
}

/** The headers that sign a request of `url`, which is spelled as it will be sent. `nowMs` as the relay's clock has it. */
export async function signedHeaders(
  url: string,
  reader: Reader,
  nowMs: number,
  method = 'GET',
): Promise<Record<string, string>> {
  const created = Math.floor(nowMs / 1000);
  const { signature, signatureInput } = await createSignature(
    { kind: 'request', method, targetUri: url, fields: [{ name: 'tallystick-relay', value: reader.relay }] },
    {
      label: signatureLabel,
      components: signedComponents,
      parameters: {
        created,
        expires: created + lifetimeSeconds,
        nonce: mintNonce(),
        keyid: reader.device,
        tag: signatureLabel,
      },
      signer: { algorithm: 'ed25519', sign: async (base) => reader.sign(base) },
    },
  );
  return { 'tallystick-relay': reader.relay, 'signature-input': signatureInput, signature };
}

/** 22 characters of base64url. */
function mintNonce(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(nonceBytes));
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');
}
