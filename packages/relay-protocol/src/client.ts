// Talking to a relay from a device: pushes that may be repeated at will, pages, checkpoints and proofs.
import {
  type BookId,
  type DeviceId,
  decodeBundle,
  encodeBundle,
  type OpHash,
  type OpRecord,
  type Scope,
} from '@tallystick/oplog';
import { headerToNote } from './answer.ts';
import { gzip, readBody } from './body.ts';
import { RelayError } from './errors.ts';
import {
  type BatchAnswer,
  checkStatus,
  parseBatchAnswer,
  parseCosigned,
  parseInfo,
  parseProof,
  parseScopes,
  type RelayInfo,
} from './replies.ts';
import { type Reply, type RetryPolicy, withRetry } from './retry.ts';
import type { ScopeSize } from './store.ts';
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

/** Every call throws `RelayError`: the relay's own refusal, `relay/unreachable`, `relay/aborted` or `relay/bad-answer`. */
export interface RelayClient {
  readonly url: string;
  info(): Promise<RelayInfo>;
  /** Splits to the relay's limits. What a relay refuses of the records stands in the results, not in an exception. */
  push(book: BookId, scope: Scope, records: readonly OpRecord[], options?: CallOptions): Promise<PushAnswer>;
  /** A push on the condition that nobody has the tokens that the records claim; `holder` in a result says who has it now. */
  claim(book: BookId, scope: Scope, records: readonly OpRecord[], options?: CallOptions): Promise<PushAnswer>;
  pull(book: BookId, scope: Scope, from: number): Promise<PullPage>;
  /** The signed note, not yet verified. Throws `relay/empty` when the scope has no ops. */
  checkpoint(book: BookId, scope: Scope): Promise<string>;
  /** The newest checkpoint that at least so many devices cosigned, with their lines, not yet verified. Throws `relay/not-cosigned`. */
  cosigned(book: BookId, scope: Scope, count: number): Promise<string>;
  /**
   * Hands in a checkpoint of this relay with the device's line. Answers the newest one that another device cosigned, not yet verified; '' where there is none.
   * Throws `relay/cosignature` when it is not taken.
   */
  cosign(book: BookId, scope: Scope, device: DeviceId, note: string): Promise<string>;
  /** What the relay signs when it is shown a note of its own about this log (`verifyStanding`), not yet verified. Throws `relay/standing`. */
  standing(book: BookId, scope: Scope, note: string): Promise<string>;
  /** `width` hashes of 32 bytes, one after the other: those of tile `index` of tree level 8 * `level`. Throws `relay/not-found`. */
  tile(book: BookId, scope: Scope, tile: TilePlace): Promise<Uint8Array>;
  consistency(book: BookId, scope: Scope, first: number, second: number): Promise<readonly Uint8Array[]>;
  inclusion(book: BookId, scope: Scope, index: number, size: number): Promise<readonly Uint8Array[]>;
  scopes(book: BookId): Promise<readonly ScopeSize[]>;
}

type Call = (path: string, body?: Uint8Array, options?: CallOptions) => Promise<Reply>;

const maxReplyBytes = 64 << 20;
const minGzipBytes = 1024;

export function createRelayClient(options: RelayClientOptions): RelayClient {
  const url = options.url.replace(/\/+$/, '');
  const call = createCall(url, options);
  let known: RelayInfo | undefined;
  const info = async (own?: CallOptions): Promise<RelayInfo> =>
    (known = parseInfo(await call('/v1/info', undefined, own)));
  const pathOf = (book: BookId, scope: Scope): string => `/v1/books/${book}/scopes/${encodeURIComponent(scope)}`;
  const handIn = async (path: string, records: readonly OpRecord[], own: CallOptions = {}): Promise<PushAnswer> => {
    const callIt: Call = (to, body) => call(to, body, own);
    try {
      return await pushAll(callIt, path, records, known ?? (await info(own)));
    } catch (error) {
      // The relay may have come back with smaller limits. What was stored already is answered `exists`.
      if (!(error instanceof RelayError) || error.code !== 'relay/too-large') throw error;
      return pushAll(callIt, path, records, await info(own));
    }
  };
  return {
    url,
    info: () => info(),
    push: (book, scope, records, own) => handIn(`${pathOf(book, scope)}/ops?checkpoint`, records, own),
    claim: (book, scope, records, own) => handIn(`${pathOf(book, scope)}/claims?checkpoint`, records, own),
    pull: async (book, scope, from) => readPullPage(await call(`${pathOf(book, scope)}/ops?from=${from}`), from),
    async checkpoint(book, scope) {
      const { bytes } = await call(`${pathOf(book, scope)}/checkpoint`);
      return new TextDecoder().decode(bytes);
    },
    async cosigned(book, scope, count) {
      const { bytes } = await call(`${pathOf(book, scope)}/checkpoint?cosigned=${count}`);
      return new TextDecoder().decode(bytes);
    },
    async cosign(book, scope, device, note) {
      return parseCosigned(await call(`${pathOf(book, scope)}/cosignatures/${device}`, new TextEncoder().encode(note)));
    },
    async standing(book, scope, note) {
      const { bytes } = await call(`${pathOf(book, scope)}/standing`, new TextEncoder().encode(note));
      return new TextDecoder().decode(bytes);
    },
    async tile(book, scope, { level, index, width }) {
      const { bytes } = await call(`${pathOf(book, scope)}/tile/${level}/${tilePath(index, width)}`);
      if (bytes.length === width * 32) return bytes;
      throw new RelayError('relay/bad-answer', `tile ${level}/${index} has ${bytes.length} bytes`);
    },
    async consistency(book, scope, first, second) {
      return parseProof(await call(`${pathOf(book, scope)}/proof/consistency?first=${first}&second=${second}`));
    },
    async inclusion(book, scope, index, size) {
      return parseProof(await call(`${pathOf(book, scope)}/proof/inclusion?index=${index}&size=${size}`));
    },
    scopes: async (book) => parseScopes(await call(`/v1/books/${book}/scopes`)),
  };
}

function createCall(url: string, options: RelayClientOptions): Call {
  const { retry = {}, signal: stop = new AbortController().signal, gzipFromBytes = minGzipBytes } = options;
  const send = options.fetch ?? ((request: Request) => fetch(request));
  return async (path, body, own = {}) => {
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
      const response = await send(new Request(url + path, { ...init, signal: attemptSignal }));
      return { status: response.status, headers: response.headers, bytes: await readReply(response) };
    };
    const reply = await withRetry(attempt, { ...retry, ...own.retry }, signal);
    checkStatus(reply);
    return reply;
  };
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
    last = parseBatchAnswer(await call(path, encodeBundle(batch)), hashes);
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
