// The servers that tests and drills start: a commit outlives its primary, and a cluster is whole before it is used.
import { describe, expect, it } from 'vitest';
import { startNats } from '../servers/nats.ts';
import { startPostgres } from '../servers/postgres.ts';
import { isMissing, natsServerPath, postgresFolder } from '../test-environment.ts';

describe.skipIf(isMissing('PostgreSQL', postgresFolder()))('PostgreSQL for tests', () => {
  it('has checksums and a standby that keeps what was committed when the primary is killed', async () => {
    const postgres = await startPostgres({ standby: true });
    try {
      expect(await postgres.primary.query('SHOW data_checksums')).toBe('on');
      await postgres.primary.query('CREATE TABLE sales (cents integer)');
      await postgres.primary.query('INSERT INTO sales VALUES (250)');
      await postgres.primary.kill();
      await postgres.promote();
      expect(await postgres.primary.query('SELECT cents FROM sales')).toBe('250');
      await postgres.addStandby();
      expect(await postgres.standby?.query('SELECT pg_is_in_recovery()')).toBe('t');
    } finally {
      await postgres.stop();
    }
  });
});

describe.skipIf(isMissing('nats-server 2.12.3', natsServerPath()))('NATS for tests', () => {
  it('is a cluster of three that syncs every write', async () => {
    const nats = await startNats();
    try {
      for (const url of nats.monitorUrls) {
        const report = (await (await fetch(`${url}/varz`)).json()) as {
          jetstream: { config: { sync_always: boolean } };
        };
        expect(report.jetstream.config.sync_always).toBe(true);
      }
      const [first] = nats.servers;
      await first?.kill();
      await first?.start();
      await nats.ready();
    } finally {
      await nats.stop();
    }
  });
});
