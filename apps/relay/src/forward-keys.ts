// Requests about wrapped keys, handed on to the relay of the same engine that has them. They are signed for the host that the device asked, so that goes along as it was.
import { type ClientRequest, type IncomingHttpHeaders, type IncomingMessage, request as askByHttp } from 'node:http';
import { request as askByHttps } from 'node:https';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ReadableStream as NodeReadableStream } from 'node:stream/web';

const keysPath = /^\/v1\/books\/[^/]{1,100}\/keys(?:\/[^/]{1,100})?$/;
const handedOn = ['content-digest', 'content-length', 'tallystick-relay', 'signature', 'signature-input', 'origin'];
/** Two relays that send each other what neither has would never end. */
const onceHeader = 'tallystick-keys-forwarded';
const timeoutMs = 20_000;

/**
 * Undefined for every other path. Never rejects: a relay that does not answer is `relay/failed`. Bodies and answers go through as they come: who may send one, and how long it may be, is said by the
 * relay that has the keys, and until then this one holds no more than a piece of it.
 */
export function createKeyForwarding(keeperUrl: string): (request: Request) => Promise<Response> | undefined {
  const root = keeperUrl.replace(/\/+$/, '');
  return (request) =>
    keysPath.test(new URL(request.url).pathname) ? forward(root, request).catch(answerFailed) : undefined;
}

async function forward(root: string, request: Request): Promise<Response> {
  if (request.headers.has(onceHeader)) throw new Error('it was handed on already');
  const { host, pathname, search } = new URL(request.url);
  const headers: Record<string, string> = { host, [onceHeader]: '1' };
  for (const name of handedOn) {
    const value = request.headers.get(name);
    if (value !== null) headers[name] = value;
  }
  const body = request.method === 'PUT' ? request.body : null;
  if (body === null) delete headers['content-length'];
  const answer = await ask(new URL(`${root}${pathname}${search}`), request.method, headers, body);
  const { statusCode: status = 502 } = answer;
  if (status === 204) answer.resume();
  const answered = status === 204 ? null : (Readable.toWeb(answer) as ReadableStream<Uint8Array>);
  return new Response(answered, { status, headers: headersOf(answer.headers) });
}

function ask(
  url: URL,
  method: string,
  headers: Record<string, string>,
  body: ReadableStream<Uint8Array> | null,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const options = { method, headers, signal: AbortSignal.timeout(timeoutMs) };
    const asked: ClientRequest =
      url.protocol === 'https:' ? askByHttps(url, { ...options, servername: url.hostname }) : askByHttp(url, options);
    // Where the answer is over before all of the body was there, the rest of it is let go.
    const answered = new AbortController();
    asked.on('error', reject).on('response', (answer) => {
      answer.once('end', () => answered.abort());
      resolve(answer);
    });
    if (body === null) asked.end();
    else pipeline(Readable.fromWeb(body as NodeReadableStream<Uint8Array>), asked, answered).catch(reject);
  });
}

/** What concerns the connection stays behind. */
function headersOf(headers: IncomingHttpHeaders): Headers {
  const kept = new Headers();
  for (const [name, value] of Object.entries(headers))
    if (typeof value === 'string' && !/^(?:connection|keep-alive|transfer-encoding|content-length|date)$/.test(name))
      kept.set(name, value);
  return kept;
}

function answerFailed(): Response {
  const headers = { 'access-control-allow-origin': '*', 'cache-control': 'no-store' };
  return Response.json({ code: 'relay/failed', message: 'try again later' }, { status: 500, headers });
}
