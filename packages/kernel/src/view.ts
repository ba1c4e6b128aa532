/** The only way a verb reads state: every read is checked against the tables it names, and noted with the op that is planned. */
import type { Author } from './authors.ts';
import type { SqlValue } from './driver.ts';
import { KernelError } from './errors.ts';
import type { Projection } from './projection.ts';
import type { Residency } from './residency.ts';
import type { TouchRecorder } from './outline.ts';
import type { CompiledTable } from './schema.ts';
import type { AnyTable, Columns, RegisterTable, Row, RowOf, SetTable, SumTable } from './table.ts';
import type { Verb, View } from './verb.ts';

/** What a view reads for while an op is planned. */
export interface Planning {
  readonly author: Author;
  readonly size: number;
  readonly touch: TouchRecorder | undefined;
}

/** What a view reads from. */
export interface ViewSource {
  readonly projection: Projection;
  /** Those that the verb names. */
  readonly tables: ReadonlySet<AnyTable>;
  /** Those that any verb may read. */
  readonly open: ReadonlySet<AnyTable>;
  compiled(table: AnyTable): CompiledTable;
  hqRow(table: AnyTable, key: Row, size: number, touch: TouchRecorder | undefined): Row | undefined;
  /** Undefined while no op is planned. */
  planning(): Planning | undefined;
  /** Hears that the database failed. */
  readonly residency: Residency;
}

/** One view for all ops of a verb: a plan reads at once or not at all. */
export function createView(verb: Verb, source: ViewSource): View {
  const { projection, tables, open } = source;
  const known = new Map<AnyTable, CompiledTable>();
  const readable = (table: AnyTable): CompiledTable => {
    let compiled = known.get(table);
    if (compiled !== undefined) return compiled;
    if (!tables.has(table) && !open.has(table)) throw badRead(table, `is no table of ${verb.ref}`);
    compiled = source.compiled(table);
    known.set(table, compiled);
    return compiled;
  };
  const keyed = (table: AnyTable): CompiledTable => {
    // The sums of a table are in memory until they are flushed: read as rows they would be those of some earlier op.
    if (table.kind === 'sum') throw badRead(table, 'holds sums, not rows');
    return readable(table);
  };
  const now = (): Planning => {
    const planning = source.planning();
    if (planning === undefined) throw new KernelError('kernel/bad-verb', 'a view is read while its op is planned');
    return planning;
  };
  // Only what fails in here is the database's: a verb may throw errors of that name, too.
  const failed = (cause: unknown): unknown => {
    if (cause instanceof Error && cause.name === 'SqliteError') source.residency.miss(cause);
    return cause;
  };
  return {
    get author(): Author {
      return now().author;
    },
    get: <K extends Columns, C extends Columns>(
      table: RegisterTable<K, C> | SetTable<K, C>,
      key: RowOf<K>,
    ): RowOf<K & C> | undefined => {
      const compiled = keyed(table);
      const values = compiled.keyValuesOf(key);
      try {
        return projection.get(compiled, values, now().touch) as RowOf<K & C> | undefined;
      } catch (cause) {
        throw failed(cause);
      }
    },
    sum: <K extends Columns, S extends string>(table: SumTable<K, S>, key: RowOf<K>): Readonly<Record<S, number>> => {
      if (table.kind !== 'sum') throw badRead(table, 'holds rows, not sums');
      const compiled = readable(table);
      const values = compiled.keyValuesOf(key);
      try {
        const sums = projection.sumsOf(compiled, values, now().touch);
        const row: Record<string, number> = {};
        for (let index = 0; index < sums.length; index++)
          row[compiled.columnNames[index] as string] = sums[index] as number;
        return row as Record<S, number>;
      } catch (cause) {
        throw failed(cause);
      }
    },
    list: <K extends Columns, C extends Columns>(
      table: RegisterTable<K, C> | SetTable<K, C>,
      prefix: Partial<RowOf<K>>,
    ): readonly RowOf<K & C>[] => {
      const compiled = keyed(table);
      const values = prefixValues(compiled, prefix as Row);
      try {
        return projection.list(compiled, values, now().touch) as unknown as readonly RowOf<K & C>[];
      } catch (cause) {
        throw failed(cause);
      }
    },
    hq: {
      get: <K extends Columns, C extends Columns>(
        table: RegisterTable<K, C>,
        key: RowOf<K>,
      ): RowOf<K & C> | undefined => {
        const { def } = readable(table);
        if (def.kind !== 'register')
          throw badRead(def, 'keeps no history: only registers of hq are read as of the mark');
        try {
          return source.hqRow(def, key, now().size, now().touch) as RowOf<K & C> | undefined;
        } catch (cause) {
          throw failed(cause);
        }
      },
    },
  };
}

/** The values of the leading key columns that a prefix names. Throws for one that names others: it would list more than it says. */
function prefixValues(table: CompiledTable, prefix: Row): SqlValue[] {
  const end = table.keyNames.findIndex((name) => prefix[name] === undefined);
  const count = end === -1 ? table.keyNames.length : end;
  const leading = table.keyNames.slice(0, count);
  const other = Object.keys(prefix).find((name) => prefix[name] !== undefined && !leading.includes(name));
  if (other !== undefined) throw badRead(table.def, `is not listed by "${other}": only by leading columns of its key`);
  return table.keyValuesOf(prefix, count);
}

function badRead({ name }: AnyTable, why: string): KernelError {
  return new KernelError('kernel/bad-read', `table "${name}" ${why}`);
}
