// Bodies with a bound: bytes from a stream that may be endless, gzip that may unpack to gigabytes.
import type { MaybePromise } from '@tallystick/oplog';
import { RelayError } from './errors.ts';
import type { OnGivenUp } from './receivers.ts';

type ByteStream = ReadableStream<Uint8Array<ArrayBuffer>>;

/**
 * All bytes of `stream`; cancels it and throws `relay/too-large` as soon as there are more than `maxBytes`, or what `onBytes` throws, which hears of every
 * number of bytes so far. Cancels it too when it is given up, and then answers less.
 */
export async function readBody(
  stream: ByteStream | null,
  maxBytes: number,
  onBytes: (count: number) => void = () => undefined,
  onGivenUp?: OnGivenUp,
): Promise<Uint8Array<ArrayBuffer>> {
  if (stream === null) return new Uint8Array(0);
  const reader = stream.getReader();
  const chunks: Uint8Array[] = [];
  let size = 0;
  onGivenUp?.(() => void reader.cancel().catch(() => undefined));
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    size += next.value.length;
    try {
      if (size > maxBytes)
        throw new RelayError('relay/too-large', `the body has more than ${maxBytes} bytes`, { status: 413 });
      onBytes(size);
    } catch (error) {
      await reader.cancel().catch(() => undefined);
      throw error;
    }
    chunks.push(next.value);
  }
  const body = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    body.set(chunk, at);
    at += chunk.length;
  }
  return body;
}

/** Unpacks gzip, with the same bound on what comes out. Throws `relay/bad-encoding` or `relay/too-large`. */
export async function gunzip(bytes: Uint8Array<ArrayBuffer>, maxBytes: number): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return await readBody(streamOf(bytes).pipeThrough(new DecompressionStream('gzip')), maxBytes);
  } catch (cause) {
    if (cause instanceof RelayError) throw cause;
    throw new RelayError('relay/bad-encoding', 'the body is not gzip', { cause, status: 400 });
  }
}

export async function gzip(bytes: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  const stream = streamOf(bytes as Uint8Array<ArrayBuffer>).pipeThrough(new CompressionStream('gzip'));
  return readBody(stream, Number.POSITIVE_INFINITY);
}

function streamOf(bytes: Uint8Array<ArrayBuffer>): ByteStream {
  return new Blob([bytes]).stream();
}

/** How a host unpacks gzip with a bound; `gunzip` where it has nothing better. */
export type Unpack = (bytes: Uint8Array<ArrayBuffer>, maxBytes: number) => MaybePromise<Uint8Array>;
