// The relay store on NATS JetStream: the stream is the log, of all books, and each relay reads from a fold of its own
// (docs/decisions/036-engines.md). Several relays may share the stream.
import { createHash } from 'node:crypto';
import type { StoredMsg } from '@nats-io/jetstream';
import type { BookId, Scope } from '@tallystick/oplog';
import { RelayError } from './errors.ts';
import { growthsOf } from './growth.ts';
import { type NatsClusterOptions, openCluster } from './nats-cluster.ts';
import { kinds, type NatsFold, openNatsFold, partsHeader } from './nats-fold.ts';
import { createNatsLog, type NatsAlarm, type NatsLog, type Outgoing } from './nats-log.ts';
import { createKeptKeys, type KeptKeysOptions } from './kept-keys.ts';
import { natsKeeper } from './nats-keys.ts';
import { encodeBatches } from './nats-message.ts';
import type { Batch, RelayStore } from './store.ts';
import type { WrappedKeyStore } from './wrapped-keys.ts';

export interface NatsRelayStoreOptions extends NatsClusterOptions {
  /** File of this relay's fold of the stream, made when missing and made again when lost. One process at a time. */
  readonly foldPath: string;
  /** The file of wrapped keys, of one relay of all that share the stream; without it this one has none. */
  readonly keys?: Pick<KeptKeysOptions, 'path' | 'takeOver' | 'isElsewhere'>;
  /** A replica could not give a message that was acknowledged: it is damaged, and another was asked. */
  readonly onAlarm?: (alarm: NatsAlarm) => void;
  /** Longer appends are cut into several messages. Default: what the server takes. */
  readonly maxMessageBytes?: number;
}

/** Messages that are asked for at once while catching up. */
const readAhead = 64;
/** A server takes at most a thousand messages in one append. */
const maxMessages = 900;
const headersBytes = 4_096;

/**
 * Connects, checks what the cluster reports of itself and of its servers, makes the stream where there is none and reads what is new in
 * it. Rejects with `relay/store` where the cluster does not keep what a relay promises, or where the stream has less than the fold.
 */
export async function createNatsRelayStore(options: NatsRelayStoreOptions): Promise<RelayStore> {
  const { foldPath, onAlarm, deadlineMs = 30_000 } = options;
  const cluster = await openCluster(options);
  const log = createNatsLog(cluster, { deadlineMs, onAlarm });
  let fold: NatsFold | undefined;
  try {
    fold = openNatsFold(foldPath, cluster.created);
    const reader = createReader(fold, log);
    await reader.refresh();
    const registry = natsKeeper(cluster, { deadlineMs, onAlarm });
    const keys = createKeptKeys({ path: undefined, ...options.keys, registry });
    return storeOver(cluster.stream, log, fold, reader, {
      keys,
      maxBytes: options.maxMessageBytes ?? (cluster.connection.info?.max_payload ?? 1 << 20) - headersBytes,
      async close() {
        await reader.idle();
        keys.close();
        fold?.close();
        await cluster.connection.close();
      },
    });
  } catch (error) {
    fold?.close();
    await cluster.connection.close();
    throw error;
  }
}

interface Way {
  readonly keys: WrappedKeyStore;
  readonly maxBytes: number;
  close(): Promise<void>;
}

function storeOver(stream: string, log: NatsLog, fold: NatsFold, reader: Reader, way: Way): RelayStore {
  const { store } = fold;
  return {
    ...store,
    keys: way.keys,
    refresh: reader.refresh,
    async adoptIdentity(vkey) {
      await reader.refresh();
      const kept = fold.identity();
      if (kept !== undefined) return kept;
      const message = { subject: `${stream}.${kinds.identity}`, data: Buffer.from(vkey), expected: 0 };
      await log.append([message]).catch(unlessConflict);
      await reader.refresh();
      return fold.identity() ?? vkey;
    },
    async append(batches) {
      checkFit(batches, fold);
      const messages = messagesOf(stream, batches, fold, way.maxBytes);
      try {
        const { first, last } = await log.append(messages);
        await reader.reachOwn({ first, last, batches, ends: endsOf(stream, messages, first) });
      } catch (error) {
        // What was in the way is here before the caller judges again.
        if (error instanceof RelayError && error.code === 'relay/conflict') await reader.refresh();
        throw error;
      }
    },
    async cosign(cosignature, maxKept) {
      const { book, scope, device, size } = cosignature;
      const known = (await store.cosignatures(book, scope)).find((kept) => kept.device === device);
      if ((known?.size ?? -1) > size || (await store.log(book, scope)) === undefined) return;
      const data = Buffer.from(JSON.stringify({ cosignature, maxKept }));
      const { last } = await log.append([{ subject: `${stream}.${kinds.cosign}`, data }]);
      await reader.reach(last);
    },
    enrolmentCount: (book) => fold.enrolmentCount(book),
    close: () => way.close(),
  };
}

function unlessConflict(error: unknown): void {
  if (!(error instanceof RelayError) || error.code !== 'relay/conflict') throw error;
}

/** What the batches were judged against is what the fold has now, which is what the condition of the append stands on. */
function checkFit(batches: readonly Batch[], { store }: NatsFold): void {
  for (const { book, scope, from } of growthsOf(batches).growths) {
    const size = (store.log(book, scope) as { size: number } | undefined)?.size ?? 0;
    if (size !== from) throw new RelayError('relay/conflict', `the log has ${size} ops, not ${from}`);
  }
  const claimed = new Set<string>();
  for (const { book, scope, claims } of batches) {
    const tokens = claims.map(({ token }) => token);
    const holders = store.claims(book, scope, tokens) as ReadonlyMap<string, unknown>;
    for (const token of tokens) {
      const name = `${book} ${scope} ${token}`;
      if (holders.has(token) || claimed.has(name)) throw new RelayError('relay/conflict', `token ${token} is taken`);
      claimed.add(name);
    }
  }
}

/**
 * One message for each book, on the condition that nobody has written about the book since, and one for each token, on the condition that
 * there is none. The tokens of an append that has more of them than a server takes at once stand in the messages of their books alone, whose
 * condition is the stricter one.
 */
function messagesOf(stream: string, batches: readonly Batch[], fold: NatsFold, maxBytes: number): Outgoing[] {
  const books = [...new Set(batches.map(({ book }) => book))];
  const logs = books.flatMap((book) => {
    const data = encodeBatches(batches.filter((batch) => batch.book === book));
    return cut(data, maxBytes).map((part, index, parts): Outgoing => {
      const subject = `${stream}.${kinds.log}.${book}`;
      if (index > 0) return { subject, data: part };
      return { subject, data: part, expected: fold.sequenceOf(book), headers: { [partsHeader]: String(parts.length) } };
    });
  });
  const claims = batches.flatMap(({ book, scope, claims: all }) =>
    all.map(({ token, position }): Outgoing => {
      const subject = `${stream}.${kinds.claim}.${book}.${tokenName(scope, token)}`;
      return { subject, data: Buffer.from(JSON.stringify({ scope, token, position })), expected: 0 };
    }),
  );
  return logs.length + claims.length > maxMessages ? logs : [...logs, ...claims];
}

/** A token as a word that a subject may have, of one length. */
function tokenName(scope: Scope, token: string): string {
  return createHash('sha256').update(`${scope}\n${token}`).digest('hex');
}

function cut(data: Uint8Array, maxBytes: number): Uint8Array[] {
  const parts: Uint8Array[] = [];
  for (let at = 0; at < data.length; at += maxBytes) parts.push(data.subarray(at, at + maxBytes));
  return parts;
}

/** The sequence number of the last message about each book. */
function endsOf(stream: string, messages: readonly Outgoing[], first: number): Map<BookId, number> {
  const ends = new Map<BookId, number>();
  const prefix = `${stream}.${kinds.log}.`;
  for (const [index, { subject }] of messages.entries()) {
    if (subject.startsWith(prefix)) ends.set(subject.slice(prefix.length) as BookId, first + index);
  }
  return ends;
}

interface Own {
  readonly first: number;
  readonly last: number;
  readonly batches: readonly Batch[];
  readonly ends: ReadonlyMap<BookId, number>;
}

interface Reader {
  /** Applies all messages up to this one, in order and without a gap. */
  reach(sequence: number): Promise<void>;
  /** The same, with the batches that this process put there itself. */
  reachOwn(own: Own): Promise<void>;
  /** Applies all that is acknowledged to anybody by the time of the call. */
  refresh(): Promise<void>;
  idle(): Promise<void>;
}

function createReader(fold: NatsFold, log: NatsLog): Reader {
  const ownByFirst = new Map<number, Own>();
  const ahead = new Map<number, Promise<StoredMsg>>();
  let reading: Promise<void> = Promise.resolve();
  let queued: Promise<void> | undefined;
  let refreshing: Promise<void> = Promise.resolve();

  const readMessage = (sequence: number): Promise<StoredMsg> => {
    const message = ahead.get(sequence) ?? log.read(sequence);
    ahead.delete(sequence);
    return message;
  };

  async function advance(target: number): Promise<void> {
    while (fold.sequence < target) {
      const next = fold.sequence + 1;
      const own = ownByFirst.get(next);
      if (own !== undefined) {
        ownByFirst.delete(next);
        fold.applyOwn(own.batches, own.ends, own.last);
        continue;
      }
      for (let at = next; at <= Math.min(target, next + readAhead) && !ownByFirst.has(at); at++) {
        if (!ahead.has(at)) ahead.set(at, caught(log.read(at)));
      }
      const first = await readMessage(next);
      const parts = Number(first.header.get(partsHeader) || 1);
      const rest = Array.from({ length: parts - 1 }, (_, index) => readMessage(next + 1 + index));
      await fold.apply([first, ...(await Promise.all(rest))]);
    }
    ahead.clear();
  }

  const reach = (target: number): Promise<void> =>
    (reading = reading.catch(() => undefined).then(() => advance(target)));
  return {
    reach,
    async reachOwn(own) {
      if (own.first > fold.sequence) ownByFirst.set(own.first, own);
      await reach(own.last);
      ownByFirst.delete(own.first);
    },
    // Callers that come while the end is being asked share the next question.
    refresh: () =>
      (queued ??= refreshing
        .catch(() => undefined)
        .then(() => {
          refreshing = queued as Promise<void>;
          queued = undefined;
          return log.end();
        })
        .then(reach)),
    idle: () => reading.catch(() => undefined),
  };
}

/** A failure is for whoever awaits it, which may be nobody. */
function caught<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  return promise;
}
