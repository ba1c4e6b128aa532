// Wrapped keys in a stream of their own, for that of the logs deletes nothing. A message is overwritten where it is deleted. Who put a key and how long it is
// stands in its subject, so that a list of subjects says all but the texts.
import {
  DiscardPolicy,
  JetStreamApiError,
  type LastForMsgRequest,
  type NextMsgRequest,
  RetentionPolicy,
  StorageType,
  type StoredMsg,
} from '@nats-io/jetstream';
import type { BookId, DeviceId } from '@tallystick/oplog';
import { RelayError } from './errors.ts';
import { type NatsCluster, openStream, replicas } from './nats-cluster.ts';
import { createNatsLog, type NatsLogOptions } from './nats-log.ts';
import { utf8Size, type WrappedKeyEntry, type WrappedKeyStore } from './wrapped-keys.ts';

const messageNotFound = 10_037;

const shape = {
  retention: RetentionPolicy.Limits,
  storage: StorageType.File,
  discard: DiscardPolicy.New,
  num_replicas: replicas,
  max_age: 0,
  deny_delete: false,
  deny_purge: true,
  allow_direct: false,
} as const;

/** The stream is made when it is first asked for. */
export function natsKeys(cluster: NatsCluster, options: NatsLogOptions): WrappedKeyStore {
  const { manager } = cluster;
  const stream = `${cluster.stream}_keys`;
  const log = createNatsLog({ ...cluster, stream }, options);
  let opening: Promise<void> | undefined;
  const ready = (): Promise<void> =>
    (opening ??= open().catch((cause: unknown) => {
      opening = undefined;
      throw new RelayError('relay/store', `stream ${stream} is not available`, { cause });
    }));

  async function open(): Promise<void> {
    const { config } = await openStream(manager, stream, shape);
    const isFit = config.num_replicas === replicas && !config.deny_delete && config.max_age === 0;
    if (!isFit) throw new Error('it forgets by itself, or cannot forget');
  }

  async function ask(query: LastForMsgRequest | NextMsgRequest): Promise<StoredMsg | undefined> {
    try {
      // The server answers both; the client's type has the second for direct reads alone.
      return (await manager.streams.getMessage(stream, query as LastForMsgRequest)) ?? undefined;
    } catch (error) {
      if (error instanceof JetStreamApiError && error.code === messageNotFound) return undefined;
      throw new RelayError('relay/store', `stream ${stream} cannot be read`, { cause: error });
    }
  }

  const subjectsOf = (book: BookId, name: string): string => `${stream}.${book}.${name}.>`;

  /** Those before `end`. Overwritten on every replica. */
  async function erase(book: BookId, name: string, end: number): Promise<boolean> {
    let isAny = false;
    for (;;) {
      const next = await ask({ seq: 1, next_by_subj: subjectsOf(book, name) });
      if (next === undefined || next.seq >= end) return isAny;
      await manager.streams.deleteMessage(stream, next.seq, true);
      isAny = true;
    }
  }

  return {
    async get(book, name) {
      await ready();
      const last = await ask({ last_by_subj: subjectsOf(book, name) });
      if (last === undefined) return undefined;
      return { device: entryOf(last.subject).device, text: new TextDecoder().decode(last.data) };
    },
    async put(book, name, { device, text }) {
      await ready();
      const subject = `${stream}.${book}.${name}.${device}.${utf8Size(text)}`;
      const { last } = await log.append([{ subject, data: new TextEncoder().encode(text) }]);
      await erase(book, name, last);
    },
    async delete(book, name) {
      await ready();
      return erase(book, name, Number.POSITIVE_INFINITY);
    },
    async list(book) {
      await ready();
      const { state } = await manager.streams.info(stream, { subjects_filter: `${stream}.${book}.>` });
      const entries = new Map(
        Object.keys(state.subjects ?? {}).map((subject) => [entryOf(subject).name, entryOf(subject)]),
      );
      return [...entries.values()].sort((one, other) => (one.name < other.name ? -1 : 1));
    },
  };
}

/** `STREAM.BOOK.SUBJECT.GENERATION.READERS.DEVICE.SIZE`; the name of a stream has no `.`. */
function entryOf(subject: string): WrappedKeyEntry {
  const parts = subject.split('.');
  return { name: parts.slice(2, 5).join('.'), device: parts[5] as DeviceId, sizeBytes: Number(parts[6]) };
}
