/** What a book has adopted that this program lacks. */
import { manifest, tableShapes } from './builtin.ts';
import { HQ } from './genesis.ts';
import type { Replica } from './replica.ts';
import { shapeOf } from './shape.ts';

/** A verb version or a table in force, of which this program has none or another one. */
export interface Lacking {
  /** `sale.complete@2`, or the name of a table. */
  readonly what: string;
  /** The release that brought it, or ''. */
  readonly release: string;
}

/** What each replica lacked when it was last asked, and where its `hq` stood: a screen asks after every entry, and the manifest is long. */
const known = new WeakMap<Replica, { readonly place: string; readonly rows: readonly Adopted[] }>();

type Adopted = Readonly<Record<string, unknown>>;

/** What this program lacks of the manifest of `hq`, whether or not it has stopped at it yet, and of what it has stopped at. */
export function lackingOf(replica: Replica): readonly Lacking[] {
  const releaseByWhat = new Map<string, string>();
  for (const { verb, name, release } of adoptedAlone(replica)) releaseByWhat.set(String(verb ?? name), String(release));
  for (const { stop } of replica.scopes()) {
    if (stop?.code === 'kernel/unsupported-verb') releaseByWhat.set(stop.verb, stop.release);
    if (stop?.code === 'kernel/unsupported-table') releaseByWhat.set(stop.table, stop.release);
  }
  return [...releaseByWhat].map(([what, release]) => ({ what, release }));
}

function adoptedAlone(replica: Replica): readonly Adopted[] {
  const hq = replica.scopes().find(({ name }) => name === HQ);
  const place = `${hq?.folded} ${hq?.tailSize} ${hq?.lastId}`;
  const last = known.get(replica);
  if (last?.place === place) return last.rows;
  const rowsOf = (table: string): readonly Adopted[] =>
    replica.sql.query(`SELECT * FROM "${table}" WHERE scope = ?`, [HQ]);
  const verbs = rowsOf(manifest.name).filter(({ verb }) => !replica.verbs.has(verb as string));
  const tables = rowsOf(tableShapes.name).filter(({ name, shape }) => {
    const table = replica.schema.declared.get(name as string);
    return table === undefined || shapeOf(table) !== shape;
  });
  const rows = [...verbs, ...tables];
  known.set(replica, { place, rows });
  return rows;
}
