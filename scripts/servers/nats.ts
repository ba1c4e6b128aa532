// A NATS JetStream cluster of three on loopback for tests, drills and benches, in the shape a relay demands: every write is synced.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { natsServerPath } from '../test-environment.ts';
import { freePorts } from '../free-ports.ts';
import { type ChildServer, createChildServer, until } from './child-server.ts';

export interface NatsServer extends ChildServer {
  readonly url: string;
  /** Of its HTTP report (`/varz`, `/jsz`). */
  readonly monitorUrl: string;
  readonly storeFolder: string;
}

export interface Nats {
  readonly servers: readonly NatsServer[];
  readonly urls: readonly string[];
  readonly monitorUrls: readonly string[];
  readonly folder: string;
  /** The server that leads the stream, of those that answer; undefined while there is none. */
  leaderOf(stream: string): Promise<NatsServer | undefined>;
  /** Has the server lead the stream. */
  lead(stream: string, server: NatsServer): Promise<void>;
  /** Resolves when the cluster has a leader and all of its servers are in touch with it. */
  ready(): Promise<void>;
  /** Ends the servers and removes the folder. */
  stop(): Promise<void>;
}

export interface NatsOptions {
  /** Default 3. */
  readonly servers?: number;
  /** `sync_interval`; default `always`. Another one is for a test that sees it refused. */
  readonly syncInterval?: string;
}

interface ServerReport {
  readonly meta_cluster?: {
    readonly leader?: string;
    readonly cluster_size?: number;
    readonly replicas?: readonly Peer[];
  };
}

interface Peer {
  readonly current: boolean;
  readonly offline?: boolean;
}

export async function startNats({ servers: count = 3, syncInterval = 'always' }: NatsOptions = {}): Promise<Nats> {
  const command = natsServerPath();
  if (command === undefined) throw new Error('nats-server 2.12.3 or newer is not on this machine');
  const folder = mkdtempSync(join(tmpdir(), 'tallystick-nats-'));
  const ports = await freePorts(count * 3);
  const routes = ports.slice(count, count * 2).map((port) => `nats://127.0.0.1:${port}`);
  const servers = Array.from({ length: count }, (_, index): NatsServer => {
    const [port, routePort, monitorPort] = [0, 1, 2].map((kind) => ports[kind * count + index]) as [
      number,
      number,
      number,
    ];
    const name = `n${index + 1}`;
    const storeFolder = join(folder, name);
    mkdirSync(storeFolder);
    const config = join(folder, `${name}.conf`);
    const cluster = `cluster { name: tallystick, listen: "127.0.0.1:${routePort}", routes: ${JSON.stringify(routes)} }\n`;
    writeFileSync(
      config,
      `server_name: ${name}\nlisten: "127.0.0.1:${port}"\nhttp: "127.0.0.1:${monitorPort}"\nmax_payload: 8MB\n` +
        `jetstream { store_dir: ${JSON.stringify(storeFolder)}, sync_interval: ${syncInterval} }\n${count > 1 ? cluster : ''}`,
    );
    const server = createChildServer({ name, command, args: ['-c', config], ready: /Server is ready/ });
    const [url, monitorUrl] = [port, monitorPort].map((at) => `127.0.0.1:${at}`) as [string, string];
    // Not a copy: `pid` is a getter.
    return Object.assign(Object.create(server) as ChildServer, {
      url: `nats://${url}`,
      monitorUrl: `http://${monitorUrl}`,
      storeFolder,
    });
  });
  const nats: Nats = {
    servers,
    urls: servers.map(({ url }) => url),
    monitorUrls: servers.map(({ monitorUrl }) => monitorUrl),
    folder,
    // Asked of the stream, whose leader alone answers: what a server that just came back says of itself may be old.
    leaderOf: (stream) =>
      withConnection(nats.urls, async (connection) => {
        const answer = await connection.request(`$JS.API.STREAM.INFO.${stream}`, '', { timeout: 1_000 });
        const { cluster } = answer.json<{ readonly cluster?: { readonly leader?: string } }>();
        return servers.find(({ name }) => name === cluster?.leader);
      }).catch(() => undefined),
    async lead(stream, server) {
      const wish = JSON.stringify({ placement: { preferred: server.name } });
      await until(`${server.name} leads`, async () => {
        if ((await nats.leaderOf(stream)) === server) return true;
        await withConnection(nats.urls, (connection) =>
          connection.request(`$JS.API.STREAM.LEADER.STEPDOWN.${stream}`, wish, { timeout: 5_000 }),
        );
        return false;
      });
    },
    ready: () => until('the cluster has a leader that sees everybody', () => isWhole(servers)),
    async stop() {
      await Promise.all(servers.map((server) => server.kill('SIGKILL')));
      rmSync(folder, { recursive: true, force: true });
    },
  };
  try {
    await Promise.all(servers.map((server) => server.start()));
    await nats.ready();
    return nats;
  } catch (error) {
    await nats.stop();
    throw error;
  }
}

async function withConnection<T>(
  urls: readonly string[],
  work: (connection: NatsConnection) => Promise<T>,
): Promise<T> {
  const connection = await connect({ servers: [...urls], timeout: 2_000 });
  try {
    return await work(connection);
  } finally {
    await connection.close();
  }
}

/** Only the leader of the cluster knows how its peers are. */
async function isWhole(servers: readonly NatsServer[]): Promise<boolean> {
  if (servers.length === 1) return true;
  const reports = await Promise.all(servers.map((server) => report(server)));
  const leader = servers.findIndex(({ name }, index) => reports[index]?.meta_cluster?.leader === name);
  const peers = reports[leader]?.meta_cluster?.replicas ?? [];
  return peers.length === servers.length - 1 && peers.every(({ current, offline }) => current && offline !== true);
}

async function report(server: NatsServer): Promise<ServerReport> {
  const response = await fetch(`${server.monitorUrl}/jsz`, { signal: AbortSignal.timeout(2_000) });
  return (await response.json()) as ServerReport;
}
