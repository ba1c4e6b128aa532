/** gzip by the platform's own streams, with a bound on what is unpacked. */

/** Beyond this nobody wants to wait for it: 3 ms. Below, the streams cost more than the packing. */
const maxAtOnceBytes = 1 << 17;

/** `gzip`: of the platform, at once, where it has one. */
export async function packed(bytes: Uint8Array, gzip?: (bytes: Uint8Array) => Uint8Array): Promise<Uint8Array> {
  if (gzip !== undefined && bytes.length <= maxAtOnceBytes) return gzip(bytes);
  return through(bytes, new CompressionStream('gzip'), Number.MAX_SAFE_INTEGER);
}

/** Throws `RangeError` beyond `maxBytes`, and what the platform throws for bytes that are not gzip's. */
export function unpacked(bytes: Uint8Array, maxBytes: number): Promise<Uint8Array> {
  return through(bytes, new DecompressionStream('gzip'), maxBytes);
}

async function through(
  bytes: Uint8Array,
  stream: CompressionStream | DecompressionStream,
  maxBytes: number,
): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let size = 0;
  // Straight into the stream: by way of a blob and a pipe, small tables cost twice as much.
  const writer = stream.writable.getWriter();
  // What goes wrong is thrown where it is read.
  Promise.all([writer.write(bytes as Uint8Array<ArrayBuffer>), writer.close()]).catch(() => undefined);
  const reader = stream.readable.getReader();
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    const part = next.value as Uint8Array;
    size += part.length;
    if (size > maxBytes) {
      await reader.cancel();
      throw new RangeError(`more than ${maxBytes} bytes`);
    }
    parts.push(part);
  }
  const whole = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
