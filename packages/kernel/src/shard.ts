/** A shard: the rows of one table in one scope as text, one JSON array a line in key order, compressed with gzip by the platform's own streams. */
import type { Hasher } from '@tallystick/chain';
import type { CryptoProvider } from './admitter.ts';
import type { SqlDriver, SqlValue } from './driver.ts';
import { createRowHash, type KeyedTable, rowsOf, rowText } from './digest.ts';
import { KernelError } from './errors.ts';
import { packed, unpacked } from './gzip.ts';
import type { Shard } from './snapshot.ts';

/** Undefined for a table without rows in this scope. The bytes come when they are compressed, which the platform does beside what is done here. */
export function encodeShard(
  driver: SqlDriver,
  table: KeyedTable,
  scope: string,
  { hasher, gzip }: Pick<CryptoProvider, 'hasher' | 'gzip'>,
): { readonly shard: Omit<Shard, 'gravity'>; readonly bytes: Promise<Uint8Array> } | undefined {
  const hash = createRowHash(table[0], hasher);
  const lines: string[] = [];
  let last: readonly SqlValue[] = [];
  for (const row of rowsOf(driver, table, scope)) {
    const line = rowText(row);
    lines.push(line);
    hash.add(line);
    last = row;
  }
  const digest = hash.digest();
  if (digest === undefined) return undefined;
  const text = new TextEncoder().encode(lines.join(''));
  const shard = { table: table[0], digest, rows: lines.length, bytes: text.length, last };
  return { shard, bytes: packed(text, gzip) };
}

/** Parsed together, which takes half the time of one after the other. */
const LINES = 1000;

/** The rows, if they are those that the digest names; `pause` is waited for now and then. Throws `snapshot/shard`. */
export async function decodeShard(
  bytes: Uint8Array,
  shard: Pick<Shard, 'table' | 'digest' | 'rows' | 'bytes' | 'last'>,
  scope: string,
  hasher: Hasher,
  pause?: () => Promise<void>,
): Promise<readonly (readonly SqlValue[])[]> {
  const bad = (why: string, cause?: unknown) =>
    new KernelError('snapshot/shard', `shard ${shard.digest} of ${scope} ${shard.table} ${why}`, cause);
  const rows: unknown[] = [];
  const hash = createRowHash(shard.table, hasher);
  let lines: string[];
  try {
    // No more is unpacked than the manifest says there is.
    const text = await unpacked(bytes, shard.bytes);
    lines = new TextDecoder('utf-8', { fatal: true }).decode(text).split('\n');
    if (lines.pop() !== '') lines.length = 0;
    for (let start = 0; start < lines.length; start += LINES) {
      const chunk = lines.slice(start, start + LINES);
      rows.push(...(JSON.parse(`[${chunk.join()}]`) as unknown[]));
      for (const line of chunk) hash.add(`${line}\n`);
      await pause?.();
    }
  } catch (cause) {
    throw bad('cannot be unpacked', cause);
  }
  if (lines.length !== shard.rows || rows.length !== shard.rows) throw bad('has other rows than the manifest says');
  // Rows were let in after this one while it was not here.
  if (lines.at(-1) !== JSON.stringify(shard.last)) throw bad('has another last row than the manifest says');
  if (hash.digest() !== shard.digest || !rows.every((row) => isRow(row, scope)))
    throw bad('holds other rows than its name says');
  return rows as (readonly SqlValue[])[];
}

function isRow(row: unknown, scope: string): boolean {
  if (!Array.isArray(row) || row[0] !== scope) return false;
  return row.every((value) => typeof value === 'string' || Number.isSafeInteger(value));
}
