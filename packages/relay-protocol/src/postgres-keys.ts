// Which relay has the wrapped keys, in a row of the relays' PostgreSQL. The keys are not in it (docs/decisions/066-one-shelf-for-wrapped-keys.md).
import type { ClientBase } from 'pg';
import type { Keeper, KeeperRegistry } from './kept-keys.ts';
import type { Sessions } from './postgres-session.ts';

const table = `CREATE TABLE IF NOT EXISTS relay_keeper (
  one integer PRIMARY KEY CHECK (one = 1), version bigint NOT NULL, keeper text NOT NULL)`;

const queries = {
  keeper: 'SELECT version, keeper FROM relay_keeper',
  firstKeeper: 'INSERT INTO relay_keeper VALUES (1, 1, $1) ON CONFLICT DO NOTHING RETURNING version',
  nextKeeper: 'UPDATE relay_keeper SET keeper = $1, version = version + 1 WHERE version = $2 RETURNING version',
} as const;

export async function createKeeperTable(client: ClientBase): Promise<void> {
  await client.query(table);
}

export function postgresKeeper(sessions: Sessions): KeeperRegistry {
  return {
    async read() {
      const [row] = await sessions.read('keeper', queries.keeper, []);
      if (row === undefined) return undefined;
      return { keeper: JSON.parse(String(row['keeper'])) as Keeper, version: Number(row['version']) };
    },
    async write(keeper, version) {
      const text = JSON.stringify(keeper);
      const rows =
        version === 0
          ? await sessions.run('firstKeeper', queries.firstKeeper, [text])
          : await sessions.run('nextKeeper', queries.nextKeeper, [text, version]);
      return rows.length > 0;
    },
  };
}
