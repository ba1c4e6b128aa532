// A relay on a port: store, key file and HTTP server around the fetch handler of @tallystick/relay-protocol.
import { mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { NoteSigner } from '@tallystick/chain';
import { nodeHasher } from '@tallystick/chain/node';
import { type BookId, parseBookId, parseScope, type Scope } from '@tallystick/oplog';
import {
  createRelay,
  type Relay,
  RelayError,
  type RelayEvent,
  type RelayLimits,
  type RelayStore,
} from '@tallystick/relay-protocol';
import { nodeUnpack } from '@tallystick/relay-protocol/node';
import type { Ed25519 } from '@tallystick/sign';
import { createFileKeyStore, loadSodiumThreads, nodeEd25519Threads } from '@tallystick/sign/node';
import { toNodeHandler } from 'srvx/node';
import { type EngineOptions, openEngine } from './engine.ts';
import { errorToFields, type Log } from './log.ts';

export interface StartRelayOptions {
  /** Holds relay.key and, by engine, relay.sqlite or the fold of a stream; made when missing. */
  readonly dataDir: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** Default 127.0.0.1: a relay that others should reach is told so, or stands behind a proxy that speaks TLS. */
  readonly host?: string;
  /** Default: SQLite. */
  readonly engine?: EngineOptions;
  readonly log?: Log;
  /** Stands in every note; it cannot change once the relay has signed one. Default: `relay-` and 16 digits of the key id. */
  readonly name?: string;
  readonly books?: 'open' | readonly BookId[];
  readonly limits?: Partial<RelayLimits>;
  /** Who may read: `devices` of the book by their roles (the default), or `public`, whoever knows its id. */
  readonly reads?: 'devices' | 'public';
  /** Where devices reach it, if a proxy hands on another host or path than they ask for. */
  readonly publicUrl?: string;
}

export interface RunningRelay {
  readonly url: string;
  /** The key to pin, in the C2SP "vkey" form. */
  readonly vkey: string;
  /** Stops accepting, lets requests under way finish for up to ten seconds, then closes the database. */
  close(): Promise<void>;
}

const headersTimeoutMs = 10_000;
const requestTimeoutMs = 60_000;
const idleTimeoutMs = 120_000;
const stopTimeoutMs = 10_000;
const maxConnections = 2_000;
const isPush = /^\/v1\/books\/[0-9a-f]{64}\/scopes\/[^/?#]+\/(?:ops|claims)(?:\?checkpoint)?$/;
const hq = parseScope('hq') as Scope;
const nobody = parseBookId('0'.repeat(64)) as BookId;

export async function startRelay(options: StartRelayOptions): Promise<RunningRelay> {
  const { dataDir, port, host = '127.0.0.1', log = () => undefined, books = 'open', limits = {} } = options;
  const { reads = 'devices', publicUrl, engine = { kind: 'sqlite' } } = options;
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const signer = await openSigner(dataDir, options.name);
  const store = await openEngine(engine, dataDir, log);
  const ed25519 = await chooseEd25519();
  try {
    const onEvent = (event: RelayEvent): void => logEvent(log, event);
    const relay = createRelay({
      store,
      signer,
      hasher: nodeHasher,
      ed25519,
      unpack: nodeUnpack,
      books,
      limits,
      reads,
      onEvent,
      ...(publicUrl === undefined ? {} : { url: publicUrl }),
    });
    await relay.ready();
    const server = createServer(
      { headersTimeout: headersTimeoutMs, requestTimeout: requestTimeoutMs },
      createListener(relay, store, log),
    );
    server.maxConnections = maxConnections;
    server.timeout = idleTimeoutMs;
    await listen(server, port, host);
    const url = urlOf(server);
    log({ level: 'info', event: 'listening', url, vkey: relay.vkey, verifier: ed25519.name });
    let closing: Promise<void> | undefined;
    const close = (): Promise<void> => (closing ??= stop(server, relay, store, log));
    return { url, vkey: relay.vkey, close };
  } catch (error) {
    await store.close();
    throw error;
  }
}

/** By libsodium where it was installed for this machine. */
async function chooseEd25519(): Promise<Ed25519> {
  try {
    return (await loadSodiumThreads(createRequire(import.meta.url).resolve('sodium-native'))) ?? nodeEd25519Threads;
  } catch {
    return nodeEd25519Threads;
  }
}

async function openSigner(dataDir: string, name: string | undefined): Promise<NoteSigner> {
  const keys = createFileKeyStore(dataDir);
  const key = (await keys.load('relay')) ?? (await keys.create('relay'));
  return {
    name: name ?? `relay-${key.keyId.slice(0, 16)}`,
    publicKey: key.publicKey,
    sign: (message) => key.sign(message),
  };
}

function createListener(relay: Relay, store: RelayStore, log: Log): RequestListener {
  const handle = toNodeHandler(async (request: Request) => {
    const { pathname } = new URL(request.url);
    const response = pathname === '/healthz' ? await checkHealth(store) : await relay.fetch(request);
    if (response.status >= 400) {
      const { method } = request;
      log({ level: 'warn', event: 'refused', method, path: pathname.slice(0, 200), status: response.status });
    }
    return response;
    // Its type asks for a message of both HTTP versions at once; it takes either.
  }) as (request: IncomingMessage, response: ServerResponse) => unknown;
  return (request, response) => {
    if (request.method === 'POST' && isPush.test(request.url ?? '')) return void handIn(relay, request, response, log);
    Promise.resolve(handle(request, response)).catch((error: unknown) => {
      log({ level: 'warn', event: 'not-sent', ...errorToFields(error) });
      response.destroy();
    });
  };
}

/** A push by a shorter way than `Request` and `Response`, which cost more than all that the relay does with it. */
async function handIn(relay: Relay, request: IncomingMessage, response: ServerResponse, log: Log): Promise<void> {
  const path = request.url ?? '';
  const { headers } = request;
  const length = headers['content-length'];
  const {
    status,
    headers: answered,
    body,
  } = await relay.handIn({
    path,
    encoding: headers['content-encoding'],
    lengthBytes: length === undefined ? undefined : Number(length),
    read: (maxBytes, onBytes, signal) => readBody(request, maxBytes, onBytes, signal),
  });
  if (status >= 400) log({ level: 'warn', event: 'refused', method: 'POST', path: path.slice(0, 200), status });
  if (response.destroyed) return;
  const bytes = Buffer.from(body);
  // What was not read of a body that is too long cannot be skipped: the connection ends with the answer.
  const closing = request.complete ? {} : { connection: 'close' };
  response.writeHead(status, { ...answered, ...closing, 'content-length': bytes.length });
  response.end(bytes);
}

function readBody(
  request: IncomingMessage,
  maxBytes: number,
  onBytes: (count: number) => void,
  signal: AbortSignal,
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
    signal.addEventListener('abort', () => {
      chunks.length = 0;
      request.pause();
      reject(signal.reason as Error);
    });
    request.once('end', () => resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks)));
    request.once('error', reject);
    request.once('close', () => {
      if (!request.complete) reject(new RelayError('relay/torn', 'the body broke off'));
    });
  });
}

async function checkHealth(store: RelayStore): Promise<Response> {
  try {
    await store.log(nobody, hq);
    return Response.json({ status: 'ok' });
  } catch {
    return Response.json({ status: 'store' }, { status: 503 });
  }
}

function logEvent(log: Log, event: RelayEvent): void {
  if (event.kind === 'failed' || event.kind === 'alarm') {
    log({ level: 'error', event: event.kind, ...errorToFields(event.error) });
    return;
  }
  // What the commits sum up already; a push of which something was not taken is somebody's trouble.
  if (
    event.kind === 'pushed' &&
    Object.keys(event.verdicts).every((verdict) => verdict === 'stored' || verdict === 'exists')
  )
    return;
  const { kind, ...fields } = event;
  log({ level: kind === 'behind' ? 'error' : 'info', event: kind, ...fields });
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function urlOf(server: Server): string {
  const { address, family, port } = server.address() as AddressInfo;
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
}

async function stop(server: Server, relay: Relay, store: RelayStore, log: Log): Promise<void> {
  log({ level: 'info', event: 'stopping' });
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  relay.endTails();
  const deadline = setTimeout(() => server.closeAllConnections(), stopTimeoutMs);
  // A connection that is kept alive becomes idle when its answer is out; nothing else tells the server to end it then.
  const sweep = setInterval(() => server.closeIdleConnections(), 50);
  await closed;
  clearTimeout(deadline);
  clearInterval(sweep);
  await relay.close();
  await store.close();
  log({ level: 'info', event: 'stopped' });
}
