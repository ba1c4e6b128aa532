/**
 * Which tables are in force at a place, against those that this program declares (DESIGN section 5, migration). A derived table that comes into
 * force is filled from the rows that are there, so it says the same wherever and whenever a program that declares it came.
 */
import { kernelTables } from './kernel-tables.ts';
import type { Projection } from './projection.ts';
import { refuse, type Refusal } from './verb.ts';
import type { Schema } from './schema.ts';
import { shapeOf } from './shape.ts';
import type { AnyTable, Effect, Row } from './table.ts';
import { derivedBy, failedBy } from './table-code.ts';

/** A table in force that this program declares in another shape, or a derived one that it does not declare. */
export interface LackingTable {
  readonly code: 'kernel/unsupported-table';
  readonly table: string;
  /** The shape in force, and the one declared here, or ''. */
  readonly shape: string;
  readonly declared: string;
  /** The release that brought the shape, or ''. */
  readonly release: string;
  /** The op that adopted it. */
  readonly hash: string;
}

export interface InForce {
  /** Of the declared tables, those that verbs may write; the kernel's own are always among them. */
  readonly tables: ReadonlySet<AnyTable>;
  readonly lacking: LackingTable | undefined;
}

/** `rows` are those of `tableShapes` at the place. */
export function judgeShapes(rows: readonly Row[], declared: ReadonlyMap<string, AnyTable>): InForce {
  const tables = new Set<AnyTable>(kernelTables);
  let lacking: LackingTable | undefined;
  for (const { name: table, shape, release, op: hash } of rows as readonly Readonly<Record<string, string>>[]) {
    const known = declared.get(table as string);
    const own = known === undefined ? '' : shapeOf(known);
    if (known !== undefined && own === shape) tables.add(known);
    // Rows would be derived from ops that can be folded here, so this one cannot wait for a verb that is missing.
    else if (known !== undefined || shape?.startsWith('derived '))
      lacking ??= { code: 'kernel/unsupported-table', table, shape, declared: own, release, hash } as LackingTable;
  }
  return { tables, lacking };
}

/** What the rows of a scope come to in derived tables that were not in force before: one add for each of their rows. */
export function fillOf(
  fresh: ReadonlySet<AnyTable>,
  schema: Schema,
  projection: Projection,
): readonly Effect[] | Refusal {
  try {
    return addsOf(fresh, schema, projection);
  } catch (cause) {
    return failedBy(cause);
  }
}

function addsOf(fresh: ReadonlySet<AnyTable>, schema: Schema, projection: Projection): readonly Effect[] | Refusal {
  const adds = new Map<string, { readonly table: AnyTable; readonly row: Record<string, number | string> }>();
  for (const source of schema.tables.values()) {
    if (source.def.derive === undefined) continue;
    for (const row of projection.rows(source)) {
      for (const effect of derivedBy(source.def, row)) {
        if (!fresh.has(effect.table)) continue;
        const table = schema.table(effect.table);
        const key = table.keyText(table.keyValuesOf(effect.row));
        const sum = adds.get(key);
        if (sum === undefined) adds.set(key, { table: effect.table, row: { ...effect.row } });
        else if (!addTo(sum.row, effect.row, table.columnNames))
          return refuse('kernel/sum-overflow', { table: table.name, key });
      }
    }
  }
  return [...adds.values()].map(({ table, row }) => ({ kind: 'add', table, row }));
}

function addTo(sum: Record<string, number | string>, deltas: Row, columns: readonly string[]): boolean {
  for (const column of columns) {
    const after = Number(sum[column] ?? 0) + Number(deltas[column] ?? 0);
    if (!Number.isSafeInteger(after)) return false;
    sum[column] = after;
  }
  return true;
}
