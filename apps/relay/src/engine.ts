// Where a relay keeps its logs: a SQLite file of its own, or servers that it shares with other relays. Only the engine that is asked for is
// loaded.
import { join } from 'node:path';
import type { RelayStore } from '@tallystick/relay-protocol';
import { createSqliteRelayStore, type SqliteRelayStore } from '@tallystick/relay-protocol/node';

export type EngineOptions =
  | { readonly kind: 'sqlite' }
  | {
      readonly kind: 'postgres';
      /** Of every server that may be the primary. */
      readonly servers: readonly string[];
      readonly standby?: 'required' | 'none';
      readonly keys?: KeysOption;
    }
  | {
      readonly kind: 'nats';
      readonly servers: readonly string[];
      /** Of the HTTP reports of all servers. */
      readonly monitors: readonly string[];
      readonly stream?: string;
      /** A file of credentials, as `nsc` makes them. */
      readonly credentialsPath?: string;
      readonly keys?: KeysOption;
    };

/** Where wrapped keys lie: here by default, unless another relay on the engine has them; taken over from one that is lost; or at the relay that is named. */
export type KeysOption = 'take' | { readonly url: string };

/** `onAlarm` is told of a replica of the engine that is damaged. */
export async function openEngine(
  engine: EngineOptions,
  dataDir: string,
  onAlarm: (alarm: Readonly<Record<string, unknown>>) => void,
): Promise<RelayStore | SqliteRelayStore> {
  if (engine.kind === 'sqlite') return createSqliteRelayStore(join(dataDir, 'relay.sqlite'));
  const keys = {
    path: join(dataDir, 'relay-keys.sqlite'),
    takeOver: engine.keys === 'take',
    isElsewhere: typeof engine.keys === 'object',
  };
  if (engine.kind === 'postgres') {
    const { createPostgresRelayStore } = await import('@tallystick/relay-protocol/postgres');
    return createPostgresRelayStore({ urls: engine.servers, standby: engine.standby ?? 'none', keys });
  }
  const { createNatsRelayStore } = await import('@tallystick/relay-protocol/nats');
  return createNatsRelayStore({
    urls: engine.servers,
    monitorUrls: engine.monitors,
    ...(engine.stream === undefined ? {} : { stream: engine.stream }),
    ...(engine.credentialsPath === undefined ? {} : { credentialsPath: engine.credentialsPath }),
    foldPath: join(dataDir, 'fold.sqlite'),
    keys,
    onAlarm: (alarm) => onAlarm({ ...alarm }),
  });
}

/** The options of the command line; `servers` are space-separated in the environment, where passwords do not show in lists of processes. */
export interface EngineFlags {
  readonly engine?: string | undefined;
  readonly server?: string[] | undefined;
  readonly monitor?: string[] | undefined;
  readonly stream?: string | undefined;
  readonly credentials?: string | undefined;
  readonly standby?: string | undefined;
  readonly keys?: string | undefined;
}

/** Undefined where the flags do not fit each other. */
export function parseEngine(flags: EngineFlags, environment: NodeJS.ProcessEnv): EngineOptions | undefined {
  const { engine: kind = 'sqlite', monitor: monitors = [], stream, credentials, standby } = flags;
  const servers =
    flags.server ?? (environment['TALLYSTICK_RELAY_SERVERS'] ?? '').split(' ').filter((url) => url !== '');
  const isOfNats = monitors.length > 0 || stream !== undefined || credentials !== undefined;
  if (kind === 'sqlite')
    return servers.length > 0 || isOfNats || standby !== undefined || flags.keys !== undefined ? undefined : { kind };
  const keys = parseKeys(flags.keys);
  if (servers.length === 0 || keys === undefined) return undefined;
  if (kind === 'postgres') {
    if (isOfNats || (standby !== undefined && standby !== 'required' && standby !== 'none')) return undefined;
    return { kind, servers, ...keys, ...(standby === undefined ? {} : { standby }) };
  }
  if (kind !== 'nats' || monitors.length === 0 || standby !== undefined) return undefined;
  return {
    kind,
    servers,
    monitors,
    ...keys,
    ...(stream === undefined ? {} : { stream }),
    ...(credentials === undefined ? {} : { credentialsPath: credentials }),
  };
}

/** `take` or the URL of a relay. */
function parseKeys(keys: string | undefined): { readonly keys?: KeysOption } | undefined {
  if (keys === undefined) return {};
  if (keys === 'take') return { keys };
  return /^https?:$/.test(URL.parse(keys)?.protocol ?? '') ? { keys: { url: keys } } : undefined;
}
