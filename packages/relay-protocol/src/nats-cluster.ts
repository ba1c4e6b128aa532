// The stream that a relay's logs are in, and what its cluster must report of itself before anything is written to it.
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  DiscardPolicy,
  type JetStreamManager,
  JetStreamApiError,
  jetstreamManager,
  RetentionPolicy,
  StorageType,
  type StreamConfig,
  type StreamInfo,
} from '@nats-io/jetstream';
import { connect, type ConnectionOptions, credsAuthenticator, type NatsConnection } from '@nats-io/transport-node';
import { RelayError } from './errors.ts';

export interface NatsCluster {
  readonly connection: NatsConnection;
  readonly manager: JetStreamManager;
  readonly stream: string;
  /** Of the stream's making: another one after it was wiped. */
  readonly created: string;
}

export interface NatsClusterOptions {
  /** Such as `nats://n1:4222`; the servers that they tell of are used too. */
  readonly urls: readonly string[];
  /** Of the HTTP reports of all servers that keep the stream, such as `http://n1:8222`: what they sync is asked there. */
  readonly monitorUrls: readonly string[];
  /** Name of the stream, made where there is none. Default `tallystick`. */
  readonly stream?: string;
  /** A file of credentials, as `nsc` makes them. */
  readonly credentialsPath?: string;
  /** TLS and what else the client of NATS takes. */
  readonly connection?: ConnectionOptions;
  /** How long the cluster is waited for, an election included. Default 30,000. */
  readonly deadlineMs?: number;
}

/** Of every stream. */
export const replicas = 3;
const streamNotFound = 10_059;
const minVersion = [2, 12, 3] as const;

/** Append-only: nothing in it is ever deleted, replaced or read past its leader, by whatever right. */
const shape = {
  retention: RetentionPolicy.Limits,
  storage: StorageType.File,
  discard: DiscardPolicy.New,
  num_replicas: replicas,
  max_age: 0,
  max_msgs: -1,
  max_bytes: -1,
  max_msgs_per_subject: -1,
  max_msg_size: -1,
  deny_delete: true,
  deny_purge: true,
  allow_rollup_hdrs: false,
  allow_direct: false,
  mirror_direct: false,
  allow_atomic: true,
  sealed: false,
} as const satisfies Partial<StreamConfig>;

/** Rejects with `relay/store` where the cluster does not keep what a relay promises. */
export async function openCluster(options: NatsClusterOptions): Promise<NatsCluster> {
  const { urls, monitorUrls, stream = 'tallystick', credentialsPath, deadlineMs = 30_000 } = options;
  const endMs = Date.now() + deadlineMs;
  const connection = await connect({
    servers: [...urls],
    name: 'tallystick-relay',
    maxReconnectAttempts: -1,
    reconnectTimeWait: 200,
    waitOnFirstConnect: false,
    // A server that is silent is left for another one.
    pingInterval: 1_000,
    maxPingOut: 2,
    ...(credentialsPath === undefined ? {} : { authenticator: credsAuthenticator(await readFile(credentialsPath)) }),
    ...options.connection,
  }).catch((cause: unknown) => {
    throw new RelayError('relay/store', `no NATS server answers at ${urls.join(' ')}`, { cause });
  });
  try {
    for (;;) {
      try {
        const manager = await jetstreamManager(connection, { timeout: 5_000, checkAPI: false });
        const reports = await readReports(monitorUrls);
        const info = await openStream(manager, stream, shape);
        checkShape(info.config);
        checkPeers(info, reports);
        return { connection, manager, stream, created: info.created };
      } catch (error) {
        // While a leader is being elected there is nobody to ask.
        if (error instanceof RelayError || Date.now() > endMs) throw error;
        await sleep(200);
      }
    }
  } catch (cause) {
    await connection.close();
    if (cause instanceof RelayError) throw cause;
    throw new RelayError('relay/store', `stream ${stream} is not available`, { cause });
  }
}

/** The stream as the cluster has it, made in this shape where there is none. */
export async function openStream(
  manager: JetStreamManager,
  name: string,
  made: Partial<StreamConfig>,
): Promise<StreamInfo> {
  try {
    return await manager.streams.info(name);
  } catch (error) {
    if (!(error instanceof JetStreamApiError) || error.code !== streamNotFound) throw error;
    return manager.streams.add({ name, subjects: [`${name}.>`], ...made });
  }
}

function checkShape(config: StreamConfig): void {
  const reported = config as unknown as Record<string, unknown>;
  for (const [name, demanded] of Object.entries(shape)) {
    // The report leaves out what is false.
    const value = reported[name] ?? false;
    if (value !== demanded)
      throw refusal(`${name} of stream ${config.name} is ${JSON.stringify(value)} and must be ${String(demanded)}`);
  }
  const strange = ['mirror', 'sources', 'republish', 'subject_transform'].find((name) => reported[name] !== undefined);
  if (strange !== undefined) throw refusal(`stream ${config.name} has ${strange}`);
}

interface ServerReport {
  readonly server_name: string;
  readonly version: string;
  readonly jetstream?: { readonly config?: { readonly sync_always?: boolean } };
}

/** By server. Each that answers must be new enough and sync every write. */
async function readReports(monitorUrls: readonly string[]): Promise<ReadonlySet<string>> {
  const reports = (await Promise.all(monitorUrls.map(readReport))).filter((report) => report !== undefined);
  for (const { server_name: name, version, jetstream } of reports) {
    if (!isNewEnough(version)) throw refusal(`server ${name} is ${version}, older than ${minVersion.join('.')}`);
    if (jetstream?.config?.sync_always !== true) throw refusal(`server ${name} has no 'sync_interval: always'`);
  }
  return new Set(reports.map(({ server_name: name }) => name));
}

/** Every server that keeps the stream and is there has reported, and a majority of all. */
function checkPeers({ cluster }: StreamInfo, reported: ReadonlySet<string>): void {
  // Nobody to judge, rather than somebody who did not report: an election is under way.
  if (!cluster?.leader) throw new Error('the stream has no leader now');
  const peers = [{ name: cluster.leader, offline: false }, ...(cluster.replicas ?? [])];
  const silent = peers.find(({ name, offline }) => !offline && !reported.has(name));
  if (silent !== undefined) throw refusal(`no report of server ${silent.name}, which keeps the stream`);
  const count = peers.filter(({ name }) => reported.has(name)).length;
  if (count * 2 <= replicas) throw refusal(`${count} of ${replicas} servers report their settings`);
}

async function readReport(url: string): Promise<ServerReport | undefined> {
  try {
    const response = await fetch(`${url}/varz`, { signal: AbortSignal.timeout(3_000) });
    return (await response.json()) as ServerReport;
  } catch {
    return undefined;
  }
}

function isNewEnough(version: string): boolean {
  const parts = version.split(/[.-]/).map(Number);
  for (const [at, least] of minVersion.entries()) {
    const part = parts[at] ?? 0;
    if (part !== least) return part > least;
  }
  return true;
}

function refusal(message: string): RelayError {
  return new RelayError('relay/store', message);
}
