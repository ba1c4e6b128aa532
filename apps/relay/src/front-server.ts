// The thread that speaks HTTP: it reads pushes, hands them over whole and many at a time, and writes the answers. Everything else it passes on as it comes.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { MessagePort } from 'node:worker_threads';
import { createReception, type Reception, RelayError } from '@tallystick/relay-protocol/reception';
import { boundConnections, type Connections } from './connections.ts';
import { createForwarding } from './front-forwarding.ts';
import type { Answers, Failure, FromFront, FrontOptions, FrontState, Pushes, ToFront } from './front-messages.ts';
import { readBody } from './read-body.ts';
import { closeServers, limitTime } from './servers.ts';

const isPush = /^\/v1\/books\/[0-9a-f]{64}\/scopes\/[^/?#]+\/(?:ops|claims)(?:\?checkpoint)?$/;
const stateEveryMs = 250;
/** As soon as there is so much it is handed over, so that what is copied at once stays small. */
const maxBatchBytes = 1 << 20;

/** Listens when it is told to, once. */
export function serveFront(port: MessagePort): void {
  port.once('message', (message: ToFront) => {
    if (message.kind === 'listen') serve(message.options, port);
  });
}

function serve(options: FrontOptions, port: MessagePort): void {
  const say = (message: FromFront, transfer: ArrayBuffer[] = []): void => port.postMessage(message, transfer);
  const reception = createReception(options.limits);
  const outbox = createOutbox((pushes) => say(pushes, [pushes.bytes]));
  const waiting = new Map<number, Waiting>();
  const forwarding = createForwarding(options.inner);
  const server = createServer((request, response) => {
    // Of a connection that was ended for asking too much at once.
    if (request.socket.destroyed) return;
    if (request.method !== 'POST' || !isPush.test(request.url ?? '')) return forwarding.pass(request, response);
    const { headers } = request;
    const push = { request, response, startMs: performance.now(), encoding: headers['content-encoding'] };
    const length = headers['content-length'];
    const handOver = (body: Uint8Array, over: () => void, failure?: Failure): void => {
      const id = outbox.add(push, body, failure);
      waiting.set(id, { push, over });
      askers.waits(request.socket, id);
    };
    reception
      .take(
        {
          path: request.url ?? '',
          encoding: push.encoding,
          lengthBytes: length === undefined ? undefined : Number(length),
          read: (maxBytes, onBytes, onGivenUp) => readBody(request, maxBytes, onBytes, onGivenUp),
        },
        (body) => new Promise<void>((resolve) => handOver(body, resolve)),
      )
      .catch((error: unknown) => handOver(noBody, () => undefined, toFailure(error)));
  });
  limitTime(server);
  const connections = boundConnections(server, options.maxConnections);
  const askers = createAskers(server, outbox.left);
  const telling = setInterval(tellState(say, reception, connections), stateEveryMs);
  port.on('message', (message: ToFront) => {
    if (message.kind === 'answers') return answerAll(message, waiting, askers);
    clearInterval(telling);
    void closeServers([server])
      .then(() => forwarding.close())
      .then(() => say({ kind: 'closed' }));
  });
  open(server, options, say);
}

const noBody = new Uint8Array(0);

interface Push {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly startMs: number;
  readonly encoding: string | undefined;
}

/** A push that is handed over; `over` frees what its body takes. */
interface Waiting {
  readonly push: Push;
  readonly over: () => void;
}

/** Who waits for an answer on which connection. A response that waits behind another one hears nothing of the end of its connection. */
interface Askers {
  waits(socket: Socket, id: number): void;
  answered(socket: Socket, id: number): void;
}

function createAskers(server: Server, onLeft: (id: number) => void): Askers {
  const idsBySocket = new Map<Socket, Set<number>>();
  server.on('connection', (socket: Socket) => {
    const ids = new Set<number>();
    idsBySocket.set(socket, ids);
    socket.once('close', () => {
      idsBySocket.delete(socket);
      for (const id of ids) onLeft(id);
    });
  });
  return {
    waits(socket, id) {
      const ids = idsBySocket.get(socket);
      if (ids === undefined) onLeft(id);
      else ids.add(id);
    },
    answered: (socket, id) => void idsBySocket.get(socket)?.delete(id),
  };
}

/** Says how things are where they are not as they were. */
function tellState(say: (state: FrontState) => void, reception: Reception, connections: Connections): () => void {
  let told = { connections: 0, evicted: 0, bytes: 0 };
  return () => {
    const now = { connections: connections.count(), evicted: connections.evicted(), bytes: reception.bytes() };
    if (now.connections === told.connections && now.evicted === told.evicted && now.bytes === told.bytes) return;
    told = now;
    say({ kind: 'state', ...now });
  };
}

function open(server: Server, { port, host }: FrontOptions, say: (message: FromFront) => void): void {
  server.once('error', (error: NodeJS.ErrnoException) =>
    say({ kind: 'not-listening', code: error.code ?? '', message: error.message }),
  );
  server.listen(port, host, () => {
    const { address, family, port: taken } = server.address() as AddressInfo;
    say({ kind: 'listening', url: `http://${family === 'IPv6' ? `[${address}]` : address}:${taken}` });
  });
}

/** What comes in one turn of the event loop is one message. */
function createOutbox(send: (pushes: Pushes) => void): {
  /** Answers the push's id. */
  add(push: Push, body: Uint8Array, failure?: Failure): number;
  /** Nobody waits for that one any more. */
  left(id: number): void;
} {
  let lastId = 0;
  let bodies: Uint8Array[] = [];
  let sizeBytes = 0;
  const nothing = (): Omit<Pushes, 'bytes'> => ({
    kind: 'pushes',
    ids: [],
    paths: [],
    encodings: [],
    traceparents: [],
    tookMs: [],
    failures: [],
    ends: [],
    left: [],
  });
  let next = nothing();
  let flushing: NodeJS.Immediate | undefined;
  const flush = (): void => {
    clearImmediate(flushing);
    flushing = undefined;
    const bytes = new ArrayBuffer(sizeBytes);
    const all = new Uint8Array(bytes);
    for (const [index, body] of bodies.entries()) all.set(body, (next.ends[index] as number) - body.length);
    const pushes = { ...next, bytes };
    [bodies, sizeBytes, next] = [[], 0, nothing()];
    send(pushes);
  };
  return {
    add({ request, startMs, encoding }, body, failure) {
      const id = ++lastId;
      const { url = '', headers } = request;
      next.ids.push(id);
      next.paths.push(url);
      next.encodings.push(encoding);
      next.traceparents.push(headers['traceparent'] as string | undefined);
      next.tookMs.push(performance.now() - startMs);
      next.failures.push(failure);
      sizeBytes += body.length;
      next.ends.push(sizeBytes);
      bodies.push(body);
      flushing ??= setImmediate(flush);
      if (sizeBytes > maxBatchBytes) flush();
      return id;
    },
    left(id) {
      next.left.push(id);
      flushing ??= setImmediate(flush);
    },
  };
}

function toFailure(error: unknown): Failure {
  if (error instanceof RelayError) return { code: error.code, message: error.message.slice(error.code.length + 2) };
  return { code: 'relay/torn', message: 'the body broke off' };
}

function answerAll(
  { ids, statuses, headOf, heads, bodies }: Answers,
  waiting: Map<number, Waiting>,
  askers: Askers,
): void {
  for (const [index, id] of ids.entries()) {
    const { push, over } = waiting.get(id) as Waiting;
    waiting.delete(id);
    over();
    const { request, response } = push;
    askers.answered(request.socket, id);
    if (request.socket.destroyed) continue;
    const body = bodies[index] as string;
    // What was not read of a body that is too long cannot be skipped: the connection ends with the answer.
    const closing = request.complete ? undefined : { connection: 'close' };
    const head = heads[headOf[index] as number];
    response.writeHead(statuses[index] as number, { ...head, ...closing, 'content-length': Buffer.byteLength(body) });
    // As text, so that head and body are one write.
    response.end(body);
  }
}
