// Two front ends of one relay on PostgreSQL with a synchronous standby. The primary is killed and the standby promoted, either is
// paused, and a wiped server joins again as the standby.
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { nodeHasher } from '@tallystick/chain/node';
import { createRelay, type Relay, type RelayEvent, type RelayStore } from '@tallystick/relay-protocol';
import { createPostgresRelayStore } from '@tallystick/relay-protocol/postgres';
import { createMemoryKeyStore } from '@tallystick/sign';
import { nodeEd25519 } from '@tallystick/sign/node';
import { startPostgres } from '../servers/postgres.ts';
import { type Engine, flipByte, flipToken, type Send } from './engine.ts';

const pauseMs = 300;

interface FrontEnd {
  readonly relay: Relay;
  readonly store: RelayStore;
}

export async function startPostgresEngine(): Promise<Engine> {
  const postgres = await startPostgres({ standby: true });
  const key = await createMemoryKeyStore(nodeEd25519, nodeHasher).create('relay');
  const signer = { name: 'relay.drill', publicKey: key.publicKey, sign: (text: Uint8Array) => key.sign(text) };
  let alarms = 0;
  const onEvent = ({ kind, ...event }: RelayEvent): void => {
    if (kind === 'alarm' || ('error' in event && isDamage(event.error))) alarms += 1;
  };
  const common = { signer, hasher: nodeHasher, ed25519: nodeEd25519, reads: 'public', onEvent } as const;
  const open = async (): Promise<FrontEnd> => {
    const store = await createPostgresRelayStore({ urls: postgres.urls, standby: 'required' });
    return { store, relay: createRelay({ ...common, store }) };
  };
  const fronts = [await open(), await open()];
  const replace = async (index: number): Promise<void> => {
    const old = fronts[index] as FrontEnd;
    fronts[index] = await open();
    await old.store.close();
  };
  const pause = async (server: { pause(): void; resume(): void } | undefined): Promise<void> => {
    server?.pause();
    await sleep(pauseMs);
    server?.resume();
  };
  let replaced = 0;
  return {
    name: 'postgres',
    relay: signer,
    fronts: [0, 1].map(
      (index): Send =>
        (request) =>
          (fronts[index] as FrontEnd).relay.fetch(request),
    ),
    alarms: () => alarms,
    faults: [
      {
        name: 'kill the primary, promote the standby, wipe the killed one and let it join',
        times: { full: 10, short: 1 },
        async run() {
          await postgres.primary.kill();
          await postgres.promote();
          await postgres.addStandby();
        },
      },
      { name: 'pause the primary', times: { full: 6, short: 0 }, run: () => pause(postgres.primary) },
      { name: 'pause the standby', times: { full: 6, short: 0 }, run: () => pause(postgres.standby) },
      {
        name: 'close a front end in the middle of its work, and open another',
        times: { full: 6, short: 1 },
        run: () => replace(replaced++ % 2),
      },
    ],
    async flipBit(token) {
      const server = postgres.primary;
      const file = await server.query("SELECT pg_relation_filepath('relay_claims')");
      const path = join(postgres.folder, server.name, file);
      const edited = async <T>(edit: () => T): Promise<T> => {
        await server.kill('SIGINT');
        const answer = edit();
        await server.start();
        return answer;
      };
      const at = await edited(() => flipToken(path, token));
      return { stands: true, mend: () => edited(() => flipByte(path, at)) };
    },
    async close() {
      for (const { store } of fronts) await store.close();
      await postgres.stop();
    },
  };
}

/** Whether the server found a page of its own that it does not believe. */
function isDamage(error: unknown): boolean {
  for (let at = error; at instanceof Error; at = at.cause) if (/invalid page|checksum/.test(at.message)) return true;
  return false;
}
