// Wrapped keys in a table of the relay's PostgreSQL, apart from those of the logs, so that `pg_dump --exclude-table` leaves them out.
import { type DeviceId, encodeHex } from '@tallystick/oplog';
import type { ClientBase } from 'pg';
import type { Sessions } from './postgres-session.ts';
import type { WrappedKeyStore } from './wrapped-keys.ts';

const table = `CREATE TABLE IF NOT EXISTS relay_keys (
  book bytea NOT NULL, name text COLLATE "C" NOT NULL, device bytea NOT NULL, text text NOT NULL, PRIMARY KEY (book, name))`;

const queries = {
  getKey: 'SELECT device, text FROM relay_keys WHERE book = $1 AND name = $2',
  putKey: `INSERT INTO relay_keys VALUES ($1, $2, $3, $4)
    ON CONFLICT (book, name) DO UPDATE SET device = excluded.device, text = excluded.text`,
  deleteKey: 'DELETE FROM relay_keys WHERE book = $1 AND name = $2 RETURNING name',
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
    async put(book, name, { device, text }) {
      await sessions.run('putKey', queries.putKey, [hexToBytes(book), name, hexToBytes(device), text]);
    },
    delete: async (book, name) =>
      (await sessions.run('deleteKey', queries.deleteKey, [hexToBytes(book), name])).length > 0,
    list: async (book) =>
      (await sessions.read('listKeys', queries.listKeys, [hexToBytes(book)])).map(({ name, device, size }) => ({
        name: String(name),
        device: deviceOf(device),
        sizeBytes: Number(size),
      })),
  };
}
