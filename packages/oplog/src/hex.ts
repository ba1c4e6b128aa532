// Lowercase hex of raw bytes and back, without platform help.

const digits: readonly number[] = Array.from('0123456789abcdef', (character) => character.charCodeAt(0));
/** As long a text as one call makes: that of a hash, which is what most calls are for. One string made at once costs half of one that is put together. */
const units: number[] = Array.from({ length: 64 }, () => 0);

export function encodeHex(bytes: Uint8Array): string {
  let text = '';
  let at = 0;
  for (; at + 32 <= bytes.length; at += 32) text += encodeHash(bytes, at);
  for (; at < bytes.length; at++) {
    const byte = bytes[at] as number;
    text += String.fromCharCode(digits[byte >> 4] as number, digits[byte & 15] as number);
  }
  return text;
}

function encodeHash(bytes: Uint8Array, from: number): string {
  for (let index = 0; index < 32; index++) {
    const byte = bytes[from + index] as number;
    units[2 * index] = digits[byte >> 4] as number;
    units[2 * index + 1] = digits[byte & 15] as number;
  }
  return String.fromCharCode.apply(undefined, units);
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
