/** What a program declares and its book has not adopted yet, and what the book has adopted that the program lacks. */
import { firstVerbs, manifest, tableShapes } from './builtin.ts';
import { HQ } from './genesis.ts';
import { type AdoptArgs, shapesByName } from './manifest.ts';
import type { Replica } from './replica.ts';
import { shapeOf } from './shape.ts';

/** A verb version or a table in force, of which this program has none or another one. */
export interface Lacking {
  /** `sale.complete@2`, or the name of a table. */
  readonly what: string;
  /** The release that brought it, or ''. */
  readonly release: string;
}

/** The args by which `hq` adopts what is new in this program; undefined when nothing is. */
export function adoptable(replica: Replica, release: string): AdoptArgs | undefined {
  const adopted = new Set(rowsOf(replica, manifest.name).map(({ verb }) => verb));
  const known = new Set(rowsOf(replica, tableShapes.name).map(({ name }) => name));
  const verbs = [...replica.verbs.keys()].filter((ref) => !firstVerbs.has(ref) && !adopted.has(ref)).sort();
  const declared = Object.entries(shapesByName(replica.schema.declared.values()));
  const tables = Object.fromEntries(declared.filter(([name]) => !known.has(name)));
  if (verbs.length === 0 && Object.keys(tables).length === 0) return undefined;
  return { verbs, tables, ...(release === '' ? {} : { release }) };
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
