// Bodies on their way in: received whole before they take a place among those that wait, and unpacked only then (docs/spec/relay.md, "Push").
import { readBody, type Unpack } from './body.ts';
import { RelayError } from './errors.ts';
import type { PushRequest } from './push.ts';
import type { Receivers } from './receivers.ts';
import { createLane, type Slot } from './turns.ts';

export function requestToPush(request: Request): PushRequest {
  const length = request.headers.get('content-length');
  return {
    path: request.url,
    encoding: request.headers.get('content-encoding') ?? undefined,
    lengthBytes: length === null ? undefined : Number(length),
    read: (maxBytes, onBytes, onGivenUp) => readBody(request.body, maxBytes, onBytes, onGivenUp),
  };
}

/** A few at a time: what comes out may be as long as a push may be, however short it came in. */
export function createUnpack(unpack: Unpack): Unpack {
  const lane = createLane(8);
  return (bytes, maxBytes) => lane.pass(async () => unpack(bytes, maxBytes));
}

export interface Incoming {
  readonly receivers: Receivers;
  readonly unpack: Unpack;
}

/** The body of a note. */
export async function readNote(request: Request, maxBytes: number, slot: Slot, incoming: Incoming): Promise<string> {
  const push = requestToPush(request);
  const bytes = await receiveBody(push, maxBytes, slot, incoming);
  return new TextDecoder().decode(await openBody(bytes, push, maxBytes, slot, incoming));
}

/** All bytes as sent, which have no place among those that wait before they are here. */
export async function receiveBody(
  { encoding = 'identity', lengthBytes, read }: PushRequest,
  maxBytes: number,
  slot: Slot,
  { receivers }: Pick<Incoming, 'receivers'>,
): Promise<Uint8Array> {
  if (encoding !== 'identity' && encoding !== 'gzip') {
    throw new RelayError('relay/encoding', 'a body is plain or gzip');
  }
  if (lengthBytes !== undefined && !(Number.isSafeInteger(lengthBytes) && lengthBytes >= 0)) {
    throw new RelayError('relay/bad-request', 'content-length is a number of bytes');
  }
  if (lengthBytes !== undefined && lengthBytes > maxBytes) {
    throw new RelayError('relay/too-large', `a push has at most ${maxBytes} bytes`);
  }
  // As they come: who announces much and sends nothing takes no room from others.
  return receivers.receive(slot, ({ grown, onGivenUp }) => read(maxBytes, grown, onGivenUp));
}

/** Takes its place, and unpacks what was sent. */
export async function openBody(
  bytes: Uint8Array,
  { encoding }: PushRequest,
  maxBytes: number,
  slot: Slot,
  { unpack }: Incoming,
): Promise<Uint8Array> {
  slot.enter();
  const body = encoding === 'gzip' ? await unpack(bytes as Uint8Array<ArrayBuffer>, maxBytes) : bytes;
  if (!slot.hold(body.length)) throw new RelayError('relay/busy', 'too many bytes are under way');
  return body;
}
