// Two front ends of one relay on a NATS cluster of three. Its leader is killed and paused, two of three and all of it are killed, and a node that lost
// everything joins again.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createNatsRelayStore } from '@tallystick/relay-protocol/nats';
import { until } from '../servers/child-server.ts';
import { type NatsServer, startNats } from '../servers/nats.ts';
import type { Engine } from './engine.ts';
import { openFrontEnds, pauseFor } from './front-ends.ts';

const stream = 'drill';
const pauseMs = 3_000;

export async function startNatsEngine(): Promise<Engine> {
  const nats = await startNats();
  const folds = mkdtempSync(join(tmpdir(), 'tallystick-drill-'));
  let alarms = 0;
  let opened = 0;
  // Each with a fold of its own, made from the whole stream.
  const fronts = await openFrontEnds(() =>
    createNatsRelayStore({
      urls: nats.urls,
      monitorUrls: nats.monitorUrls,
      stream,
      foldPath: join(folds, `${opened++}.sqlite`),
      onAlarm: () => (alarms += 1),
    }),
  );
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
    relay: fronts.relay,
    fronts: fronts.sends,
    alarms: () => alarms,
    faults: [
      { name: 'kill the leader', times: { full: 10, short: 1 }, run: async () => restart([await leader()]) },
      {
        name: 'pause the leader',
        times: { full: 6, short: 0 },
        run: async () => pauseFor(await leader(), pauseMs),
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
      { name: 'close a front end and open another', times: { full: 4, short: 0 }, run: () => fronts.replace(0) },
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
        await fronts.replace(0);
      }
      return { stands: countInBlocks(blocks, flippedClaim(token)) > 0, mend: () => fronts.replace(1) };
    },
    async close() {
      await fronts.close();
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
