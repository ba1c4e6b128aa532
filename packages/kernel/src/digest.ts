/**
 * The hash of a projection's logical content (DESIGN section 5), by a plain scan, so nothing has to be kept up on the hot path. Rows are canonical
 * arrays, one a line, in key order, hashed in chunks so that memory stays bounded; then tables, then scopes. Empty tables do not count.
 */
import type { Hasher } from '@tallystick/chain';
import type { SqlDriver, SqlValue } from './driver.ts';
import type { Schema } from './schema.ts';

export interface ScopeDigest {
  readonly digest: string;
  /** By table name; tables without rows in this scope are left out. */
  readonly tables: Readonly<Record<string, string>>;
}

export interface BookDigest {
  readonly digest: string;
  readonly scopes: Readonly<Record<string, ScopeDigest>>;
}

const CHUNK_ROWS = 1000;

/** Digests every scope and the book over them. Scopes without any row are left out. */
export function digestBook(schema: Schema, scopes: readonly string[], hasher: Hasher): BookDigest {
  const digests: Record<string, ScopeDigest> = {};
  for (const scope of [...scopes].sort()) {
    const digest = digestScope(schema, scope, hasher);
    if (Object.keys(digest.tables).length > 0) digests[scope] = digest;
  }
  const lines = Object.entries(digests).map(([scope, { digest }]) => `${scope} ${digest}\n`);
  return { digest: hasher.sha256Hex(`tallystick/book-digest/1\n${lines.join('')}`), scopes: digests };
}

function digestScope(schema: Schema, scope: string, hasher: Hasher): ScopeDigest {
  return digestTables('digest', tablesOf(schema), schema, scope, hasher);
}

/** A table's name, and the columns that order its rows within a scope. */
export type KeyedTable = readonly [name: string, keys: readonly string[]];

/** Those that the log decides. */
export function tablesOf(schema: Schema): KeyedTable[] {
  return [['chains', ['device']], ...[...schema.tables].map(([name, { keyNames }]) => [name, keyNames] as const)];
}

/** The digest of these tables of a scope. */
export function digestTables(
  kind: 'digest' | 'state',
  keyed: readonly KeyedTable[],
  { driver, residency }: Schema,
  scope: string,
  hasher: Hasher,
): ScopeDigest {
  const tables: Record<string, string> = {};
  for (const table of [...keyed].sort(([a], [b]) => (a < b ? -1 : 1))) {
    // Rows that nobody has touched are as the snapshot has them.
    const absent = residency.size === 0 ? undefined : residency.get(scope, table[0]);
    if (absent !== undefined && residency.hasGrown(driver, absent)) residency.need(scope, table[0]);
    const digest = absent?.digest ?? digestRows(table[0], rowsOf(driver, table, scope), hasher);
    if (digest !== undefined) tables[table[0]] = digest;
  }
  return { digest: digestOfTables(kind, tables, hasher), tables };
}

/** The digest over the digests of tables, whose names stand in order. */
export function digestOfTables(
  kind: 'digest' | 'manifest' | 'state',
  tables: Readonly<Record<string, string>>,
  hasher: Hasher,
): string {
  const lines = Object.entries(tables).map(([name, digest]) => `${name} ${digest}\n`);
  return hasher.sha256Hex(`tallystick/${kind}/1\n${lines.join('')}`);
}

/** A scope's rows of one table in key order, the column `scope` first. */
export function rowsOf(
  driver: SqlDriver,
  [name, keys]: KeyedTable,
  scope: string,
): IterableIterator<readonly SqlValue[]> {
  const order = keys.map((key) => `"${key}"`).join(', ');
  return driver.prepare(`SELECT * FROM "${name}" WHERE scope = ? ORDER BY ${order}`).iterate([scope]);
}

/** Undefined for no rows at all. */
export function digestRows(name: string, from: Iterable<readonly SqlValue[]>, hasher: Hasher): string | undefined {
  const texts = createRowHash(name, hasher);
  for (const row of from) texts.add(rowText(row));
  return texts.digest();
}

/** A table's digest, from the texts of its rows in order: for whoever needs the texts besides. */
export interface RowHash {
  add(text: string): void;
  /** Undefined for no rows at all. */
  digest(): string | undefined;
}

export function createRowHash(name: string, hasher: Hasher): RowHash {
  const chunks: string[] = [];
  let text = '';
  let rows = 0;
  return {
    add(row) {
      text += row;
      rows += 1;
      if (rows % CHUNK_ROWS !== 0) return;
      chunks.push(hasher.sha256Hex(text));
      text = '';
    },
    digest() {
      if (rows === 0) return undefined;
      const all = text === '' ? chunks : [...chunks, hasher.sha256Hex(text)];
      return hasher.sha256Hex(`${name} ${rows}\n${all.join('\n')}`);
    },
  };
}

/** JSON.stringify of well-formed strings and safe integers is their canonical form. */
export function rowText(row: readonly SqlValue[]): string {
  return `${JSON.stringify(row)}\n`;
}
