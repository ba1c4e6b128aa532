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

/** What this program lacks of the manifest of `hq`, whether or not it has stopped at it yet, and of what it has stopped at. */
export function lackingOf(replica: Replica): readonly Lacking[] {
  const verbs = rowsOf(replica, manifest.name).filter(({ verb }) => !replica.verbs.has(verb as string));
  const tables = rowsOf(replica, tableShapes.name).filter(({ name, shape }) => {
    const table = replica.schema.declared.get(name as string);
    return table === undefined || shapeOf(table) !== shape;
  });
  const releaseByWhat = new Map<string, string>();
  for (const { verb, name, release } of [...verbs, ...tables]) releaseByWhat.set(String(verb ?? name), String(release));
  for (const { stop } of replica.scopes()) {
    if (stop?.code === 'kernel/unsupported-verb') releaseByWhat.set(stop.verb, stop.release);
    if (stop?.code === 'kernel/unsupported-table') releaseByWhat.set(stop.table, stop.release);
  }
  return [...releaseByWhat].map(([what, release]) => ({ what, release }));
}

function rowsOf(replica: Replica, table: string): readonly Readonly<Record<string, unknown>>[] {
  return replica.sql.query(`SELECT * FROM "${table}" WHERE scope = ?`, [HQ]);
}
