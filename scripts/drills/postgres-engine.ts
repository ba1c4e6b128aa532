// Two front ends of one relay on PostgreSQL with a synchronous standby. The primary is killed and the standby promoted, either is
// paused, and a wiped server joins again as the standby.
import { join } from 'node:path';
import type { RelayEvent } from '@tallystick/relay-protocol';
import { createPostgresRelayStore } from '@tallystick/relay-protocol/postgres';
import { startPostgres } from '../servers/postgres.ts';
import { type Engine, flipByte, flipToken } from './engine.ts';
import { openFrontEnds, pauseFor } from './front-ends.ts';

const pauseMs = 300;

export async function startPostgresEngine(): Promise<Engine> {
  const postgres = await startPostgres({ standby: true });
  let alarms = 0;
  const onEvent = ({ kind, ...event }: RelayEvent): void => {
    if (kind === 'alarm' || ('error' in event && isDamage(event.error))) alarms += 1;
  };
  const fronts = await openFrontEnds(
    () => createPostgresRelayStore({ urls: postgres.urls, standby: 'required' }),
    onEvent,
  );
  let replaced = 0;
  return {
    name: 'postgres',
    relay: fronts.relay,
    fronts: fronts.sends,
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
      { name: 'pause the primary', times: { full: 6, short: 0 }, run: () => pauseFor(postgres.primary, pauseMs) },
      { name: 'pause the standby', times: { full: 6, short: 0 }, run: () => pauseFor(postgres.standby, pauseMs) },
      {
        name: 'close a front end in the middle of its work, and open another',
        times: { full: 6, short: 1 },
        run: () => fronts.replace(replaced++ % 2),
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
      await fronts.close();
      await postgres.stop();
    },
  };
}

/** Whether the server found a page of its own that it does not believe. */
function isDamage(error: unknown): boolean {
  for (let at = error; at instanceof Error; at = at.cause) if (/invalid page|checksum/.test(at.message)) return true;
  return false;
}
