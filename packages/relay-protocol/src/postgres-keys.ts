// Wrapped keys in a table of the relay's PostgreSQL, apart from those of the logs, so that `pg_dump --exclude-table` leaves them out.
import { type DeviceId, encodeHex } from '@tallystick/oplog';
import type { ClientBase } from 'pg';
import type { Sessions } from './postgres-session.ts';
import { barSeconds, type WrappedKeyStore } from './wrapped-keys.ts';

const table = `CREATE TABLE IF NOT EXISTS relay_keys (
  book bytea NOT NULL, name text COLLATE "C" NOT NULL, device bytea NOT NULL, text text NOT NULL,
  signed bigint NOT NULL DEFAULT 0, PRIMARY KEY (book, name));
  ALTER TABLE relay_keys ADD COLUMN IF NOT EXISTS signed bigint NOT NULL DEFAULT 0;
  CREATE TABLE IF NOT EXISTS relay_key_bars (
  book bytea NOT NULL, name text COLLATE "C" NOT NULL, bar bigint NOT NULL, PRIMARY KEY (book, name))`;

const queries = {
  getKey: 'SELECT device, text FROM relay_keys WHERE book = $1 AND name = $2',
  // One after another for a name: what is deleted meanwhile is seen, and its bar.
  lockKey: `SELECT pg_advisory_xact_lock(hashtextextended(encode($1, 'hex') || $2, 7258402))`,
  bar: 'SELECT bar FROM relay_key_bars WHERE book = $1 AND name = $2',
  putKey: `INSERT INTO relay_keys (book, name, device, text, signed) VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (book, name) DO UPDATE SET device = excluded.device, text = excluded.text,
    signed = greatest(relay_keys.signed, excluded.signed)`,
  raiseBar: `INSERT INTO relay_key_bars SELECT book, name, greatest(signed, $3::bigint) FROM relay_keys WHERE book = $1 AND name = $2
    ON CONFLICT (book, name) DO UPDATE SET bar = greatest(relay_key_bars.bar, excluded.bar)`,
  deleteKey: 'DELETE FROM relay_keys WHERE book = $1 AND name = $2 RETURNING name',
  sweepBars: 'DELETE FROM relay_key_bars WHERE bar < $1',
  listKeys: 'SELECT name, device, octet_length(text) AS size FROM relay_keys WHERE book = $1 ORDER BY name',
} as const;

export async function createKeyTable(client: ClientBase): Promise<void> {
  await client.query(table);
}

export function postgresKeys(sessions: Sessions): WrappedKeyStore {
  const deviceOf = (bytes: unknown): DeviceId => encodeHex(bytes as Uint8Array) as DeviceId;
  const hexToBytes = (hex: string): Buffer => Buffer.from(hex, 'hex');
  return {
    async get(book, name) {
      const [row] = await sessions.read('getKey', queries.getKey, [hexToBytes(book), name]);
      return row === undefined ? undefined : { device: deviceOf(row['device']), text: String(row['text']) };
    },
    put: (book, name, { device, text }, signedAt) =>
      sessions.transaction(async (client) => {
        const at = [hexToBytes(book), name];
        await client.query(queries.lockKey, at);
        const [row] = (await client.query<{ bar: string }>(queries.bar, at)).rows;
        if (row !== undefined && signedAt <= Number(row.bar)) return Number(row.bar);
        await client.query(queries.putKey, [...at, hexToBytes(device), text, signedAt]);
        return undefined;
      }),
    async delete(book, name, atSeconds) {
      const at = [hexToBytes(book), name];
      const isGone = await sessions.transaction(async (client) => {
        await client.query(queries.lockKey, at);
        await client.query(queries.raiseBar, [...at, atSeconds]);
        return (await client.query(queries.deleteKey, at)).rows.length > 0;
      });
      // Apart, so that two sweeps never wait for each other's names.
      await sessions.run('sweepBars', queries.sweepBars, [atSeconds - barSeconds]);
      return isGone;
    },
    list: async (book) =>
      (await sessions.read('listKeys', queries.listKeys, [hexToBytes(book)])).map(({ name, device, size }) => ({
        name: String(name),
        device: deviceOf(device),
        sizeBytes: Number(size),
      })),
  };
}
