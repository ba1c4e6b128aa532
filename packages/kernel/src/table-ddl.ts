/** The SQL that makes tables: those of verbs from what they declare, and those of the engine. */
import { oncePerTable } from './shape.ts';
import type { AnyTable } from './table.ts';

export type MakesName = readonly [name: string, ddl: string];

/**
 * `scopes` says how far the settled prefix is folded and the greatest op id there; `chains` is the folded head of each device and the key that signs what follows it; `tail` holds, for each pending op on top of the
 * settled prefix, what it touched and how to take it back; `enrolments` is whose signatures can be checked; `gravity` counts how often settled ops changed a table; `absent` names tables of a snapshot that
 * nobody has touched yet.
 */
export const ENGINE_TABLES: readonly MakesName[] = [
  engineTable('scopes', 'scope TEXT NOT NULL PRIMARY KEY, folded INTEGER NOT NULL, lastId TEXT NOT NULL'),
  engineTable(
    'chains',
    'scope TEXT NOT NULL, device TEXT NOT NULL, seq INTEGER NOT NULL, hash TEXT NOT NULL, keyId TEXT NOT NULL, PRIMARY KEY (scope, device)',
  ),
  engineTable(
    'tail',
    'scope TEXT NOT NULL, ordinal INTEGER NOT NULL, hash TEXT NOT NULL, outline TEXT NOT NULL, touched TEXT NOT NULL, PRIMARY KEY (scope, ordinal)',
  ),
  engineTable(
    'enrolments',
    'device TEXT NOT NULL, keyId TEXT NOT NULL, key TEXT NOT NULL, enrolment TEXT NOT NULL, isRoot INTEGER NOT NULL, PRIMARY KEY (device, enrolment)',
  ),
  engineTable(
    'gravity',
    'scope TEXT NOT NULL, name TEXT NOT NULL, touches INTEGER NOT NULL, PRIMARY KEY (scope, name)',
  ),
  engineTable(
    'absent',
    'scope TEXT NOT NULL, name TEXT NOT NULL, digest TEXT NOT NULL, rows INTEGER NOT NULL, bytes INTEGER NOT NULL, last TEXT NOT NULL, PRIMARY KEY (scope, name)',
  ),
];

export const TABLE_REGISTRY: MakesName = engineTable(
  'kernel_tables',
  'name TEXT NOT NULL PRIMARY KEY, shape TEXT NOT NULL',
);

function engineTable(name: string, columns: string): MakesName {
  return [name, `CREATE TABLE IF NOT EXISTS ${name} (${columns}) STRICT, WITHOUT ROWID`];
}

/** What makes the table, its history and its index. */
export const ddlOf: (table: AnyTable) => readonly MakesName[] = oncePerTable((def) => {
  const { name, kind } = def;
  const columns = [...Object.entries(def.key), ...Object.entries(def.columns)]
    .map(([column, type]) => `"${column}" ${type === 'integer' ? 'INTEGER' : 'TEXT'} NOT NULL`)
    .join(', ');
  const key = Object.keys(def.key)
    .map((column) => `"${column}"`)
    .join(', ');
  const table: MakesName = [
    name,
    `CREATE TABLE IF NOT EXISTS "${name}" (scope TEXT NOT NULL, ${columns}, PRIMARY KEY (scope, ${key})) STRICT, WITHOUT ROWID`,
  ];
  if (kind !== 'register') return [table];
  const [history, index] = [`${name}_history`, `${name}_history_place`];
  return [
    table,
    [
      history,
      `CREATE TABLE IF NOT EXISTS "${history}" (scope TEXT NOT NULL, ${columns}, place INTEGER NOT NULL, PRIMARY KEY (scope, ${key}, place)) STRICT, WITHOUT ROWID`,
    ],
    [index, `CREATE INDEX IF NOT EXISTS "${index}" ON "${history}" (scope, place)`],
  ];
});

/** As SQLite keeps it. */
export function storedText([, ddl]: MakesName): string {
  return ddl.replace(' IF NOT EXISTS', '');
}
