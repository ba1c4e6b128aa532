// Requests signed by a device's key: the profile of RFC 9421 that a relay speaks (docs/spec/relay.md, "Authentication").
import { createSignature } from 'http-message-sig';
import type { Reader } from './reader.ts';

/** Covered by every signature, in this order. */
export const signedComponents: readonly string[] = ['@method', '@authority', '@path', '@query', 'tallystick-relay'];
export const signatureLabel = 'tallystick';
/** RFC 9421 section 5.1: what a relay asks for where a request is not signed as it should be. */
export const acceptSignature: string = `${signatureLabel}=(${signedComponents.map((name) => `"${name}"`).join(' ')});created;expires;nonce;keyid;tag="${signatureLabel}"`;
/** Seconds that the clocks of relay and device may differ, and that a signature may live. */
export const maxSkewSeconds = 60;
export const maxLifetimeSeconds = 300;
/** Seconds from `created` to `expires` as the client signs. */
const lifetimeSeconds = 60;
const nonceBytes = 16;

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
