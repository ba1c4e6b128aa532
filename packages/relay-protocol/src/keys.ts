// @tallystick/relay-protocol/keys: wrapped keys of subjects beside the logs (docs/spec/relay.md, "Wrapped keys"). The relay keeps small opaque texts for the devices
// of a book, and forgets each when it is told to. Nothing of it is in a log, a tile or a mirror.
import type { Hasher } from '@tallystick/chain';
import { type BookId, type MaybePromise } from '@tallystick/oplog';
import { readBody } from './body.ts';
import { RelayError } from './errors.ts';
import type { Reader } from './reader.ts';
import { contentDigestOf, signedHeaders } from './request-signature.ts';
import { checkStatus, parseKeyDeleted, parseKeyNames, parseWrappedKey } from './replies.ts';
import type { Reply } from './retry.ts';

export { createKeyShelf, type KeyShelfOptions } from './key-shelf.ts';

/** Of an answer: the names of so many. */
const maxReplyBytes = 16 << 20;
const timeoutMs = 30_000;

/** A place for small named texts, which forgets. Every answer is after what it says is durable. */
export interface KeyBlobs {
  get(name: string): MaybePromise<string | undefined>;
  put(name: string, text: string): MaybePromise<void>;
  /** Whether one was taken away: false too for one that is not this device's to delete. */
  delete(name: string): MaybePromise<boolean>;
  names(): MaybePromise<readonly string[]>;
}

export interface RelayKeysOptions {
  readonly url: string;
  readonly book: BookId;
  /** Who asks, under a key that is in force. */
  readonly reader: Reader;
  readonly hasher: Hasher;
  readonly fetch?: (request: Request) => Promise<Response>;
  readonly now?: () => number;
}

/** The wrapped keys of a book at a relay: a `Blobs` of `@tallystick/erasure`. Throws a `RelayError` with the relay's code, `relay/unreachable` or `relay/bad-answer`. */
export function createRelayKeys(options: RelayKeysOptions): KeyBlobs {
  const { book, reader, hasher, now = Date.now, fetch = (request: Request) => globalThis.fetch(request) } = options;
  const root = `${options.url.replace(/\/+$/, '')}/v1/books/${book}/keys`;
  const ask = async (method: string, name?: string, text?: string): Promise<Reply> => {
    const body = text === undefined ? undefined : new TextEncoder().encode(text);
    try {
      return await send(now(), method, name, body);
    } catch (error) {
      const nowMs = error instanceof RelayError ? error.details.nowMs : undefined;
      if (nowMs === undefined) throw error;
      // Of another time than the relay's, or before a deletion by its clock: once more, by the time that it says.
      return send(nowMs, method, name, body);
    }
  };
  const send = async (
    signedAtMs: number,
    method: string,
    name: string | undefined,
    body: Uint8Array<ArrayBuffer> | undefined,
  ): Promise<Reply> => {
    const url = name === undefined ? root : `${root}/${name}`;
    const digest = body && contentDigestOf(body, hasher);
    const headers = await signedHeaders(url, reader, signedAtMs, method, digest);
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
    return reply;
  };
  return {
    get: (name) =>
      ask('GET', name).then(parseWrappedKey, (error: unknown) => unless(error, 'relay/not-found', undefined)),
    put: async (name, text) => void (await ask('PUT', name, text)),
    // Whoever may not leaves it to an owner or manager.
    delete: (name) =>
      ask('DELETE', name).then(parseKeyDeleted, (error: unknown) => unless(error, 'relay/not-yours', false)),
    names: async () => parseKeyNames(await ask('GET')),
  };
}

function unless<T>(error: unknown, code: string, answer: T): T {
  if (error instanceof RelayError && error.code === code) return answer;
  throw error;
}
