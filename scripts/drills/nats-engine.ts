// Two front ends of one relay on a NATS cluster of three. Its leader is killed and paused, two of three and all of it are killed, and a node that lost
// everything joins again.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { nodeHasher } from '@tallystick/chain/node';
import { createRelay, type Relay, type RelayStore } from '@tallystick/relay-protocol';
import { createNatsRelayStore } from '@tallystick/relay-protocol/nats';
import { createMemoryKeyStore } from '@tallystick/sign';
import { nodeEd25519 } from '@tallystick/sign/node';
import { until } from '../servers/child-server.ts';
import { type NatsServer, startNats } from '../servers/nats.ts';
import type { Engine, Send } from './engine.ts';

const stream = 'drill';
const pauseMs = 3_000;

interface FrontEnd {
  readonly relay: Relay;
  readonly store: RelayStore;
}

export async function startNatsEngine(): Promise<Engine> {
  const nats = await startNats();
  const folds = mkdtempSync(join(tmpdir(), 'tallystick-drill-'));
  const key = await createMemoryKeyStore(nodeEd25519, nodeHasher).create('relay');
  const signer = { name: 'relay.drill', publicKey: key.publicKey, sign: (text: Uint8Array) => key.sign(text) };
  let alarms = 0;
  let opened = 0;
  /** With a fold of its own, made from the whole stream. */
  const open = async (): Promise<FrontEnd> => {
    const store = await createNatsRelayStore({
      urls: nats.urls,
      monitorUrls: nats.monitorUrls,
      stream,
      foldPath: join(folds, `${opened++}.sqlite`),
      onAlarm: () => (alarms += 1),
    });
    return { store, relay: createRelay({ store, signer, hasher: nodeHasher, ed25519: nodeEd25519, reads: 'public' }) };
  };
  const fronts = [await open(), await open()];
  const replace = async (index: number): Promise<void> => {
    const old = fronts[index] as FrontEnd;
    fronts[index] = await open();
    await old.store.close();
  };
  const leader = async (): Promise<NatsServer> => {
    let found: NatsServer | undefined;
    await until('the stream has a leader', async () => (found = await nats.leaderOf(stream)) !== undefined);
    return found as NatsServer;
  };
  const restart = async (servers: readonly NatsServer[], meanwhile = (): void => undefined): Promise<void> => {
    await Promise.all(servers.map((server) => server.kill()));
    meanwhile();
    await Promise.all(servers.map((server) => server.start()));
    await nats.ready();
  };
  return {
    name: 'nats',
    relay: signer,
    fronts: [0, 1].map(
      (index): Send =>
        (request) =>
          (fronts[index] as FrontEnd).relay.fetch(request),
    ),
    alarms: () => alarms,
    faults: [
      { name: 'kill the leader', times: { full: 10, short: 1 }, run: async () => restart([await leader()]) },
      {
        name: 'pause the leader',
        times: { full: 6, short: 0 },
        async run() {
          const paused = await leader();
          paused.pause();
          await sleep(pauseMs);
          paused.resume();
        },
      },
      { name: 'kill two of three', times: { full: 6, short: 0 }, run: () => restart(nats.servers.slice(0, 2)) },
      { name: 'kill all', times: { full: 6, short: 1 }, run: () => restart(nats.servers) },
      {
        name: 'wipe a node and let it join',
        times: { full: 4, short: 1 },
        async run() {
          const wiped = nats.servers.find((server) => server !== nats.servers[0]) as NatsServer;
          await restart([wiped], () => {
            rmSync(wiped.storeFolder, { recursive: true });
            mkdirSync(wiped.storeFolder);
          });
        },
      },
      { name: 'close a front end and open another', times: { full: 4, short: 0 }, run: () => replace(0) },
    ],
    // Of one replica, which leads when the front ends read everything anew: they must ask another.
    async flipBit(token) {
      const damaged = await leader();
      await damaged.kill('SIGTERM');
      const blocks = join(damaged.storeFolder, 'jetstream', '$G', 'streams', stream, 'msgs');
      flipInBlocks(blocks, token);
      await damaged.start();
      await nats.ready();
      // Another node may lead again before all is read; then nobody has read the damaged copy yet.
      const isUnread = (): boolean => alarms === 0 && countInBlocks(blocks, flippedClaim(token)) > 0;
      for (let tries = 0; tries < 5 && isUnread(); tries++) {
        await nats.lead(stream, damaged);
        await replace(0);
      }
      return { stands: countInBlocks(blocks, flippedClaim(token)) > 0, mend: () => replace(1) };
    },
    async close() {
      for (const { store } of fronts) await store.close();
      await nats.stop();
      rmSync(folds, { recursive: true, force: true });
    },
  };
}

function claimText(token: string): string {
  return `"claim":"${token}"`;
}

/** With the lowest bit of the `c` flipped. */
function flippedClaim(token: string): string {
  return claimText(token).replace('c', 'b');
}

function countInBlocks(folder: string, text: string): number {
  const blocks = readdirSync(folder).filter((file) => file.endsWith('.blk'));
  return blocks.filter((name) => readFileSync(join(folder, name)).includes(text)).length;
}

/** In the first op that claims the token. */
function flipInBlocks(folder: string, token: string): void {
  for (const name of readdirSync(folder).filter((file) => file.endsWith('.blk'))) {
    const path = join(folder, name);
    const bytes = readFileSync(path);
    const at = bytes.indexOf(claimText(token));
    if (at < 0) continue;
    bytes.write(flippedClaim(token), at);
    writeFileSync(path, bytes);
    return;
  }
  throw new Error(`no block of ${folder} has a claim of ${token}`);
}
