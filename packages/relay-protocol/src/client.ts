// Talking to a relay from a device: pushes that may be repeated at will, pages, checkpoints and proofs.
import type { BookId, DeviceId, OpHash, OpRecord, Scope } from '@tallystick/oplog';
import { decodeBundle, encodeBundle } from '@tallystick/oplog/transport';
import { headerToNote } from './answer.ts';
import { gzip, readBody } from './body.ts';
import { RelayError } from './errors.ts';
import {
  type BatchAnswer,
  checkStatus,
  type Handshake,
  badAnswer,
  parseBatchAnswer,
  parseCosigned,
  parseHandshake,
  parseInfo,
  parseProof,
  type RelayInfo,
} from './replies.ts';
import type { Reader } from './reader.ts';
import { signedHeaders } from './request-signature.ts';
import { type Reply, type RetryPolicy, withRetry } from './retry.ts';
import type { ScopeSize } from './store.ts';
import { defaultSilenceMs, type LogNews, readTail } from './tail-client.ts';
import { type TilePlace, tilePath } from './tile-path.ts';
import type { PushResult } from './verdict.ts';

export interface RelayClientOptions {
  /** `https://relay.example`; a path is kept as a prefix. */
  readonly url: string;
  readonly fetch?: (request: Request) => Promise<Response>;
  readonly retry?: RetryPolicy;
  /** Bodies of so many bytes or more are sent in gzip; 1,024 when left out. */
  readonly gzipFromBytes?: number;
  /** Ends every request under way, every wait and every later call: a deadline or a stop. */
  readonly signal?: AbortSignal;
  /** Milliseconds since 1970, for signed requests; a relay that has another time says so and is believed in that. */
  now?(): number;
}

export interface TailOptions extends CallOptions {
  readonly reader?: Reader | undefined;
  /** After so long without a word the connection is given up. Default 40,000 ms. */
  readonly silenceMs?: number;
}

/** The size up to which the asker has followed a scope's log. */
export interface Known {
  readonly scope: Scope;
  readonly size: number;
}

/** Of one call, in place of those of the client. */
export interface CallOptions {
  readonly retry?: RetryPolicy;
  /** Beside that of the client. */
  readonly signal?: AbortSignal;
}

export interface PushAnswer {
  /** Of the scope's log after the push. */
  readonly size: number;
  /** The relay's signed checkpoint for that size, not yet verified; '' when the log is empty. */
  readonly checkpoint: string;
  /** One signed note for each request in which some op has a position, not yet verified. */
  readonly receipts: readonly string[];
  /** One for each record, in order. */
  readonly results: readonly PushResult[];
}

export interface PullPage {
  readonly from: number;
  /** Record bytes, unchecked. None at the end of the log. */
  readonly frames: readonly Uint8Array[];
  /** The relay's signed checkpoint for the page's end, not yet verified; '' when the log is empty. */
  readonly checkpoint: string;
  /** Ops in the log now. */
  readonly size: number;
}

/** Ops that a mirror keeps for its home relay: unchecked, in the order they came. */
export interface KeptOps {
  readonly frames: readonly Uint8Array[];
  /** Where the next page begins; the same as was asked for at the end. */
  readonly next: number;
}

/**
 * Every call throws `RelayError`: the relay's own refusal, `relay/unreachable`, `relay/aborted` or `relay/bad-answer`. Reads are signed by their
 * `reader`; without one they are for relays that anybody may read.
 */
export interface RelayClient {
  readonly url: string;
  /** Who answers, and in which versions of the protocol. Throws `relay/protocol` where there is none in common. */
  info(): Promise<RelayInfo>;
  /** Where the book stands at the relay, with its roots at the sizes that are known here: whoever forgot or rewrote is told by them. */
  handshake(book: BookId, known: readonly Known[], reader?: Reader): Promise<Handshake>;
  /** Splits to the relay's limits. What a relay refuses of the records stands in the results, not in an exception. */
  push(book: BookId, scope: Scope, records: readonly OpRecord[], options?: CallOptions): Promise<PushAnswer>;
  /** A push on the condition that nobody has the tokens that the records claim; `holder` in a result says who has it now. */
  claim(book: BookId, scope: Scope, records: readonly OpRecord[], options?: CallOptions): Promise<PushAnswer>;
  pull(book: BookId, scope: Scope, from: number, reader?: Reader): Promise<PullPage>;
  /** The signed note, not yet verified. Throws `relay/empty` when the scope has no ops. */
  checkpoint(book: BookId, scope: Scope, reader?: Reader): Promise<string>;
  /** Of a mirror (`info().mirror`): what it keeps of a log for the home relay, from `after` (0 at first) on. */
  kept(book: BookId, scope: Scope, after: number, reader?: Reader): Promise<KeptOps>;
  /** The newest checkpoint that at least so many devices cosigned, with their lines, not yet verified. Throws `relay/not-cosigned`. */
  cosigned(book: BookId, scope: Scope, count: number, reader?: Reader): Promise<string>;
  /**
   * Hands in a checkpoint of this relay with the device's line. Answers the newest one that another device cosigned, not yet verified; '' where there is none.
   * Throws `relay/cosignature` when it is not taken.
   */
  cosign(book: BookId, scope: Scope, device: DeviceId, note: string): Promise<string>;
  /** What the relay signs when it is shown a note of its own about this log (`verifyStanding`), not yet verified. Throws `relay/standing`. */
  standing(book: BookId, scope: Scope, note: string): Promise<string>;
  /** `width` hashes of 32 bytes, one after the other: those of tile `index` of tree level 8 * `level`. Throws `relay/not-found`. */
  tile(book: BookId, scope: Scope, tile: TilePlace, reader?: Reader): Promise<Uint8Array>;
  consistency(
    book: BookId,
    scope: Scope,
    first: number,
    second: number,
    reader?: Reader,
  ): Promise<readonly Uint8Array[]>;
  inclusion(book: BookId, scope: Scope, index: number, size: number, reader?: Reader): Promise<readonly Uint8Array[]>;
  /**
   * How far each log reaches that the reader may read, at once where it is not known, and then whenever one has grown, until the connection ends. It proves
   * nothing: a sync does. `watchRelay` goes on with the next connection.
   */
  tail(book: BookId, known: readonly Known[], options?: TailOptions): Promise<AsyncGenerator<LogNews, void, undefined>>;
  /** Those that the reader may read. */
  scopes(book: BookId, reader?: Reader): Promise<readonly ScopeSize[]>;
}

interface Sent extends CallOptions {
  readonly body?: Uint8Array;
  readonly reader?: Reader | undefined;
  /** The answer is read as it comes, and not within the deadline of a try. */
  readonly isStream?: boolean;
}

type Call = (path: string, sent?: Sent) => Promise<Reply>;

const maxReplyBytes = 64 << 20;
const minGzipBytes = 1024;
const maxSignings = 3;

export function createRelayClient(options: RelayClientOptions): RelayClient {
  const url = options.url.replace(/\/+$/, '');
  const call = createCall(url, options);
  let known: RelayInfo | undefined;
  const info = async (own?: CallOptions): Promise<RelayInfo> => (known = parseInfo(await call('/v1/info', own)));
  const pathOf = (book: BookId, scope: Scope): string => `/v1/books/${book}/scopes/${encodeURIComponent(scope)}`;
  const handIn = async (path: string, records: readonly OpRecord[], own: CallOptions = {}): Promise<PushAnswer> => {
    const callIt: Call = (to, sent) => call(to, { ...sent, ...own });
    try {
      return await pushAll(callIt, path, records, known ?? (await info(own)));
    } catch (error) {
      // The relay may have come back with smaller limits. What was stored already is answered `exists`.
      if (!(error instanceof RelayError) || error.code !== 'relay/too-large') throw error;
      return pushAll(callIt, path, records, await info(own));
    }
  };
  const askNote: (path: string, sent: Sent) => Promise<string> = async (path, sent) =>
    new TextDecoder().decode((await call(path, sent)).bytes);
  const handshake: RelayClient['handshake'] = async (book, known, reader) => {
    const asked = queryOf(known);
    return parseHandshake(await call(`/v1/books/${book}/scopes${asked === '' ? '' : `?${asked}`}`, { reader }));
  };
  return {
    url,
    info: () => info(),
    handshake,
    push: (book, scope, records, own) => handIn(`${pathOf(book, scope)}/ops?checkpoint`, records, own),
    claim: (book, scope, records, own) => handIn(`${pathOf(book, scope)}/claims?checkpoint`, records, own),
    pull: async (book, scope, from, reader) =>
      readPullPage(await call(`${pathOf(book, scope)}/ops?from=${from}`, { reader }), from),
    kept: async (book, scope, after, reader) =>
      readKept(await call(`${pathOf(book, scope)}/kept?after=${after}`, { reader }), after),
    checkpoint: (book, scope, reader) => askNote(`${pathOf(book, scope)}/checkpoint`, { reader }),
    cosigned: (book, scope, count, reader) =>
      askNote(`${pathOf(book, scope)}/checkpoint?cosigned=${count}`, { reader }),
    async cosign(book, scope, device, note) {
      const body = new TextEncoder().encode(note);
      return parseCosigned(await call(`${pathOf(book, scope)}/cosignatures/${device}`, { body }));
    },
    standing: (book, scope, note) =>
      askNote(`${pathOf(book, scope)}/standing`, { body: new TextEncoder().encode(note) }),
    async tile(book, scope, { level, index, width }, reader) {
      const { bytes } = await call(`${pathOf(book, scope)}/tile/${level}/${tilePath(index, width)}`, { reader });
      if (bytes.length === width * 32) return bytes;
      throw new RelayError('relay/bad-answer', `tile ${level}/${index} has ${bytes.length} bytes`);
    },
    async consistency(book, scope, first, second, reader) {
      return parseProof(
        await call(`${pathOf(book, scope)}/proof/consistency?first=${first}&second=${second}`, { reader }),
      );
    },
    async inclusion(book, scope, index, size, reader) {
      return parseProof(await call(`${pathOf(book, scope)}/proof/inclusion?index=${index}&size=${size}`, { reader }));
    },
    async tail(book, known, { silenceMs = defaultSilenceMs, ...own } = {}) {
      const { stream } = await call(`/v1/books/${book}/tail?${queryOf(known)}`, { ...own, isStream: true });
      if (stream === undefined) throw badAnswer('stream');
      return readTail(
        stream,
        silenceMs,
        [options.signal, own.signal].flatMap((signal) => signal ?? []),
      );
    },
    scopes: async (book, reader) => (await handshake(book, [], reader)).scopes,
  };
}

function queryOf(known: readonly Known[]): string {
  return known.map(({ scope, size }) => `known=${size}:${encodeURIComponent(scope)}`).join('&');
}

function createCall(url: string, options: RelayClientOptions): Call {
  const { retry = {}, signal: stop = new AbortController().signal, gzipFromBytes = minGzipBytes } = options;
  const { now = Date.now } = options;
  const send = options.fetch ?? ((request: Request) => fetch(request));
  // How far the relay's clock is ahead of this one, as it said last.
  let aheadMs = 0;
  return async (path, { body, reader, isStream = false, ...own } = {}) => {
    const signal = own.signal === undefined ? stop : AbortSignal.any([stop, own.signal]);
    const headers: Record<string, string> = {};
    let sent = body as Uint8Array<ArrayBuffer> | undefined;
    if (sent !== undefined) headers['content-type'] = 'application/octet-stream';
    if (sent !== undefined && sent.length >= gzipFromBytes) {
      sent = await gzip(sent);
      headers['content-encoding'] = 'gzip';
    }
    const init = { method: sent === undefined ? 'GET' : 'POST', headers, body: sent ?? null };
    const attempt = async (attemptSignal: AbortSignal): Promise<Reply> => {
      // The deadline of a try is over for a stream when it has begun.
      const opening = new AbortController();
      const giveUp = (): void => opening.abort(attemptSignal.reason);
      attemptSignal.addEventListener('abort', giveUp);
      const lasting = isStream ? AbortSignal.any([signal, opening.signal]) : attemptSignal;
      const request = new Request(url + path, { ...init, signal: lasting });
      const signed = reader === undefined ? {} : await signedHeaders(request.url, reader, now() + aheadMs);
      for (const [name, value] of Object.entries(signed)) request.headers.set(name, value);
      const response = await send(request);
      attemptSignal.removeEventListener('abort', giveUp);
      const { status, headers: answered, body: stream } = response;
      if (isStream && status === 200 && stream !== null)
        return { status, headers: answered, bytes: new Uint8Array(0), stream };
      return { status, headers: answered, bytes: await readReply(response) };
    };
    for (let signings = 1; ; signings++) {
      const reply = await withRetry(attempt, { ...retry, ...own.retry }, signal);
      try {
        checkStatus(reply);
        return reply;
      } catch (error) {
        const nowMs = reader === undefined || signings >= maxSignings ? undefined : signAgainAt(error, now() + aheadMs);
        if (nowMs === undefined) throw error;
        aheadMs = nowMs - now();
      }
    }
  };
}

/** By which clock to sign the request once more: it was of another time than the relay's, or a pipe on the way sent it twice. */
function signAgainAt(error: unknown, nowMs: number): number | undefined {
  if (!(error instanceof RelayError)) return undefined;
  if (error.code === 'relay/clock') return error.details.nowMs;
  return error.code === 'relay/replayed' ? nowMs : undefined;
}

async function readReply({ body }: Response): Promise<Uint8Array> {
  try {
    return await readBody(body, maxReplyBytes);
  } catch (cause) {
    if (!(cause instanceof RelayError)) throw cause;
    throw new RelayError('relay/bad-answer', `the answer has more than ${maxReplyBytes} bytes`, { cause });
  }
}

async function pushAll(
  call: Call,
  path: string,
  records: readonly OpRecord[],
  { limits }: RelayInfo,
): Promise<PushAnswer> {
  const results: PushResult[] = [];
  const receipts: string[] = [];
  let last: BatchAnswer | undefined;
  for (const batch of splitToLimits(records, limits)) {
    const hashes: OpHash[] = batch.map(({ hash }) => hash);
    last = parseBatchAnswer(await call(path, { body: encodeBundle(batch) }), hashes);
    results.push(...last.results);
    if (last.receipt !== '') receipts.push(last.receipt);
  }
  return { size: last?.size ?? 0, checkpoint: last?.checkpoint ?? '', receipts, results };
}

/** Always at least one batch, so that an empty push still asks how things stand. */
function splitToLimits(records: readonly OpRecord[], limits: RelayInfo['limits']): OpRecord[][] {
  let batch: OpRecord[] = [];
  const batches = [batch];
  let bytes = 0;
  for (const record of records) {
    const framed = record.bytes.length + 2;
    const full = batch.length >= limits.maxBatchOps || bytes + framed > limits.maxBatchBytes;
    if (full && batch.length > 0) {
      batches.push((batch = []));
      bytes = 0;
    }
    batch.push(record);
    bytes += framed;
  }
  return batches;
}

function readKept({ headers, bytes }: Reply, after: number): KeptOps {
  const next = Number(headers.get('tallystick-kept') ?? Number.NaN);
  const { frames, tornAt } = decodeBundle(bytes);
  if (Number.isSafeInteger(next) && next >= after && tornAt === undefined) return { frames, next };
  throw new RelayError('relay/bad-answer', `the relay's page from ${after} is damaged`);
}

function readPullPage({ status, headers, bytes }: Reply, from: number): PullPage {
  const size = Number(headers.get('tallystick-size') ?? Number.NaN);
  const checkpoint = headerToNote(headers.get('tallystick-checkpoint') ?? '');
  const { frames, tornAt } = decodeBundle(bytes);
  const isPage = Number.isSafeInteger(size) && tornAt === undefined && checkpoint !== undefined;
  if (!isPage || (status === 204) !== (frames.length === 0)) {
    throw new RelayError('relay/bad-answer', `the relay's page from ${from} is damaged`, { status });
  }
  return { from, frames, checkpoint, size };
}
