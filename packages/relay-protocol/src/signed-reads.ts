// A client whose reads are signed by a device, so that whoever follows, proves or compares need not know who asks.
import type { RelayClient } from './client.ts';
import { RelayError } from './errors.ts';
import type { Reader } from './reader.ts';

type Ask = <T>(read: (reader: Reader | undefined) => Promise<T>) => Promise<T>;

/**
 * The same client, with every read signed: by the first of `readers` that the relay takes, which is the first to be tried from then on. Several are the same
 * device under each of its keys; with none the reads stay unsigned.
 */
export function signReads(client: RelayClient, readers: readonly Reader[]): RelayClient {
  const ask = askAs([...readers]);
  return {
    ...client,
    handshake: (book, known) => ask((reader) => client.handshake(book, known, reader)),
    scopes: (book) => ask((reader) => client.scopes(book, reader)),
    tail: (book, known, options) => ask((reader) => client.tail(book, known, { ...options, reader })),
    pull: (book, scope, from) => ask((reader) => client.pull(book, scope, from, reader)),
    kept: (book, scope, after) => ask((reader) => client.kept(book, scope, after, reader)),
    checkpoint: (book, scope) => ask((reader) => client.checkpoint(book, scope, reader)),
    cosigned: (book, scope, count) => ask((reader) => client.cosigned(book, scope, count, reader)),
    tile: (book, scope, place) => ask((reader) => client.tile(book, scope, place, reader)),
    consistency: (book, scope, first, second) =>
      ask((reader) => client.consistency(book, scope, first, second, reader)),
    inclusion: (book, scope, index, size) => ask((reader) => client.inclusion(book, scope, index, size, reader)),
  };
}

function askAs(readers: Reader[]): Ask {
  return async (read) => {
    if (readers.length === 0) return read(undefined);
    let refused: unknown;
    for (const reader of readers.slice()) {
      try {
        const answer = await read(reader);
        readers.unshift(...readers.splice(readers.indexOf(reader), 1));
        return answer;
      } catch (error) {
        if (!(error instanceof RelayError) || error.code !== 'relay/signature') throw error;
        refused = error;
      }
    }
    throw refused;
  };
}
