// The small HTTP base of the office: a loopback listener that answers only requests addressed to it by a loopback name, so
// that a page elsewhere cannot reach it by rebinding a DNS name; body reading with a bound; JSON answers.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { z } from 'zod';
import { OfficeError } from '../errors.ts';

const maxBodyBytes = 64 * 1024;
const loopbackHosts: ReadonlySet<string> = new Set(['127.0.0.1', 'localhost', '::1']);

/** A listening server. `origin` is what a browser on this machine calls it. */
export interface Listener {
  readonly origin: string;
  readonly port: number;
  close(): Promise<void>;
}

/** An answer decided somewhere below the router: a status and a code for programs, a sentence for people. */
export class HttpRefusal extends Error {
  override readonly name = 'HttpRefusal';
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

export type Handler = (request: IncomingMessage, response: ServerResponse, url: URL) => Promise<void> | void;

/** Listens on `host`:`port`, or on any free port when the preferred one is taken and `mayMove` is set. */
export async function listen(host: string, port: number, mayMove: boolean, handler: Handler): Promise<Listener> {
  if (!loopbackHosts.has(host)) {
    throw new OfficeError(
      'office/address',
      `${host} is not a loopback address; the office has no log-in and answers this machine only`,
    );
  }
  const server = createServer((request, response) => void answer(request, response, handler));
  server.requestTimeout = 30_000;
  await start(server, host, port, mayMove);
  // `listen` on a TCP port always gives an AddressInfo; a string is for pipes, null for a server that is not listening.
  const address = server.address() as AddressInfo;
  return {
    origin: `http://${host === '::1' ? '[::1]' : host}:${address.port}`,
    port: address.port,
    close: () => stop(server),
  };
}

async function start(server: Server, host: string, port: number, mayMove: boolean): Promise<void> {
  try {
    await listenOnce(server, host, port);
  } catch (cause) {
    const taken = cause instanceof Error && 'code' in cause && cause.code === 'EADDRINUSE';
    if (taken && mayMove) return listenOnce(server, host, 0);
    throw new OfficeError('office/address', `cannot listen on ${host}:${port}${taken ? ': the port is taken' : ''}`, {
      cause,
    });
  }
}

function listenOnce(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.removeListener('error', reject);
      resolve();
    });
  });
}

function stop(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

async function answer(request: IncomingMessage, response: ServerResponse, handler: Handler): Promise<void> {
  try {
    const host = request.headers.host ?? '';
    if (!URL.canParse(`http://${host}`) || !isLoopbackName(new URL(`http://${host}`).hostname)) {
      throw new HttpRefusal(421, 'office/host', 'this server answers to loopback names only');
    }
    const target = request.url ?? '/';
    if (!target.startsWith('/') || !URL.canParse(target, `http://${host}`)) {
      throw new HttpRefusal(400, 'office/bad-request', 'not a path');
    }
    await handler(request, response, new URL(target, `http://${host}`));
  } catch (error) {
    if (response.headersSent) return void response.destroy();
    if (error instanceof HttpRefusal)
      return sendJson(response, error.status, { code: error.code, message: error.message });
    sendJson(response, 500, { code: 'office/internal', message: 'the office could not answer; its log says why' });
    // Never what follows the path: it says whom and what somebody asked for.
    const [path = ''] = (request.url ?? '').split('?');
    process.stderr.write(
      `office: ${request.method} ${path}: ${error instanceof Error ? error.stack : String(error)}\n`,
    );
  }
}

function isLoopbackName(hostname: string): boolean {
  return loopbackHosts.has(hostname.replace(/^\[|\]$/g, ''));
}

/**
 * Refuses a request that changes something unless it comes from one of `origins`. A browser sends Origin with every POST, so
 * its absence means a program on this machine, which needs no protection from a page.
 */
export function requireOrigin(request: IncomingMessage, origins: readonly string[]): void {
  const origin = request.headers.origin;
  if (origin === undefined || origins.includes(origin)) return;
  throw new HttpRefusal(403, 'office/origin', `requests from ${origin} are not allowed here`);
}

/** The body as JSON. Only `application/json` is read, so that no page can send one without asking first. */
export async function readJson(request: IncomingMessage): Promise<unknown> {
  if (request.headers['content-type']?.split(';')[0]?.trim() !== 'application/json') {
    throw new HttpRefusal(415, 'office/bad-request', 'the body must be application/json');
  }
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxBodyBytes)
      throw new HttpRefusal(413, 'office/bad-request', `the body is longer than ${maxBodyBytes} bytes`);
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch {
    throw new HttpRefusal(400, 'office/bad-request', 'the body is not JSON');
  }
}

export function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' });
  response.end(JSON.stringify(body));
}

/** The body as the schema has it; 400 with the first thing that is wrong with it. */
export function parseBody<T>(schema: z.ZodType<T>, body: unknown): T {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const where = issue?.path.join('.') || 'the body';
  throw new HttpRefusal(400, 'office/bad-request', `${where}: ${issue?.message ?? 'is not understood'}`);
}
