// Lowercase hex of raw bytes and back, without platform help.

const pairs: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

export function encodeHex(bytes: Uint8Array): string {
  let text = '';
  for (let i = 0; i < bytes.length; i++) text += pairs[bytes[i] as number];
  return text;
}

/** Bytes of lowercase hex that a `parseX` has checked. */
export function decodeHex(text: string): Uint8Array {
  return decodeHexInto(new Uint8Array(text.length >> 1), text);
}

/** As many bytes of the text as there is room for. */
export function decodeHexInto(bytes: Uint8Array, text: string): Uint8Array {
  for (let i = 0; i < bytes.length; i++) bytes[i] = (digit(text, 2 * i) << 4) | digit(text, 2 * i + 1);
  return bytes;
}

function digit(text: string, index: number): number {
  const unit = text.charCodeAt(index);
  return unit < 58 ? unit - 48 : unit - 87;
}
