// Requests signed by a device's key: the profile of RFC 9421 that a relay speaks (docs/spec/relay.md, "Authentication").
import type { Hasher } from '@tallystick/chain';
import { encodeHex } from '@tallystick/oplog';
import { createSignature } from 'http-message-sig';
import type { Reader } from './reader.ts';

/** Covered by the signature of a request that has no body, in this order. */
export const signedComponents: readonly string[] = ['@method', '@authority', '@path', '@query', 'tallystick-relay'];
/** Covered where there is a body: its digest (RFC 9530), too. */
const signedWithBody: readonly string[] = signedComponents.toSpliced(-1, 0, 'content-digest');
export const signatureLabel = 'tallystick';
/** Seconds that the clocks of relay and device may differ, and that a signature may live. */
export const maxSkewSeconds = 60;
export const maxLifetimeSeconds = 300;
/** Seconds from `created` to `expires` as the client signs. */
const lifetimeSeconds = 60;
const nonceBytes = 16;

/** What the signature of a request covers, in this order. The one method of signed requests with a body is PUT. */
export function signedComponentsOf(method: string): readonly string[] {
  return method === 'PUT' ? signedWithBody : signedComponents;
}

/** RFC 9421 section 5.1: what a relay asks for where a request is not signed as it should be. */
export function acceptSignatureOf(method: string): string {
  const components = signedComponentsOf(method).map((name) => `"${name}"`);
  return `${signatureLabel}=(${components.join(' ')});created;expires;nonce;keyid;tag="${signatureLabel}"`;
}

/** The value of the header `content-digest` for a body: SHA-256, and no other digest. */
export function contentDigestOf(body: Uint8Array, hasher: Hasher): string {
  return `sha-256=:${btoa(String.fromCharCode(...hasher.sha256(body)))}:`;
}

/** The headers that sign a request of `url`, which is spelled as it will be sent. `nowMs` as the relay's clock has it; `contentDigest` of a PUT's body. */
export async function signedHeaders(
  url: string,
  reader: Reader,
  nowMs: number,
  method = 'GET',
  contentDigest?: string,
): Promise<Record<string, string>> {
  const created = Math.floor(nowMs / 1000);
  const covered = {
    'tallystick-relay': reader.relay,
    ...(contentDigest === undefined ? {} : { 'content-digest': contentDigest }),
  };
  const fields = Object.entries(covered).map(([name, value]) => ({ name, value }));
  const { signature, signatureInput } = await createSignature(
    { kind: 'request', method, targetUri: url, fields },
    {
      label: signatureLabel,
      components: signedComponentsOf(method),
      parameters: {
        created,
        expires: created + lifetimeSeconds,
        nonce: encodeHex(crypto.getRandomValues(new Uint8Array(nonceBytes))),
        keyid: reader.device,
        tag: signatureLabel,
      },
      signer: { algorithm: 'ed25519', sign: async (base) => reader.sign(base) },
    },
  );
  return { ...covered, 'signature-input': signatureInput, signature };
}
