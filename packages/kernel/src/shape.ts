/**
 * A table's shape as one line of text, the form in which manifests name it: `sum(sku text; onHand integer)`. Kind, key and columns in the order
 * they were declared, for all of these decide what rows and digests look like. A shipped shape never changes.
 */
import { type AnyTable, type Columns, NAME } from './table.ts';

const SHAPE = /^(derived sum|sum|set|register)\(([^;()]+)(?:; ([^;()]+))?\)$/;
const MAX_SHAPE = 8000;

/** Tables do not change, and each is asked for its shape and its SQL at every opening. */
export function oncePerTable<T extends object, V extends object | string>(make: (table: T) => V): (table: T) => V {
  const known = new WeakMap<T, V>();
  return (table) => known.get(table) ?? (known.set(table, make(table)).get(table) as V);
}

/** `sum(sku text; onHand integer)`, `derived sum(...)`, `set(id text)`, `register(...; ...)`. */
export const shapeOf: (table: Omit<AnyTable, 'name'>) => string = oncePerTable(({ kind, derived, key, columns }) => {
  const rest = columnList(columns);
  return `${derived === true ? 'derived ' : ''}${kind}(${columnList(key)}${rest === '' ? '' : `; ${rest}`})`;
});

/** The table that a shape describes, without what only a program can know: its checks and derivations. */
export function parseShape(name: string, text: unknown): AnyTable | undefined {
  const [, kind, key, columns] = (typeof text === 'string' && text.length <= MAX_SHAPE && SHAPE.exec(text)) || [];
  if (kind === undefined || !NAME.test(name)) return undefined;
  const isSum = kind.endsWith('sum');
  const table: AnyTable = {
    name,
    kind: isSum ? 'sum' : (kind as 'set' | 'register'),
    key: parseColumns(key),
    columns: parseColumns(columns),
    ...(isSum ? { derived: kind !== 'sum' } : {}),
  };
  return shapeOf(table) === text ? table : undefined;
}

function columnList(columns: Columns): string {
  return Object.entries(columns)
    .map(([name, type]) => `${name} ${type}`)
    .join(', ');
}

/** Text that lists no columns comes back as other text, so `parseShape` sees it. */
function parseColumns(text = ''): Columns {
  const pairs = text.split(', ').map((column) => column.split(' ') as [string, string]);
  const isColumn = ([name, type]: [string, string]): boolean =>
    NAME.test(name) && (type === 'integer' || type === 'text');
  return Object.fromEntries(pairs.filter(isColumn)) as Columns;
}
