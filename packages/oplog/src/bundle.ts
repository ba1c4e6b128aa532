// The bundle: records one after another, in the framing of a C2SP tlog-tiles entry bundle. docs/spec/op.md, "Bundle".
import { OplogError } from './errors.ts';

const lengthBytes = 2;
const maxFrameBytes = 0xffff;

export interface Bundle {
  /** Views into the bundle, in order; nothing about their content is checked. */
  readonly frames: readonly Uint8Array[];
  /** Byte offset where a frame begins that is not whole, or undefined. */
  readonly tornAt: number | undefined;
}

/** Big-endian uint16 length, then the record, repeated. */
export function encodeBundle(records: readonly { readonly bytes: Uint8Array }[]): Uint8Array {
  let size = 0;
  for (const { bytes } of records) {
    if (bytes.length === 0 || bytes.length > maxFrameBytes) {
      throw new OplogError('bundle/length', `a record of ${bytes.length} bytes does not fit a bundle`);
    }
    size += lengthBytes + bytes.length;
  }
  const bundle = new Uint8Array(size);
  let offset = 0;
  for (const { bytes } of records) {
    bundle[offset] = bytes.length >> 8;
    bundle[offset + 1] = bytes.length & 0xff;
    bundle.set(bytes, offset + lengthBytes);
    offset += lengthBytes + bytes.length;
  }
  return bundle;
}

/** Everything up to a tear, and where the tear is. */
export function decodeBundle(bytes: Uint8Array): Bundle {
  const frames: Uint8Array[] = [];
  let offset = 0;
  while (offset < bytes.length) {
    const start = offset + lengthBytes;
    const end = start + (((bytes[offset] as number) << 8) | (bytes[offset + 1] ?? 0));
    if (end > bytes.length) return { frames, tornAt: offset };
    frames.push(bytes.subarray(start, end));
    offset = end;
  }
  return { frames, tornAt: undefined };
}
