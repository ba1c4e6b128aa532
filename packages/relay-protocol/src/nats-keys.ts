// Wrapped keys in a stream of their own, for that of the logs deletes nothing. A message is overwritten where it is deleted. Who put a key and how long it is
// stands in its subject, so that a list of subjects says all but the texts; the bars of what was deleted are under `STREAM.bars`.
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
import { barSeconds, utf8Size, type WrappedKeyEntry, type WrappedKeyStore } from './wrapped-keys.ts';

const messageNotFound = 10_037;
/** The latest `signedAt` of what was put under the name since there was none. */
const signedHeader = 'Tallystick-Signed';
const maxSwept = 4;

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

  const barSubject = (book: BookId, name: string): string => `${stream}.bars.${book}.${name}`;

  async function barOf(book: BookId, name: string): Promise<number | undefined> {
    const last = await ask({ last_by_subj: barSubject(book, name) });
    return last === undefined ? undefined : readBar(last);
  }

  /** Of what there is under the name; 0 where it does not say. */
  async function latestSigned(book: BookId, name: string): Promise<number | undefined> {
    const last = await ask({ last_by_subj: subjectsOf(book, name) });
    return last === undefined ? undefined : Number(last.header.get(signedHeader));
  }

  /** The oldest bars, some at each deletion: more than it adds. */
  async function sweep(atSeconds: number): Promise<void> {
    for (let swept = 0; swept < maxSwept; swept++) {
      const oldest = await ask({ seq: 1, next_by_subj: `${stream}.bars.>` });
      if (oldest === undefined || readBar(oldest) + barSeconds >= atSeconds) return;
      // Another relay may sweep as well.
      if (!(await manager.streams.deleteMessage(stream, oldest.seq, true).catch(() => false))) return;
    }
  }

  /** A message of our own, which whoever deletes may have met first. */
  async function takeBack(sequence: number): Promise<void> {
    try {
      await manager.streams.deleteMessage(stream, sequence, true);
    } catch (error) {
      const there = await ask({ seq: sequence, next_by_subj: `${stream}.>` });
      if (there?.seq === sequence) throw error;
    }
  }

  return {
    async get(book, name) {
      await ready();
      const last = await ask({ last_by_subj: subjectsOf(book, name) });
      if (last === undefined) return undefined;
      return { device: entryOf(last.subject).device, text: new TextDecoder().decode(last.data) };
    },
    async put(book, name, { device, text }, signedAt) {
      await ready();
      const before = await barOf(book, name);
      if (before !== undefined && signedAt <= before) return before;
      const subject = `${stream}.${book}.${name}.${device}.${utf8Size(text)}`;
      const latest = Math.max(signedAt, (await latestSigned(book, name)) ?? 0);
      const { last } = await log.append([
        { subject, data: new TextEncoder().encode(text), headers: { [signedHeader]: String(latest) } },
      ]);
      // Whoever deletes sets the bar first: it is seen here, or this message is there to be deleted.
      const bar = await barOf(book, name);
      if (bar !== undefined && signedAt <= bar) {
        await takeBack(last);
        return bar;
      }
      await erase(book, name, last);
      return undefined;
    },
    async delete(book, name, atSeconds) {
      await ready();
      await sweep(atSeconds);
      const latest = await latestSigned(book, name);
      if (latest === undefined) return false;
      const bar = Math.max(atSeconds, latest, (await barOf(book, name)) ?? 0);
      await log.append([{ subject: barSubject(book, name), data: new TextEncoder().encode(String(bar)) }]);
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

function readBar({ data }: StoredMsg): number {
  return Number(new TextDecoder().decode(data));
}

/** `STREAM.BOOK.SUBJECT.GENERATION.READERS.DEVICE.SIZE`; the name of a stream has no `.`. */
function entryOf(subject: string): WrappedKeyEntry {
  const parts = subject.split('.');
  return { name: parts.slice(2, 5).join('.'), device: parts[5] as DeviceId, sizeBytes: Number(parts[6]) };
}
