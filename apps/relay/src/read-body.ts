// The body of a push as it comes over a connection, with its bound.
import type { IncomingMessage } from 'node:http';
import { RelayError } from '@tallystick/relay-protocol/reception';

/** As `PushRequest.read` has it. */
export function readBody(
  request: IncomingMessage,
  maxBytes: number,
  onBytes: (count: number) => void,
  onGivenUp: (letGo: (error: Error) => void) => void,
): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      try {
        if (size > maxBytes) throw new RelayError('relay/too-large', `the body has more than ${maxBytes} bytes`);
        onBytes(size);
        chunks.push(chunk);
      } catch (error) {
        request.pause();
        reject(error);
      }
    });
    onGivenUp((error) => {
      chunks.length = 0;
      request.pause();
      reject(error);
    });
    request.on('end', () => resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks)));
    request.on('error', reject);
    request.on('close', () => {
      if (!request.complete) reject(new RelayError('relay/torn', 'the body broke off'));
    });
  });
}
