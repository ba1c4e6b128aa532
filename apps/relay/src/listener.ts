// HTTP in front of the relay: pushes by a short way, everything else as `Request` and `Response`, and what each request came to.
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { type Relay, RelayError } from '@tallystick/relay-protocol';
import type { ServerRequest } from 'srvx';
import { toNodeHandler } from 'srvx/node';
import type { Health } from './health.ts';
import { errorToFields, type Log } from './log.ts';
import type { Tracing } from './tracing.ts';
import { type Asked, askedOf } from './request-kind.ts';

export interface Served extends Asked {
  /** 499 where the asker went away before the answer was out. */
  readonly status: number;
  /** Of a refusal, as in docs/spec/relay.md. */
  readonly code: string | undefined;
  readonly durationMs: number;
}

export interface ListenerOptions {
  readonly relay: Pick<Relay, 'fetch' | 'handIn'>;
  readonly health: Health;
  readonly log: Log;
  readonly tracing: Pick<Tracing, 'begin'> | undefined;
  onServed(served: Served): void;
}

const isPush = /^\/v1\/books\/[0-9a-f]{64}\/scopes\/[^/?#]+\/(?:ops|claims)(?:\?checkpoint)?$/;
const clientLeft = 499;

export function createListener({ relay, health, log, tracing, onServed }: ListenerOptions): RequestListener {
  const codes = new WeakMap<object, string>();
  const note = (response: object | undefined, body: string): void => {
    const code = codeIn(body);
    if (response !== undefined && code !== undefined) codes.set(response, code);
  };
  const handle = toNodeHandler(async (request: Request) => {
    const { pathname } = new URL(request.url);
    if (pathname.startsWith('/healthz')) return health.answer(pathname);
    const answer = await relay.fetch(request);
    if (answer.status >= 400) note((request as ServerRequest).runtime?.node?.res, await answer.clone().text());
    return answer;
    // Its type asks for a message of both HTTP versions at once; it takes either.
  }) as (request: IncomingMessage, response: ServerResponse) => unknown;
  return (request, response) => {
    const { method = '', url = '' } = request;
    const asked = askedOf(method, url);
    const startMs = performance.now();
    const trace = tracing?.begin(asked, method, request.headers['traceparent'] as string | undefined);
    const served = (status: number): void => {
      const code = codes.get(response);
      trace?.end(status, code);
      onServed({ ...asked, status, code, durationMs: performance.now() - startMs });
    };
    // Each comes once, and a listener that takes itself off again costs more than one that stays.
    response.on('close', () => served(response.writableFinished ? response.statusCode : clientLeft));
    const answered =
      method === 'POST' && isPush.test(url) ? handIn(relay, request, response, note, trace) : handle(request, response);
    Promise.resolve(answered).catch((error: unknown) => {
      log({ level: 'warn', event: 'not-sent', ...errorToFields(error) });
      response.destroy();
    });
  };
}

function codeIn(body: string): string | undefined {
  return /^\{"code":"(relay\/[a-z-]+)"/.exec(body)?.[1];
}

/** A push by a shorter way than `Request` and `Response`, which cost more than all that the relay does with it. */
async function handIn(
  relay: Pick<Relay, 'handIn'>,
  request: IncomingMessage,
  response: ServerResponse,
  note: (response: ServerResponse, body: string) => void,
  tag: unknown,
): Promise<void> {
  const { headers } = request;
  const length = headers['content-length'];
  const reply = await relay.handIn({
    tag,
    path: request.url ?? '',
    encoding: headers['content-encoding'],
    lengthBytes: length === undefined ? undefined : Number(length),
    read: (maxBytes, onBytes, onGivenUp) => readBody(request, maxBytes, onBytes, onGivenUp),
  });
  if (reply.status >= 400) note(response, reply.body);
  if (response.destroyed) return;
  // What was not read of a body that is too long cannot be skipped: the connection ends with the answer.
  const closing = request.complete ? undefined : { connection: 'close' };
  response.writeHead(reply.status, { ...reply.headers, ...closing, 'content-length': Buffer.byteLength(reply.body) });
  // As text, so that head and body are one write.
  response.end(reply.body);
}

function readBody(
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
