// The relay store on a real PostgreSQL with a synchronous standby: the contract, what it refuses, and what it outlives.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { until } from '../../../scripts/servers/child-server.ts';
import { type Postgres, startPostgres } from '../../../scripts/servers/postgres.ts';
import { isMissing, postgresFolder } from '../../../scripts/test-environment.ts';
import type { RelayStore } from '../src/index.ts';
import { createPostgresRelayStore, type PostgresRelayStoreOptions } from '../src/postgres.ts';
import { batchOf } from '../src/contract-case.ts';
import { relayStoreContract } from './contract.ts';
import { createFleet, hq } from './fleet.ts';
import { frontEndsContract } from './front-ends.ts';
import { keptKeysContract } from './kept-keys.ts';

describe.skipIf(isMissing('PostgreSQL', postgresFolder()))('on PostgreSQL', () => {
  let postgres: Postgres;
  const folder = mkdtempSync(join(tmpdir(), 'relay-postgres-'));
  let schema: string;
  let schemas = 0;
  beforeAll(async () => {
    postgres = await startPostgres({ standby: true });
  });
  afterAll(async () => {
    await postgres?.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  beforeEach(async () => {
    schema = `relay_${schemas++}`;
    await postgres.primary.query(`CREATE SCHEMA ${schema}`);
  });

  const open = (
    options: Partial<PostgresRelayStoreOptions> = {},
    setting = `search_path=${schema}`,
  ): Promise<RelayStore> =>
    createPostgresRelayStore({
      urls: postgres.urls.map((url) => `${url}?options=-c${encodeURIComponent(setting)}`),
      standby: 'required',
      ...options,
    });

  relayStoreContract('the PostgreSQL store', async () => {
    const keys = { path: join(folder, `${schema}.sqlite`) };
    return { store: await open({ keys }), reopen: () => open({ keys }) };
  });
  frontEndsContract('PostgreSQL', () => open());
  keptKeysContract(
    'PostgreSQL',
    () => postgres.folder,
    (keys) => open(keys && { keys }),
  );

  it('refuses a session that does not wait for the disk or the standby, and a primary without one', async () => {
    const refused = { code: 'relay/store' };
    for (const level of ['off', 'local', 'remote_write']) {
      const setting = `synchronous_commit=${level}`;
      await expect(open({ reconnectTimeoutMs: 0 }, setting)).rejects.toMatchObject(refused);
    }
    await postgres.primary.query(`ALTER SYSTEM SET synchronous_standby_names = ''`);
    await postgres.primary.query('SELECT pg_reload_conf()');
    const names = async (): Promise<string> => postgres.primary.query('SHOW synchronous_standby_names');
    await until('the setting is in force', async () => (await names()) === '');
    await expect(open({ reconnectTimeoutMs: 0 })).rejects.toThrow(/synchronous_standby_names is ''/);
    await (await open({ reconnectTimeoutMs: 0, standby: 'none' })).close();
    await postgres.primary.query(`ALTER SYSTEM SET synchronous_standby_names = 'ANY 1 (*)'`);
    await postgres.primary.query('SELECT pg_reload_conf()');
    await until('the setting is back', async () => (await names()) !== '');
  });

  it('finds out by reading back whether an append happened whose answer was lost', async () => {
    const { book, genesis, root } = createFleet('lost answers');
    const store = await open();
    await store.append([batchOf(book, hq, 0, [genesis])]);
    const endAppend = async (where: string): Promise<void> => {
      const found = `FROM pg_stat_activity WHERE query LIKE 'SELECT relay_append%' AND ${where}`;
      await until(
        'the append is there',
        async () => (await postgres.primary.query(`SELECT count(*) ${found}`)) === '1',
      );
      await postgres.primary.query(`SELECT pg_terminate_backend(pid) ${found}`);
    };
    // It is committed here and waits for the standby: the connection dies after the commit.
    postgres.standby?.pause();
    const late = store.append([batchOf(book, hq, 1, [root.write()])]);
    await endAppend(`wait_event = 'SyncRep'`);
    postgres.standby?.resume();
    await late;
    expect((await store.log(book, hq))?.size).toBe(2);
    // It waits for its book: the connection dies before anything was written.
    const other = new Client(postgres.primary.url);
    await other.connect();
    await other.query(`BEGIN; SELECT FROM ${schema}.relay_books FOR UPDATE`);
    const again = store.append([batchOf(book, hq, 2, [root.write()])]);
    await endAppend(`wait_event_type = 'Lock'`);
    await other.end();
    await again;
    expect((await store.log(book, hq))?.size).toBe(3);
    await store.close();
  });

  it('does not say that what a primary has is all there is while its standby is out of touch', async () => {
    const store = await open({ statementTimeoutMs: 1_000, reconnectTimeoutMs: 0 });
    const isConfirmed = async (): Promise<boolean> => {
      await store.confirm?.();
      return true;
    };
    await until('the standby is heard', isConfirmed);
    postgres.standby?.pause();
    // Reads do not notice: so would a primary read whose standby was promoted.
    expect(await store.bookCount()).toBe(0);
    await expect(store.confirm?.()).rejects.toMatchObject({ code: 'relay/store' });
    postgres.standby?.resume();
    await until('the standby is heard', isConfirmed);
    await store.close();
  });

  it('goes on with the standby when the primary is killed, and has all that was acknowledged', async () => {
    const { book, genesis, root } = createFleet('failover');
    // On a machine that others use, a new standby takes longer than a relay would look for one.
    const store = await open({ reconnectTimeoutMs: 60_000 });
    await store.append([batchOf(book, hq, 0, [genesis])]);
    let size = 1;
    let enough = Number.POSITIVE_INFINITY;
    const writing = (async () => {
      while (size < enough) {
        await store.append([batchOf(book, hq, size, [root.write()])]);
        size += 1;
      }
    })();
    const failingOver = (async () => {
      await until('some are acknowledged', async () => size > 5);
      await postgres.primary.kill();
      await postgres.promote();
      await postgres.addStandby();
      const before = size;
      await until('it goes on', async () => size > before + 2);
      enough = size;
    })();
    // An append that fails is what the test fails with, and not what is left over when it waited in vain.
    await Promise.all([writing, failingOver]);
    expect((await store.log(book, hq))?.size).toBe(size);
    expect(await store.records(book, hq, 0, 10_000)).toHaveLength(size);
    await store.close();
  });
});
