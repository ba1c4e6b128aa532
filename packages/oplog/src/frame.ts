// The frames of a log file: marker (4 bytes) || kind (1) || payload length (4, big-endian) || checksum (4) || payload. The
// checksum is CRC-32C over the frame's offset in the file, kind, length and payload, so a frame is whole only in its place.
import { crc32c } from './crc32c.ts';

/** What a payload is. A reader that meets another number must stop: a newer release wrote it. */
export const frameKinds = {
  records: 1,
  settle: 2,
  receipt: 3,
  asides: 4,
  dropAsides: 5,
  meta: 6,
  replace: 7,
  begin: 8,
  unsettle: 9,
} as const;

export interface Frame {
  readonly kind: number;
  readonly payload: Uint8Array;
  /** Offset of the payload in the file. */
  readonly payloadAt: number;
}

export interface WholeFrame extends Frame {
  readonly checksum: number;
  /** Offset where the next frame begins. */
  readonly end: number;
}

/** Bytes at an offset: as many as asked for, fewer only at the end of the file. */
export type ReadBytes = (offset: number, length: number) => Uint8Array;

// 0xf5 occurs in no UTF-8 text, so a search for the marker never stops inside the text of an op.
const marker = Uint8Array.of(0xf5, 0x74, 0x6c, 0x79);
const kindAt = 4;
const lengthAt = 5;
const checksumAt = 9;
export const frameHeaderBytes = 13;

export function encodeFrame(kind: number, payload: Uint8Array, offset: number): Uint8Array {
  const frame = new Uint8Array(frameHeaderBytes + payload.length);
  const view = new DataView(frame.buffer);
  frame.set(marker);
  view.setUint8(kindAt, kind);
  view.setUint32(lengthAt, payload.length);
  frame.set(payload, frameHeaderBytes);
  view.setUint32(checksumAt, checksumOf(frame, offset));
  return frame;
}

/** The frame at `offset`, or undefined when no whole one is there. */
export function readFrame(read: ReadBytes, offset: number): WholeFrame | undefined {
  const header = read(offset, frameHeaderBytes);
  if (header.length < frameHeaderBytes || !marker.every((byte, i) => header[i] === byte)) return undefined;
  const view = new DataView(header.buffer, header.byteOffset, header.byteLength);
  const length = view.getUint32(lengthAt);
  const checksum = view.getUint32(checksumAt);
  const kind = view.getUint8(kindAt);
  const frame = read(offset, frameHeaderBytes + length);
  if (frame.length < frameHeaderBytes + length || checksumOf(frame, offset) !== checksum) return undefined;
  const payloadAt = offset + frameHeaderBytes;
  return { kind, checksum, payload: frame.subarray(frameHeaderBytes), payloadAt, end: payloadAt + length };
}

/** Offset of the first whole frame at or after `from`, or undefined: tells a damaged file from a torn one. */
export function findFrame(read: ReadBytes, from: number, size: number): number | undefined {
  const step = 65_536;
  for (let start = from; start < size; start += step) {
    // Windows overlap by a marker, so none hides across a border.
    const window = read(start, step + marker.length - 1);
    for (let i = window.indexOf(marker[0] as number); i >= 0; i = window.indexOf(marker[0] as number, i + 1)) {
      if (readFrame(read, start + i) !== undefined) return start + i;
    }
  }
  return undefined;
}

/** The checksum that a frame of `encodeFrame` carries. */
export function frameChecksum(frame: Uint8Array): number {
  return new DataView(frame.buffer, frame.byteOffset).getUint32(checksumAt);
}

function checksumOf(frame: Uint8Array, offset: number): number {
  const place = new Uint8Array(8);
  new DataView(place.buffer).setBigUint64(0, BigInt(offset));
  const head = crc32c(frame.subarray(kindAt, checksumAt), crc32c(place));
  return crc32c(frame.subarray(frameHeaderBytes), head);
}
