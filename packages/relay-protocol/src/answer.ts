// How a relay writes its answers: JSON, notes, bundles and refusals, readable from pages of any origin.
import { encodeBundle } from '@tallystick/oplog/transport';
import { gzip } from './body.ts';
import { RelayError, type RelayAnswerCode, parseAnswerCode, statusByCode } from './errors.ts';
import type { KeptPage } from './home.ts';
import type { PushOutcome } from './push.ts';
import { acceptSignatureOf } from './request-signature.ts';

/** No request carries cookies or the like: what a page of any origin may read is what it can sign a request for. */
const crossOrigin = {
  'access-control-allow-origin': '*',
  'access-control-expose-headers':
    'accept-signature, tallystick-checkpoint, tallystick-kept, tallystick-size, retry-after',
  'cross-origin-resource-policy': 'cross-origin',
};
const fresh = { 'cache-control': 'no-store' };
const immutable = { 'cache-control': 'public, max-age=31536000, immutable' };
const octets = { 'content-type': 'application/octet-stream' };
/** The headers of an answer in JSON, for hosts that write it themselves. */
export const jsonHeaders: Readonly<Record<string, string>> = {
  'content-type': 'application/json',
  ...fresh,
  ...crossOrigin,
};
export const eventStreamHeaders: Readonly<Record<string, string>> = {
  'content-type': 'text/event-stream',
  // A proxy that collects an answer before it hands it on would make a tail of it that tells nothing.
  'x-accel-buffering': 'no',
  ...fresh,
  ...crossOrigin,
};
const minGzipBytes = 1024;

type PushAnswerParts = Pick<PushOutcome, 'size' | 'checkpoint' | 'receipt' | 'receiptNote' | 'results'>;

export function answerJson(value: unknown): Response {
  return new Response(JSON.stringify(value), { headers: jsonHeaders });
}

export function answerNote(note: string): Response {
  return new Response(note, { headers: { 'content-type': 'text/plain; charset=utf-8', ...fresh, ...crossOrigin } });
}

/** Tiles never change once they are there. */
export function answerTile(hashes: Uint8Array): Response {
  return new Response(hashes as Uint8Array<ArrayBuffer>, { headers: { ...octets, ...immutable, ...crossOrigin } });
}

export function answerEntries(records: readonly Uint8Array[]): Promise<Response> {
  return answerBundle(records, immutable, '');
}

/** A page of the log: the records, the size of the log, and the checkpoint for exactly the page's end. */
export function answerPage(
  records: readonly Uint8Array[],
  page: { readonly checkpoint: string; readonly size: number; readonly acceptEncoding: string },
): Promise<Response> {
  const headers: Record<string, string> = { ...fresh, 'tallystick-size': String(page.size) };
  if (page.checkpoint !== '') headers['tallystick-checkpoint'] = noteToHeader(page.checkpoint);
  return answerBundle(records, headers, page.acceptEncoding);
}

/** Ops that are kept for the home relay, and where the next page of them begins. */
export function answerKept({ records, next }: KeptPage, acceptEncoding: string): Promise<Response> {
  return answerBundle(records, { ...fresh, 'tallystick-kept': String(next) }, acceptEncoding);
}

async function answerBundle(
  records: readonly Uint8Array[],
  headers: Record<string, string>,
  acceptEncoding: string,
): Promise<Response> {
  const all = { ...octets, vary: 'accept-encoding', ...headers, ...crossOrigin };
  if (records.length === 0) return new Response(null, { status: 204, headers: all });
  const bundle = encodeBundle(records.map((bytes) => ({ bytes })));
  const zips = bundle.length >= minGzipBytes && /(?:^|,)\s*gzip\s*(?:,|$)/.test(acceptEncoding);
  if (!zips) return new Response(bundle as Uint8Array<ArrayBuffer>, { headers: all });
  return new Response(await gzip(bundle), { headers: { ...all, 'content-encoding': 'gzip' } });
}

export function answerPreflight(methods = 'GET, POST'): Response {
  const headers = {
    ...crossOrigin,
    'access-control-allow-methods': methods,
    'access-control-allow-headers':
      'content-digest, content-type, content-encoding, last-event-id, signature, signature-input, tallystick-relay',
    'access-control-max-age': '86400',
  };
  return new Response(null, { status: 204, headers });
}

let escaped = { note: '', text: '' };

/**
 * The body of an answer to a push, in JSON and, but for what its texts may bring, in ASCII: V8 writes that without encoding it, in half the memory. The note is
 * escaped once for all pushes of its commit, and stands last.
 */
export function encodePushAnswer({ size, checkpoint, receipt, receiptNote = '', results }: PushAnswerParts): string {
  const json = JSON.stringify({ size, checkpoint, results, receipt });
  if (receiptNote === '') return json;
  if (escaped.note !== receiptNote) escaped = { note: receiptNote, text: escapeText(receiptNote) };
  return `${json.slice(0, -2)}${escaped.text}"}`;
}

/** As it stands between the quotes of a text in JSON, in ASCII. */
function escapeText(text: string): string {
  return JSON.stringify(text)
    .slice(1, -1)
    .replaceAll(/[\u007f-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** `method` of the request, which says what a signature of it would have to cover. */
export function answerRefusal(error: unknown, method = 'GET'): Response {
  const { status, headers, body } = refusalOf(error, method);
  return new Response(body, { status, headers });
}

/** What went wrong in terms of the sender; nothing of the relay's inside. */
export function refusalOf(
  error: unknown,
  method = 'GET',
): { status: number; headers: Readonly<Record<string, string>>; body: string } {
  const refused = error instanceof RelayError ? error : new RelayError('relay/failed', '');
  const code: RelayAnswerCode = parseAnswerCode(refused.code) ?? 'relay/failed';
  const text = code === 'relay/failed' ? 'relay/failed: try again later' : refused.message;
  const { retryAfterSeconds = code === 'relay/busy' || code === 'relay/rate' ? 1 : undefined, ...said } =
    refused.details;
  const headers = {
    ...jsonHeaders,
    ...(retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) }),
    ...(statusByCode[code] === 401 ? { 'accept-signature': acceptSignatureOf(method) } : {}),
  };
  const body = JSON.stringify({ code, message: text.slice(code.length + 2), ...said });
  return { status: statusByCode[code], headers, body };
}

/** Notes are UTF-8 and headers are not, so a note travels in base64. */
export function noteToHeader(note: string): string {
  return btoa(String.fromCharCode(...new TextEncoder().encode(note)));
}

export function headerToNote(header: string): string | undefined {
  try {
    const bytes = Uint8Array.from(atob(header), (character) => character.charCodeAt(0));
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
