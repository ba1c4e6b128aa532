// A relay on a port: store, key file and HTTP server around the fetch handler of @tallystick/relay-protocol.
import { mkdirSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type NoteSigner, parseVerifierKey } from '@tallystick/chain';
import { nodeHasher } from '@tallystick/chain/node';
import type { BookId } from '@tallystick/oplog';
import {
  createRelay,
  defaultLimits,
  type Relay,
  type RelayEvent,
  type RelayLimits,
  type RelayLoad,
  type RelayStore,
} from '@tallystick/relay-protocol';
import { createKeyShelf, type KeyShelfOptions } from '@tallystick/relay-protocol/keys';
import { nodeUnpack, type SqliteRelayStore } from '@tallystick/relay-protocol/node';
import type { Ed25519 } from '@tallystick/sign';
import { createFileKeyStore, loadSodiumThreads, nodeEd25519Threads } from '@tallystick/sign/node';
import { type EngineOptions, openEngine } from './engine.ts';
import { openControl } from './control.ts';
import type { FollowedHome, HomeOptions } from './follow-home.ts';
import { createKeyForwarding } from './forward-keys.ts';
import { type Front, type FrontThread, startFront } from './front.ts';
import type { FrontState } from './front-messages.ts';
import { createHealth, type Health } from './health.ts';
import { listenInside } from './inner-socket.ts';
import { createListener } from './listener.ts';
import type { Served } from './served.ts';
import { errorToFields, type Log } from './log.ts';
import type { MeasuredRelay, Metrics } from './metrics.ts';
import { createMetricsServer } from './metrics-server.ts';
import { createRefusalLog } from './refusals.ts';
import { closeServers } from './servers.ts';
import type { Tracing } from './tracing.ts';
import type { TracingOptions } from './tracing-options.ts';

export interface StartRelayOptions {
  /** Holds relay.key and, by engine, relay.sqlite or the fold of a stream; made when missing. */
  readonly dataDir: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** Default 127.0.0.1: a relay that others should reach is told so, or stands behind a proxy that speaks TLS. */
  readonly host?: string;
  /** Default: SQLite. */
  readonly engine?: EngineOptions;
  readonly log?: Log;
  /** Stands in every note; it cannot change once the relay has signed one. Default: `relay-` and 16 digits of the key id. */
  readonly name?: string;
  readonly books?: 'open' | readonly BookId[];
  readonly limits?: Partial<RelayLimits>;
  /** The relay that this one follows, instead of being one itself; its books are the only ones here. */
  readonly home?: HomeOptions;
  /** Who may read: `devices` of the book by their roles (the default), or `public`, whoever knows its id. */
  readonly reads?: 'devices' | 'public';
  /** Where devices reach it, if a proxy hands on another host or path than they ask for. */
  readonly publicUrl?: string;
  /** Where metrics and health are served, apart from what devices reach; port 0 takes a free one. Default: nowhere. */
  readonly metrics?: { readonly port: number; readonly host?: string };
  /** How long it goes on, while `/healthz` says that it is about to stop, before it takes no more connections. Default 0. */
  readonly drainMs?: number;
  /** Default: no traces. */
  readonly tracing?: TracingOptions;
  /** How long a stop waits for each part of it: the thread that speaks HTTP, the relay, the store. Default 12,000. */
  readonly stopMs?: number;
  /** Connections that are open at once; beyond them the longest silent one is ended. Default 12,000. */
  readonly maxConnections?: number;
}

export interface RunningRelay {
  readonly url: string;
  /** Of the metrics, if they are served. */
  readonly metricsUrl: string | undefined;
  /** The key to pin, in the C2SP "vkey" form. */
  readonly vkey: string;
  /** Drains, takes no more connections, lets requests under way finish for up to ten seconds, then closes the database. Whatever hangs, it ends. */
  close(): Promise<void>;
}

/** The thread that speaks HTTP gives those who are connected ten seconds. */
const defaultStopMs = 12_000;
const traceTimeoutMs = 2_000;
/** As many tails as there may be, and room for everything else. */
const defaultMaxConnections = 12_000;

export async function startRelay(options: StartRelayOptions): Promise<RunningRelay> {
  // First of all: it loads while the store is opened.
  const thread = startFront();
  try {
    return await startBehind(thread, options);
  } catch (error) {
    await thread.end();
    throw error;
  }
}

async function startBehind(thread: FrontThread, options: StartRelayOptions): Promise<RunningRelay> {
  const { dataDir, port, host = '127.0.0.1', log = () => undefined, books = 'open', limits = {} } = options;
  const { reads = 'devices', publicUrl, engine = { kind: 'sqlite' } } = options;
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  let metrics: Metrics | undefined;
  const tracing = await openTracing(options.tracing);
  const opened = await openEngine(engine, dataDir, (alarm) => {
    metrics?.alarm('replica');
    log({ level: 'error', event: 'damaged-replica', ...alarm });
  });
  const store = tracing === undefined ? opened : tracing.observe(opened);
  const ed25519 = await chooseEd25519();
  const servers: Server[] = [];
  let following: FollowedHome | undefined;
  let front: Front | undefined;
  try {
    const ofRelay = {
      store,
      hasher: nodeHasher,
      ed25519,
      unpack: nodeUnpack,
      limits,
      reads,
      onEvent(event: RelayEvent) {
        metrics?.event(event);
        tracing?.event(event);
        logEvent(log, event);
      },
      ...(publicUrl === undefined ? {} : { url: publicUrl }),
    };
    if (options.home !== undefined) {
      const { followHome } = await import('./follow-home.ts');
      const named = options.name === undefined ? {} : { name: options.name };
      following = await followHome({ ...ofRelay, ...named, dataDir, home: options.home, log });
    }
    const signer = following ?? (await openSigner(dataDir, options.name));
    const relay = 'relay' in signer ? signer.relay : createRelay({ ...ofRelay, signer, books });
    await relay.ready();
    const health = createHealth(store, dataDir);
    const logRefusal = createRefusalLog(log);
    const onServed = (served: Served): void => {
      metrics?.served(served);
      logRefusal(served);
    };
    const served = following === undefined ? await withKeys(relay, ofRelay, engine, log) : relay;
    const server = createServer(createListener({ relay: served, health, log, tracing, onServed }));
    // Only the front asks, over connections that it keeps: one that it is about to use is not to end.
    server.keepAliveTimeout = 0;
    server.requestTimeout = 0;
    servers.push(server);
    const inner = await listenInside(server, dataDir);
    const state = (): ReturnType<Front['state']> => front?.state() ?? { connections: 0, evicted: 0, bytes: 0 };
    const connections = { count: () => state().connections, evicted: () => state().evicted };
    let metricsServer: Server | undefined;
    if (options.metrics !== undefined) {
      const storePath = engine.kind === 'sqlite' ? join(dataDir, 'relay.sqlite') : undefined;
      const of = { name: signer.name, engine: engine.kind, dataDir, storePath, store, health, connections };
      metrics = await openMetrics({ ...of, load: () => loadOf(relay, state()) }, following);
      metricsServer = createMetricsServer(metrics, health);
      servers.push(metricsServer);
      await listen(metricsServer, options.metrics.port, options.metrics.host ?? '127.0.0.1');
    }
    servers.push(...(await openControls(dataDir, opened)));
    front = await thread.listen(
      {
        port,
        host,
        inner,
        maxConnections: options.maxConnections ?? defaultMaxConnections,
        limits: { ...defaultLimits, ...limits },
      },
      { relay, tracing, onServed, onLost: (error) => endLoudly(log, error) },
    );
    const running = front;
    const { url } = running;
    const metricsUrl = metricsServer && urlOf(metricsServer);
    const { vkey } = relay;
    log({ level: 'info', event: 'listening', url, vkey, verifier: ed25519.name, metricsUrl });
    following?.start();
    let closing: Promise<void> | undefined;
    const parts = { thread, front: running, servers, relay, store, health, log, following, tracing };
    const close = (): Promise<void> => (closing ??= stop(parts, options));
    return { url, metricsUrl, vkey, close };
  } catch (error) {
    await front?.close();
    for (const server of servers) server.close();
    await following?.stop();
    await store.close();
    throw error;
  }
}

/** With wrapped keys. Never at a relay that follows another one: who forgets asks that one. */
async function withKeys(
  relay: Relay,
  ofRelay: Omit<KeyShelfOptions, 'signer'>,
  engine: EngineOptions,
  log: Log,
): Promise<Pick<Relay, 'fetch'>> {
  // Books go on without: nobody can put a wrapped key or take one away until the relay that has them is named.
  await ofRelay.store.keys.ready?.().catch((error: unknown) => {
    log({ level: 'error', event: 'no-wrapped-keys', ...errorToFields(error) });
  });
  if (engine.kind !== 'sqlite' && typeof engine.keys === 'object') {
    const forward = createKeyForwarding(engine.keys.url);
    return { fetch: (request) => forward(request) ?? relay.fetch(request) };
  }
  const signer = parseVerifierKey(relay.vkey, nodeHasher);
  if (!signer.ok) throw new Error(signer.message);
  const shelf = createKeyShelf({ ...ofRelay, signer: signer.value });
  return { fetch: async (request) => (await shelf.fetch(request)) ?? relay.fetch(request) };
}

/** A body counts on each side of the border that keeps it: as it was sent before it, and unpacked behind it. */
function loadOf(relay: Relay, { bytes }: Pick<FrontState, 'bytes'>): RelayLoad {
  const load = relay.load();
  return { ...load, bytes: load.bytes + bytes };
}

/** A relay whose store can be copied takes commands. */
async function openControls(dataDir: string, store: RelayStore | SqliteRelayStore): Promise<Server[]> {
  const control = 'backup' in store ? await openControl(dataDir, store) : undefined;
  return control === undefined ? [] : [control];
}

/** Loaded by whoever wants traces alone, and so are the metrics. */
async function openTracing(options: TracingOptions | undefined): Promise<Tracing | undefined> {
  if (options === undefined) return undefined;
  const { createTracing } = await import('./tracing.ts');
  return createTracing(options, hostname());
}

async function openMetrics(measured: MeasuredRelay, following: FollowedHome | undefined): Promise<Metrics> {
  const { createMetrics } = await import('./metrics.ts');
  return createMetrics(measured, following?.link);
}

/** By libsodium where it was installed for this machine. */
async function chooseEd25519(): Promise<Ed25519> {
  try {
    return (await loadSodiumThreads(createRequire(import.meta.url).resolve('sodium-native'))) ?? nodeEd25519Threads;
  } catch {
    return nodeEd25519Threads;
  }
}

async function openSigner(dataDir: string, name: string | undefined): Promise<NoteSigner> {
  const keys = createFileKeyStore(dataDir);
  const key = (await keys.load('relay')) ?? (await keys.create('relay'));
  return {
    name: name ?? `relay-${key.keyId.slice(0, 16)}`,
    publicKey: key.publicKey,
    sign: (message) => key.sign(message),
  };
}

function logEvent(log: Log, event: RelayEvent): void {
  if (event.kind === 'failed' || event.kind === 'alarm') {
    log({ level: 'error', event: event.kind, ...errorToFields(event.error) });
    return;
  }
  // What the commits sum up already; a push of which something was not taken is somebody's trouble.
  if (
    event.kind === 'pushed' &&
    Object.keys(event.verdicts).every((verdict) => verdict === 'stored' || verdict === 'exists')
  )
    return;
  if (event.kind === 'committed') {
    const { kind, of: _, durationMs, ...counts } = event;
    log({ level: 'info', event: kind, ...counts, durationMs: Math.round(durationMs) });
    return;
  }
  const { kind, ...fields } = event;
  log({ level: kind === 'behind' ? 'error' : 'info', event: kind, ...fields });
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

/** Nobody can reach it any more: whatever keeps it running starts it again. */
function endLoudly(log: Log, error: Error): void {
  log({ level: 'error', event: 'lost-front', ...errorToFields(error) });
  setImmediate(() => {
    throw error;
  });
}

function urlOf(server: Server): string {
  const { address, family, port } = server.address() as AddressInfo;
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
}

interface Stopping {
  readonly thread: FrontThread;
  readonly front: Front;
  readonly servers: readonly Server[];
  readonly relay: Relay;
  readonly store: RelayStore;
  readonly health: Health;
  readonly log: Log;
  readonly tracing: Tracing | undefined;
  readonly following: FollowedHome | undefined;
}

/** Whoever sends work here is told first, then those who listen; what is under way is finished; and all of it takes a bounded time. */
async function stop(
  { thread, front, servers, relay, store, health, log, tracing, following }: Stopping,
  { drainMs = 0, stopMs = defaultStopMs }: Pick<StartRelayOptions, 'drainMs' | 'stopMs'>,
): Promise<void> {
  /** Whether it ended in time. What does not answer holds nothing up: what it was asked is durable or was never acknowledged. */
  const ended = async (part: string, ending: Promise<void> | void): Promise<boolean> => {
    const late = sleep(stopMs, 'late' as const, { ref: false });
    const isLate = (await Promise.race([ending, late])) === 'late';
    if (isLate) log({ level: 'error', event: 'not-finished', part });
    return !isLate;
  };
  log({ level: 'info', event: 'stopping' });
  health.drain();
  await sleep(drainMs);
  const closed = front.close();
  relay.endTails();
  if (!(await ended('front', closed))) await thread.end();
  await closeServers(servers);
  await ended('relay', relay.close());
  await ended('home', following?.stop());
  await ended('store', store.close());
  await Promise.race([tracing?.close(), sleep(traceTimeoutMs, undefined, { ref: false })]);
  log({ level: 'info', event: 'stopped' });
}
