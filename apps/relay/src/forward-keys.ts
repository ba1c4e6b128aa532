// Requests about wrapped keys, handed on to the relay of the same engine that has them. They are signed for the host that the device asked, so that goes along as it was.
import { type IncomingHttpHeaders, type IncomingMessage, request as askByHttp } from 'node:http';
import { request as askByHttps } from 'node:https';

const keysPath = /^\/v1\/books\/[^/]{1,100}\/keys(?:\/[^/]{1,100})?$/;
const handedOn = ['content-digest', 'tallystick-relay', 'signature', 'signature-input', 'origin'];
/** Two relays that send each other what neither has would never end. */
const onceHeader = 'tallystick-keys-forwarded';
/** Longer than the longest wrapped key, which the other one refuses by name. */
const maxBodyBytes = 250_000;
/** A list of as many keys as a book may have. */
const maxAnswerBytes = 16 << 20;
const timeoutMs = 20_000;

/** Undefined for every other path. Never rejects: a relay that does not answer is `relay/failed`. */
export function createKeyForwarding(keeperUrl: string): (request: Request) => Promise<Response> | undefined {
  const root = keeperUrl.replace(/\/+$/, '');
  return (request) =>
    keysPath.test(new URL(request.url).pathname) ? forward(root, request).catch(answerFailed) : undefined;
}

async function forward(root: string, request: Request): Promise<Response> {
  if (request.headers.has(onceHeader)) throw new Error('it was handed on already');
  const { host, pathname, search } = new URL(request.url);
  const body = request.method === 'PUT' ? await collect(request.body ?? [], maxBodyBytes) : undefined;
  const headers: Record<string, string> = { host, [onceHeader]: '1' };
  for (const name of handedOn) {
    const value = request.headers.get(name);
    if (value !== null) headers[name] = value;
  }
  if (body !== undefined) headers['content-length'] = String(body.length);
  const answer = await ask(new URL(`${root}${pathname}${search}`), request.method, headers, body);
  const bytes = await collect(answer, maxAnswerBytes);
  const status = answer.statusCode ?? 502;
  return new Response(status === 204 ? undefined : bytes, { status, headers: headersOf(answer.headers) });
}

async function collect(
  parts: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  max: number,
): Promise<Buffer<ArrayBuffer>> {
  const collected: Uint8Array[] = [];
  let size = 0;
  for await (const part of parts) {
    size += part.length;
    if (size > max) throw new Error(`more than ${max} bytes`);
    collected.push(part);
  }
  return Buffer.concat(collected);
}

function ask(url: URL, method: string, headers: Record<string, string>, body?: Buffer): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const options = { method, headers, signal: AbortSignal.timeout(timeoutMs) };
    const asked =
      url.protocol === 'https:'
        ? askByHttps(url, { ...options, servername: url.hostname }, resolve)
        : askByHttp(url, options, resolve);
    asked.on('error', reject).end(body);
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
