/** What a program declares and its book has not adopted yet. */
import { firstVerbs, manifest, tableShapes } from './builtin.ts';
import { HQ } from './genesis.ts';
import { type AdoptArgs, shapesByName } from './manifest.ts';
import type { Replica } from './replica.ts';

/** The args by which `hq` adopts what is new in this program; undefined when nothing is. */
export function adoptable(replica: Replica, release: string): AdoptArgs | undefined {
  const adopted = new Set(columnOfHq(replica, manifest.name, 'verb'));
  const known = new Set(columnOfHq(replica, tableShapes.name, 'name'));
  const verbs = [...replica.verbs.keys()].filter((ref) => !firstVerbs.has(ref) && !adopted.has(ref)).sort();
  const declared = Object.entries(shapesByName(replica.schema.declared.values()));
  const tables = Object.fromEntries(declared.filter(([name]) => !known.has(name)));
  if (verbs.length === 0 && Object.keys(tables).length === 0) return undefined;
  return { verbs, tables, ...(release === '' ? {} : { release }) };
}

function columnOfHq(replica: Replica, table: string, column: string): unknown[] {
  return replica.sql.query(`SELECT ${column} AS value FROM "${table}" WHERE scope = ?`, [HQ]).map(({ value }) => value);
}
