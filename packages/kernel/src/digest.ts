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
  const tables: Record<string, string> = {};
  const keysByTable = new Map<string, readonly string[]>([
    ['chains', ['device']],
    ...[...schema.tables].map(([name, table]) => [name, table.keyNames] as const),
  ]);
  for (const [name, keys] of [...keysByTable].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const digest = digestTable(schema.driver, name, keys, scope, hasher);
    if (digest !== undefined) tables[name] = digest;
  }
  const lines = Object.entries(tables).map(([name, digest]) => `${name} ${digest}\n`);
  return { digest: hasher.sha256Hex(`tallystick/digest/1\n${lines.join('')}`), tables };
}

function digestTable(
  driver: SqlDriver,
  name: string,
  keys: readonly string[],
  scope: string,
  hasher: Hasher,
): string | undefined {
  const chunks: string[] = [];
  let text = '';
  let rows = 0;
  const order = keys.map((key) => `"${key}"`).join(', ');
  for (const row of driver.prepare(`SELECT * FROM "${name}" WHERE scope = ? ORDER BY ${order}`).iterate([scope])) {
    text += rowText(row);
    rows += 1;
    if (rows % CHUNK_ROWS !== 0) continue;
    chunks.push(hasher.sha256Hex(text));
    text = '';
  }
  if (rows === 0) return undefined;
  if (text !== '') chunks.push(hasher.sha256Hex(text));
  return hasher.sha256Hex(`${name} ${rows}\n${chunks.join('\n')}`);
}

/** JSON.stringify of well-formed strings and safe integers is their canonical form. */
function rowText(row: readonly SqlValue[]): string {
  return `${JSON.stringify(row)}\n`;
}
