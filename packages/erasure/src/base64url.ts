// Base64url (RFC 4648 section 5) without padding, one spelling for each byte string.

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const valueByUnit = new Map(Array.from(alphabet, (letter, value) => [letter, value]));

export function encodeBase64url(bytes: Uint8Array): string {
  let text = '';
  let [bits, value] = [0, 0];
  for (const byte of bytes) {
    value = ((value << 8) | byte) & 0x3fff;
    for (bits += 8; bits >= 6; bits -= 6) text += alphabet[(value >> (bits - 6)) & 63];
  }
  return bits > 0 ? text + alphabet[(value << (6 - bits)) & 63] : text;
}

/** The bytes, or undefined when the text is not exactly what `encodeBase64url` writes for them. */
export function parseBase64url(text: string): Uint8Array | undefined {
  const bytes = new Uint8Array(Math.floor((text.length * 3) / 4));
  let [at, bits, value] = [0, 0, 0];
  for (const letter of text) {
    const digit = valueByUnit.get(letter);
    if (digit === undefined) return undefined;
    value = ((value << 6) | digit) & 0x3fff;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    bytes[at++] = value >> bits;
  }
  return bits < 6 && (value & ((1 << bits) - 1)) === 0 ? bytes : undefined;
}
