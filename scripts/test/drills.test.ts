// The drills in their short form, and that they can fail: on a relay that forgets who has a token, log and index together.
import { nodeHasher } from '@tallystick/chain/node';
import { createMemoryRelayStore, createRelay, type RelayStore } from '@tallystick/relay-protocol';
import { createMemoryKeyStore } from '@tallystick/sign';
import { nodeEd25519 } from '@tallystick/sign/node';
import { describe, expect, it } from 'vitest';
import { drillClaims, isWhole } from '../drills/claims-drill.ts';
import type { Engine, Send } from '../drills/engine.ts';
import { startNatsEngine } from '../drills/nats-engine.ts';
import { startPostgresEngine } from '../drills/postgres-engine.ts';
import { startSqliteEngine } from '../drills/sqlite-engine.ts';
import { isMissing, natsServerPath, postgresFolder } from '../test-environment.ts';

const tokens = 40;

async function drill(start: () => Promise<Engine>): Promise<Awaited<ReturnType<typeof drillClaims>>> {
  const engine = await start();
  try {
    return await drillClaims(engine, { tokens, size: 'short', print: () => undefined });
  } finally {
    await engine.close();
  }
}

/** Two front ends, the second of which has a log of claims of its own. */
async function startSplitEngine(): Promise<Engine> {
  const key = await createMemoryKeyStore(nodeEd25519, nodeHasher).create('relay');
  const signer = { name: 'relay.drill', publicKey: key.publicKey, sign: (text: Uint8Array) => key.sign(text) };
  const [store, apart] = [createMemoryRelayStore(), createMemoryRelayStore()];
  const { enrolments, log } = store;
  const ofHq: RelayStore['log'] = (book, scope) => (scope === 'hq' ? log(book, scope) : apart.log(book, scope));
  const fronts = [store, { ...apart, enrolments, log: ofHq }].map((under): Send => {
    const relay = createRelay({ store: under, signer, hasher: nodeHasher, ed25519: nodeEd25519, reads: 'public' });
    return (request) => relay.fetch(request);
  });
  return { name: 'split', relay: signer, fronts, faults: [], alarms: () => 0, close: async () => undefined };
}

// Beside each other: they wait for elections and restarts most of the time.
describe.concurrent('the drill of claims', () => {
  it('loses nothing and grants once while a relay on SQLite is killed and paused, and raises an alarm over one bit', async () => {
    const report = await drill(startSqliteEngine);
    expect(report).toMatchObject({ faults: 3, flipped: 'relay/claim-alarm' });
    expect([isWhole(report), report]).toEqual([true, report]);
  });

  it.skipIf(isMissing('PostgreSQL', postgresFolder()))(
    'loses nothing and grants once while PostgreSQL loses its primary and a front end',
    async () => {
      const report = await drill(startPostgresEngine);
      expect([isWhole(report), report]).toEqual([true, report]);
    },
  );

  it.skipIf(isMissing('nats-server 2.12.3', natsServerPath()))(
    'loses nothing and grants once while a NATS cluster loses its leader, all of its nodes, and what one of them stored',
    async () => {
      const report = await drill(startNatsEngine);
      expect([isWhole(report), report]).toEqual([true, report]);
    },
  );

  it('goes red where two front ends have a log each', async () => {
    const report = await drill(startSplitEngine).catch((error: unknown) => error);
    if (report instanceof Error) throw report;
    expect(isWhole(report as never)).toBe(false);
    expect(report).toMatchObject({ doubleGrants: expect.any(Number) as number });
    expect((report as { doubleGrants: number }).doubleGrants).toBeGreaterThan(0);
  });
});
