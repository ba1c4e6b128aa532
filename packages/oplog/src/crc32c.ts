// CRC-32C (Castagnoli, RFC 3720 appendix B.4), which tells a torn or damaged frame from a whole one.

/** What a byte leaves; and after it the same with one, two and three bytes of zeros behind it, so that four are taken in one step. */
const table = new Int32Array(4 * 256);
for (let at = 0; at < table.length; at++) {
  let remainder = at < 256 ? at : (table[at - 256] as number);
  for (let bit = 0; bit < 8; bit++) remainder = remainder & 1 ? (remainder >>> 1) ^ 0x82f63b78 : remainder >>> 1;
  table[at] = remainder;
}
const left = (zeros: number, byte: number): number => table[zeros * 256 + (byte & 0xff)] as number;

/** Checksum of `bytes`, or of everything before it and `bytes` when `before` is the checksum so far. */
export function crc32c(bytes: Uint8Array, before = 0): number {
  const byte = (at: number): number => bytes[at] as number;
  let crc = ~before;
  let i = 0;
  for (const end = bytes.length - 3; i < end; i += 4) {
    crc ^= byte(i) | (byte(i + 1) << 8) | (byte(i + 2) << 16) | (byte(i + 3) << 24);
    crc = left(3, crc) ^ left(2, crc >>> 8) ^ left(1, crc >>> 16) ^ left(0, crc >>> 24);
  }
  for (; i < bytes.length; i++) crc = left(0, crc ^ byte(i)) ^ (crc >>> 8);
  return ~crc >>> 0;
}
