// @tallystick/relay-protocol/keys: wrapped keys of subjects beside the logs (docs/spec/envelope.md, "At a relay"). The relay keeps small opaque texts for the devices
// of a book, and forgets each when it is told to. Nothing of it is in a log, a tile or a mirror.
import type { Hasher, NoteKey } from '@tallystick/chain';
import { type BookId, type MaybePromise, parseBookId, parseScope, type Scope } from '@tallystick/oplog';
import type { Ed25519 } from '@tallystick/sign';
import { requireStaff } from './access.ts';
import { answerJson, answerPreflight, answerRefusal } from './answer.ts';
import { createAuthentication } from './authentication.ts';
import { readBody } from './body.ts';
import { RelayError } from './errors.ts';
import { defaultLimits } from './limits.ts';
import { createRates } from './rates.ts';
import { unknownBook } from './readers.ts';
import { type Reader, relayIdOf, signedHeaders } from './request-signature.ts';
import { checkStatus, parseFields } from './replies.ts';
import type { Reply } from './retry.ts';
import { createRosters } from './rosters.ts';
import type { RelayStore } from './store.ts';

/** A place for small named texts, which forgets. Every answer is after what it says is durable. */
export interface KeyBlobs {
  get(name: string): MaybePromise<string | undefined>;
  put(name: string, text: string): MaybePromise<void>;
  /** Whether there was one. */
  delete(name: string): MaybePromise<boolean>;
  names(): MaybePromise<readonly string[]>;
}

export interface KeyShelfOptions {
  /** The relay's, for who is a device of a book. */
  readonly store: RelayStore;
  /** The relay's name and key. */
  readonly signer: NoteKey;
  readonly hasher: Hasher;
  readonly ed25519: Ed25519;
  /** Where the texts of a book lie, apart from its log. */
  open(book: BookId): KeyBlobs;
  /** Where devices reach the relay, as for `createRelay`. */
  readonly url?: string;
  readonly now?: () => number;
}

/** Longest text, in bytes: a key wrapped for a thousand readers. */
const maxTextBytes = 200_000;
/** Most texts of one book. */
const maxTexts = 100_000;
/** Of an answer: the names of so many. */
const maxReplyBytes = 16 << 20;
const timeoutMs = 30_000;
const namePattern = /^[0-9a-f]{32}\.[1-9][0-9]{0,5}\.[0-9a-f]{16}$/;
const pathPattern = /^\/v1\/books\/([^/]{1,100})\/keys(?:\/([^/]{1,100}))?$/;
const hq = parseScope('hq') as Scope;

/** Answers requests about wrapped keys; undefined for every other path, which is the relay's. Never rejects. */
export function createKeyShelf(options: KeyShelfOptions): { fetch(request: Request): Promise<Response | undefined> } {
  const { store, hasher, ed25519, url, now = Date.now } = options;
  const { readsPerSecond, readBurst, maxRates, maxNonces } = defaultLimits;
  const rates = createRates({ perSecond: readsPerSecond, burst: readBurst }, maxRates, now);
  const rosters = createRosters(store, hasher);
  const door = createAuthentication({
    ed25519,
    relay: relayIdOf(options.signer, hasher),
    maxNonces,
    rates,
    nowMs: now,
    ...(url === undefined ? {} : { url }),
  });

  /** Whoever works in the book, in any scope; a customer must neither list persons nor take their keys away. Who may read a text, its wrapping decides. */
  async function admit(request: Request, text: string): Promise<KeyBlobs> {
    const book = parseBookId(text);
    if (book === undefined) throw new RelayError('relay/bad-request', 'a book id is 64 lowercase hex digits');
    await store.refresh?.();
    if ((await store.log(book, hq)) === undefined) throw unknownBook(book);
    const device = await door.authenticate(request, book, await rosters.of(book));
    requireStaff(await rosters.of(book), device);
    return options.open(book);
  }

  async function answer(request: Request, book: string, name: string | undefined): Promise<Response> {
    if (request.method === 'OPTIONS') return answerPreflight('GET, PUT, DELETE');
    if (name !== undefined && !namePattern.test(name))
      throw new RelayError('relay/bad-request', 'a wrapped key is named SUBJECT.GENERATION.READERS');
    const blobs = await admit(request, book);
    if (name === undefined) {
      if (request.method !== 'GET') throw new RelayError('relay/method', `${request.method} is not possible here`);
      return answerJson({ names: await blobs.names() });
    }
    return answerNamed(request, blobs, name);
  }

  return {
    async fetch(request) {
      const [, book, name] = pathPattern.exec(new URL(request.url).pathname) ?? [];
      if (book === undefined) return undefined;
      try {
        return await answer(request, book, name);
      } catch (error) {
        return answerRefusal(error);
      }
    },
  };
}

async function answerNamed(request: Request, blobs: KeyBlobs, name: string): Promise<Response> {
  switch (request.method) {
    case 'GET': {
      const text = await blobs.get(name);
      if (text === undefined) throw new RelayError('relay/not-found', `there is no wrapped key ${name}`);
      return answerJson({ text });
    }
    case 'PUT': {
      const text = new TextDecoder().decode(await readBody(request.body, maxTextBytes));
      if ((await blobs.names()).length >= maxTexts) throw new RelayError('relay/quota', 'the book has no room');
      await blobs.put(name, text);
      return answerJson({ name });
    }
    case 'DELETE':
      return answerJson({ deleted: await blobs.delete(name) });
    default:
      throw new RelayError('relay/method', `${request.method.slice(0, 20)} is not possible here`);
  }
}

export interface RelayKeysOptions {
  readonly url: string;
  readonly book: BookId;
  /** Who asks, under a key that is in force. */
  readonly reader: Reader;
  readonly fetch?: (request: Request) => Promise<Response>;
  readonly now?: () => number;
}

/** The wrapped keys of a book at a relay: a `Blobs` of `@tallystick/erasure`. Throws a `RelayError` with the relay's code, `relay/unreachable` or `relay/bad-answer`. */
export function createRelayKeys(options: RelayKeysOptions): KeyBlobs {
  const { book, reader, now = Date.now, fetch = (request: Request) => globalThis.fetch(request) } = options;
  const root = `${options.url.replace(/\/+$/, '')}/v1/books/${book}/keys`;
  const ask = async (method: string, name?: string, body?: string): Promise<Record<string, unknown>> => {
    const url = name === undefined ? root : `${root}/${name}`;
    const headers = await signedHeaders(url, reader, now(), method);
    let reply: Reply;
    try {
      const signal = AbortSignal.timeout(timeoutMs);
      const response = await fetch(
        new Request(url, { method, headers, signal, ...(body === undefined ? {} : { body }) }),
      );
      reply = {
        status: response.status,
        headers: response.headers,
        bytes: await readBody(response.body, maxReplyBytes),
      };
    } catch (cause) {
      throw new RelayError('relay/unreachable', `${url} does not answer`, { cause });
    }
    checkStatus(reply);
    return parseFields(reply.bytes);
  };
  return {
    async get(name) {
      try {
        const { text } = await ask('GET', name);
        if (typeof text === 'string') return text;
      } catch (error) {
        if (error instanceof RelayError && error.code === 'relay/not-found') return undefined;
        throw error;
      }
      throw new RelayError('relay/bad-answer', 'the answer holds no text');
    },
    put: async (name, text) => void (await ask('PUT', name, text)),
    async delete(name) {
      const { deleted } = await ask('DELETE', name);
      if (typeof deleted === 'boolean') return deleted;
      throw new RelayError('relay/bad-answer', 'the answer does not say whether it was there');
    },
    async names() {
      const { names } = await ask('GET');
      if (Array.isArray(names)) return names.filter((name): name is string => typeof name === 'string');
      throw new RelayError('relay/bad-answer', 'the answer holds no names');
    },
  };
}
