// Which relay has the wrapped keys, in a small stream beside that of the logs. The keys are not in it (docs/decisions/066-one-shelf-for-wrapped-keys.md).
import { DiscardPolicy, JetStreamApiError, RetentionPolicy, StorageType, type StoredMsg } from '@nats-io/jetstream';
import { RelayError } from './errors.ts';
import type { Keeper, KeeperRegistry } from './kept-keys.ts';
import { type NatsCluster, openStream, replicas } from './nats-cluster.ts';
import { createNatsLog, type NatsLogOptions } from './nats-log.ts';

const messageNotFound = 10_037;
const shape = {
  retention: RetentionPolicy.Limits,
  storage: StorageType.File,
  discard: DiscardPolicy.New,
  num_replicas: replicas,
  max_age: 0,
  deny_delete: true,
  deny_purge: true,
  allow_direct: false,
} as const;

/** The stream is made when it is first asked for. */
export function natsKeeper(cluster: NatsCluster, options: NatsLogOptions): KeeperRegistry {
  const { manager } = cluster;
  const stream = `${cluster.stream}_keeper`;
  const subject = `${stream}.keeper`;
  const log = createNatsLog({ ...cluster, stream }, options);
  let opening: Promise<unknown> | undefined;
  const ready = (): Promise<unknown> =>
    (opening ??= openStream(manager, stream, shape).catch((cause: unknown) => {
      opening = undefined;
      throw new RelayError('relay/store', `stream ${stream} is not available`, { cause });
    }));

  async function last(): Promise<StoredMsg | undefined> {
    try {
      return (await manager.streams.getMessage(stream, { last_by_subj: subject })) ?? undefined;
    } catch (error) {
      if (error instanceof JetStreamApiError && error.code === messageNotFound) return undefined;
      throw new RelayError('relay/store', `stream ${stream} cannot be read`, { cause: error });
    }
  }

  return {
    async read() {
      await ready();
      const message = await last();
      if (message === undefined) return undefined;
      return { keeper: JSON.parse(new TextDecoder().decode(message.data)) as Keeper, version: message.seq };
    },
    async write(keeper, version) {
      await ready();
      try {
        const data = new TextEncoder().encode(JSON.stringify(keeper));
        await log.append([{ subject, data, expected: version }]);
        return true;
      } catch (error) {
        if (error instanceof RelayError && error.code === 'relay/conflict') return false;
        throw error;
      }
    },
  };
}
