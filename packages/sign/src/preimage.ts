// The bytes that keys sign: a domain, then 32 bytes, then 32 more.

const encoder = new TextEncoder();

export function preimageOf(domain: string, first: Uint8Array, second: Uint8Array): Uint8Array {
  return Uint8Array.of(...encoder.encode(`tallystick/${domain}/1\n`), ...first, ...second);
}
