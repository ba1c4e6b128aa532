// The bytes that keys sign: a domain, then 32 bytes, then 32 more.

const encoder = new TextEncoder();

/** A signature over such bytes as args hold it: 64 bytes in hex. */
export const proofPattern: RegExp = /^[0-9a-f]{128}$/;

/** What makes the preimages of one domain. */
export function preimagesOf(domain: string): (first: Uint8Array, second: Uint8Array) => Uint8Array {
  const opening = encoder.encode(`tallystick/${domain}/1\n`);
  return (first, second) => {
    const preimage = new Uint8Array(opening.length + first.length + second.length);
    preimage.set(opening);
    preimage.set(first, opening.length);
    preimage.set(second, opening.length + first.length);
    return preimage;
  };
}
