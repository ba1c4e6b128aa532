/**
 * Projection tables and the effects that change them (DESIGN section 5). A table's kind is its merge strategy: sums commute,
 * set rows never change once put, and the last write in order wins in a register whose history stays readable.
 */
import { KernelError } from './errors.ts';
import type { OpFacts, Refusal, View } from './verb.ts';

export type ColumnType = 'integer' | 'text';
export type Columns = Readonly<Record<string, ColumnType>>;
type ValueOf<T extends ColumnType> = T extends 'integer' ? number : string;
/** One row as a plain object: integers within +-(2^53-1) and well-formed text, never null. */
export type RowOf<C extends Columns> = { readonly [Name in keyof C]: ValueOf<C[Name]> };
export type Row = Readonly<Record<string, number | string>>;

interface TableShape {
  readonly name: string;
  readonly key: Columns;
  /** The columns beside the key; in a sum table these are its sums. */
  readonly columns: Columns;
}

export interface SumTable<K extends Columns = Columns, S extends string = string> extends TableShape {
  readonly kind: 'sum';
  readonly key: K;
  readonly columns: Readonly<Record<S, 'integer'>>;
  /** True when only other tables' `derive` may add here; a verb that adds by itself is refused (`kernel/derived-table`). */
  readonly derived: boolean;
  /** Adds to one row's sums. A row whose sums are all zero does not exist in SQL. */
  add(key: RowOf<K>, deltas: Readonly<Partial<Record<S, number>>>): Effect;
}

export interface SetTable<K extends Columns = Columns, C extends Columns = Columns> extends TableShape {
  readonly kind: 'set';
  readonly key: K;
  readonly columns: C;
  /** Adds a row. An id that is already there refuses the op (`kernel/duplicate-id`): set rows never change. */
  put(row: RowOf<K> & RowOf<C>): Effect;
  /**
   * Judges all rows that one op puts into this table; a refusal refuses the op, whichever verb it was. The view is the op's own, of the tables that its
   * verb lists, and shows them with all the op's effects.
   */
  readonly check?: (rows: readonly Row[], op: OpFacts, view: View) => Refusal | undefined;
  /** Effects that follow from each row, whichever verb put it. */
  readonly derive?: (row: Row) => readonly Effect[];
}

export interface RegisterTable<K extends Columns = Columns, C extends Columns = Columns> extends TableShape {
  readonly kind: 'register';
  readonly key: K;
  readonly columns: C;
  /** Writes the whole row. What it held before stays in `<name>_history`. */
  write(row: RowOf<K> & RowOf<C>): Effect;
}

/** Any table; the tables of a book are of many row types, which are checked where they are declared. */
export type AnyTable = TableShape & { readonly kind: 'sum' | 'set' | 'register' } & Partial<
    Pick<SetTable, 'check' | 'derive'> & Pick<SumTable, 'derived'>
  >;

export type Effect =
  | { readonly kind: 'add'; readonly table: AnyTable; readonly row: Row }
  | { readonly kind: 'put'; readonly table: AnyTable; readonly row: Row }
  | { readonly kind: 'write'; readonly table: AnyTable; readonly row: Row };

export const NAME: RegExp = /^[a-z][A-Za-z0-9]{0,47}$/;
/** Tables of the engine itself; see schema.ts. */
const RESERVED = new Set(['scopes', 'tail', 'chains', 'enrolments', 'absent', 'gravity']);

/** Programs without types may leave anything out. */
function checkShape({ name: table, key, columns }: TableShape): void {
  const bad = (why: string): KernelError => new KernelError('kernel/bad-table', `table ${table}: ${why}`);
  const entries = Object.entries({ ...key, ...columns });
  if (!key || !columns || entries.some(([, type]) => type !== 'integer' && type !== 'text'))
    throw bad('no columns of integer or text');
  // Of a name in both only one is left above.
  const names = [table, ...Object.keys(key), ...Object.keys(columns)];
  const odd = names.find((name) => !NAME.test(name));
  if (odd !== undefined) throw bad(`"${odd}" is not a camelCase name`);
  if (Object.keys(key).length === 0) throw bad('it has no key');
  if (RESERVED.has(table.toLowerCase())) throw bad(`"${table}" is taken`);
  const seen = new Set<string>(['scope', 'place']);
  for (const name of names.slice(1)) {
    const folded = name.toLowerCase();
    if (seen.has(folded)) throw bad(`"${name}" is taken`);
    seen.add(folded);
  }
}

/** A table of integer sums: on-hand is the sum of movements, a balance the sum of postings. */
export function sumTable<K extends Columns, S extends string>(
  name: string,
  shape: { readonly key: K; readonly sums: readonly S[]; readonly derived?: boolean },
): SumTable<K, S> {
  // What is no list is no columns, which is said below.
  const columns = (Array.isArray(shape.sums) &&
    Object.fromEntries(shape.sums.map((sum) => [sum, 'integer']))) as Record<S, 'integer'>;
  const table: SumTable<K, S> = {
    kind: 'sum',
    name,
    key: shape.key,
    columns,
    derived: shape.derived ?? false,
    add: (key, deltas) => {
      // Two objects spread into one take three times as long.
      const row: Record<string, number | string> = { ...key };
      for (const sum of shape.sums) {
        const delta = deltas?.[sum];
        if (delta !== undefined) row[sum] = delta;
      }
      return { kind: 'add', table: table, row };
    },
  };
  checkShape(table);
  return table;
}

/** A table of rows that are added and never changed; a void or a return is another row. */
export function setTable<K extends Columns, C extends Columns>(
  name: string,
  shape: { readonly key: K; readonly columns: C } & Pick<SetTable<K, C>, 'check' | 'derive'>,
): SetTable<K, C> {
  const table: SetTable<K, C> = {
    kind: 'set',
    name,
    ...shape,
    put: (row) => ({ kind: 'put', table: table, row: row }),
  };
  checkShape(table);
  return table;
}

/** A table of rows that are replaced whole; the last write in order wins and the history stays queryable. */
export function registerTable<K extends Columns, C extends Columns>(
  name: string,
  shape: { readonly key: K; readonly columns: C },
): RegisterTable<K, C> {
  const table: RegisterTable<K, C> = {
    kind: 'register',
    name,
    ...shape,
    write: (row) => ({ kind: 'write', table: table, row: row }),
  };
  checkShape(table);
  return table;
}
