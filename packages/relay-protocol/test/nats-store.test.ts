// The relay store on a real NATS cluster of three: the contract, what it refuses, and what it outlives.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DiscardPolicy, jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { until } from '../../../scripts/servers/child-server.ts';
import { type Nats, type NatsServer, startNats } from '../../../scripts/servers/nats.ts';
import { isMissing, natsServerPath } from '../../../scripts/test-environment.ts';
import type { RelayStore } from '../src/index.ts';
import { createNatsRelayStore, type NatsAlarm, type NatsRelayStoreOptions } from '../src/nats.ts';
import { relayStoreContract } from './contract.ts';
import { openDesk } from './desk.ts';
import { branch, createFleet, hq } from './fleet.ts';
import { frontEndsContract, nextBatch } from './front-ends.ts';
import { keptKeysContract } from './kept-keys.ts';

describe.skipIf(isMissing('nats-server 2.12.3', natsServerPath()))('on NATS', () => {
  const folder = mkdtempSync(join(tmpdir(), 'relay-nats-'));
  let nats: Nats;
  let stream: string;
  let count = 0;
  beforeAll(async () => {
    nats = await startNats();
  });
  afterAll(async () => {
    await nats?.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  beforeEach(() => {
    stream = `relay_${count++}`;
  });

  const open = (name = 'fold', options: Partial<NatsRelayStoreOptions> = {}): Promise<RelayStore> =>
    createNatsRelayStore({
      urls: nats.urls,
      monitorUrls: nats.monitorUrls,
      stream,
      foldPath: join(folder, `${stream}-${name}.sqlite`),
      ...options,
    });

  relayStoreContract('the NATS store', async () => {
    const keys = { path: join(folder, `${stream}-keys.sqlite`) };
    return { store: await open('fold', { keys }), reopen: () => open('fold', { keys }) };
  });
  let relays = 0;
  frontEndsContract('NATS', () => open(`relay-${relays++}`));
  keptKeysContract(
    'NATS',
    () => nats.folder,
    (keys) => open(`relay-${relays++}`, keys && { keys }),
  );

  it('makes its fold again from the stream, and refuses one that has more than the stream', async () => {
    const fleet = createFleet('a lost fold');
    const [first, second] = [fleet.enrol('first'), fleet.enrol('second', 'till', fleet.root, branch)];
    const desk = openDesk({ store: await open('first', { maxMessageBytes: 20_000 }) });
    await desk.push(fleet.book, [fleet.genesis, first.enrolment]);
    await desk.push(fleet.book, [second.enrolment], branch);
    await desk.push(fleet.book, [...first.writer.writeMany(300), first.writer.write({ args: { claim: 'gift/1' } })]);
    const again = await open('again');
    for (const scope of [hq, branch]) {
      expect(await again.log(fleet.book, scope)).toEqual(await desk.store.log(fleet.book, scope));
      const devices = [first, second, fleet.root].map((one) => ('writer' in one ? one.writer : one).key.device);
      expect(await again.chains(fleet.book, scope, devices)).toEqual(
        await desk.store.chains(fleet.book, scope, devices),
      );
      expect(await again.records(fleet.book, scope, 0, 999)).toEqual(
        await desk.store.records(fleet.book, scope, 0, 999),
      );
    }
    for (const [level, index] of [
      [0, 0],
      [0, 1],
      [1, 0],
    ] as const) {
      expect(await again.tile(fleet.book, hq, level, index)).toEqual(
        await desk.store.tile(fleet.book, hq, level, index),
      );
    }
    expect(await again.claims(fleet.book, hq, ['gift/1'])).toEqual(await desk.store.claims(fleet.book, hq, ['gift/1']));
    expect(await again.enrolments(fleet.book)).toEqual(await desk.store.enrolments(fleet.book));
    await again.close();
    await desk.store.close();
    const name = stream;
    stream = `${stream}_wiped`;
    const foldPath = join(folder, `${name}-first.sqlite`);
    await expect(open('', { foldPath })).rejects.toThrow(/it may hold what the stream lost/);
  });

  it('refuses a cluster that syncs late, a stream that can lose messages, and servers that do not report', async () => {
    const late = await startNats({ servers: 1, syncInterval: '2m' });
    try {
      const refused = { code: 'relay/store' };
      await expect(open('few', { monitorUrls: nats.monitorUrls.slice(1) })).rejects.toMatchObject(refused);
      await expect(
        open('late', { monitorUrls: [...nats.monitorUrls.slice(1), ...late.monitorUrls] }),
      ).rejects.toMatchObject(refused);
      stream = `${stream}_loose`;
      const connection = await connect({ servers: [...nats.urls] });
      const manager = await jetstreamManager(connection);
      await manager.streams.add({
        name: stream,
        subjects: [`${stream}.>`],
        num_replicas: 3,
        deny_purge: true,
        allow_atomic: true,
        discard: DiscardPolicy.New,
      });
      await expect(open('loose')).rejects.toThrow(/deny_delete/);
      await connection.close();
    } finally {
      await late.stop();
    }
  });

  it('asks nobody any more when it is closed', async () => {
    const store = await open('closed', { deadlineMs: 600_000 });
    await store.close();
    await expect(store.refresh?.()).rejects.toMatchObject({ code: 'relay/store' });
  });

  it('goes on when the leader falls silent, and has all that was acknowledged', async () => {
    const { book, genesis, root } = createFleet('leaders');
    const store = await open();
    await store.append([await nextBatch(store, book, [genesis])]);
    let size = 1;
    let enough = Number.POSITIVE_INFINITY;
    const writing = (async () => {
      for (; size < enough; size++) await store.append([await nextBatch(store, book, [root.write()])]);
    })();
    const leader = await nats.leaderOf(stream);
    const before = size;
    leader?.pause();
    await until('it goes on', async () => size > before + 2);
    leader?.resume();
    enough = size;
    await writing;
    const other = await open('other');
    expect((await other.log(book, hq))?.size).toBe(size);
    expect(await other.records(book, hq, 0, 10_000)).toEqual(await store.records(book, hq, 0, 10_000));
    await other.close();
    await store.close();
  });

  it('asks another replica for a message that one has damaged, and tells of it', async () => {
    const { book, genesis, root } = createFleet('damage');
    const store = await open();
    for (const record of [genesis, ...root.writeMany(5)]) await store.append([await nextBatch(store, book, [record])]);
    await store.close();
    const damaged = (await nats.leaderOf(stream)) as NatsServer;
    await damaged.kill('SIGTERM');
    const blocks = join(damaged.storeFolder, 'jetstream', '$G', 'streams', stream, 'msgs');
    const block = join(blocks, readdirSync(blocks).find((file) => file.endsWith('.blk')) as string);
    const bytes = readFileSync(block);
    const at = bytes.indexOf(Buffer.from('"test.note@1"'), bytes.length / 2);
    bytes[at + 2] = (bytes[at + 2] as number) ^ 1;
    writeFileSync(block, bytes);
    await until('another one leads', async () => (await nats.leaderOf(stream)) !== undefined);
    await damaged.start();
    await nats.ready();
    await nats.lead(stream, damaged);
    const alarms: NatsAlarm[] = [];
    const again = await open('again', { onAlarm: (alarm) => alarms.push(alarm) });
    expect(await again.records(book, hq, 0, 100)).toHaveLength(6);
    expect(alarms.map(({ server }) => server)).toContain(damaged.name);
    await again.close();
  });
});
