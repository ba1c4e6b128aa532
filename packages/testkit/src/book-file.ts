/** Surgery on exported book files, which any pipe between two devices may do too: frames lost, repeated, reordered, damaged. */
import { decodeBundle, encodeBundle } from '@tallystick/oplog/transport';

const newline = 0x0a;

/** The same header line over other frames. What the header claims of them may then be untrue, as it may be on a real pipe. */
export function recutBookFile(
  file: Uint8Array,
  recut: (frames: readonly Uint8Array[]) => readonly Uint8Array[],
): Uint8Array {
  const start = file.indexOf(newline) + 1;
  const { frames } = decodeBundle(file.subarray(start));
  const bundle = encodeBundle(recut(frames).map((bytes) => ({ bytes })));
  const cut = new Uint8Array(start + bundle.length);
  cut.set(file.subarray(0, start));
  cut.set(bundle, start);
  return cut;
}

/** The frames of a book file, in the order they stand there. */
export function framesOf(file: Uint8Array): readonly Uint8Array[] {
  return decodeBundle(file.subarray(file.indexOf(newline) + 1)).frames;
}
