/** Adopting verb versions and table shapes: the one way in which a manifest changes (DESIGN section 5, migration). */
import type { ActCode } from './acts.ts';
import { isExactly, manifest, tableShapes } from './builtin-tables.ts';
import { kernelTables } from './kernel-tables.ts';
import { parseShape, shapeOf } from './shape.ts';
import type { AnyTable, Effect } from './table.ts';
import { type OpFacts, type Refusal, refuse, type View } from './verb.ts';

export interface AdoptArgs {
  /** As `name@version`. */
  readonly verbs?: readonly string[];
  /** Shapes by table name. */
  readonly tables?: Readonly<Record<string, string>>;
  /** What a program that lacks one of them needs, such as `corner-pos 2.1.0`. */
  readonly release?: string;
}

const VERB_REF = /^[a-z][a-z0-9]*(\.[a-z][a-z0-9-]*)+@[1-9][0-9]{0,5}$/;
const MAX_NAMES = 1000;
const BUILTIN = new Set(kernelTables.map(({ name }) => name));

export const manifestAdopt: ActCode<AdoptArgs> = {
  wanted: '{ verbs: ["name@1", ...], tables: { name: "shape" }, release }',
  accepts: isAdoptArgs,
  plan: (view, op, args) => (op.scope === 'hq' ? adoption(view, op, args) : refuse('kernel/only-hq')),
};

/** What an adoption writes. What is in force stays as it was adopted first; a shape never changes. */
export function adoption(view: View, op: OpFacts, args: AdoptArgs): readonly Effect[] | Refusal {
  const { release = '', verbs = [], tables = {} } = args;
  const effects: Effect[] = [];
  for (const verb of [...new Set(verbs)].sort())
    if (view.get(manifest, { verb }) === undefined) effects.push(manifest.write({ verb, release, op: op.hash }));
  for (const [name, shape] of Object.entries(tables).sort(([a], [b]) => (a < b ? -1 : 1))) {
    const inForce = BUILTIN.has(name) ? shapeOfBuiltin(name) : view.get(tableShapes, { name })?.shape;
    if (inForce !== undefined && inForce !== shape)
      return refuse('kernel/table-changed', { table: name, inForce, wanted: shape });
    if (inForce === undefined) effects.push(tableShapes.write({ name, shape, release, op: op.hash }));
  }
  return effects;
}

/** The shapes of these tables, as an adoption names them; those of the kernel are in force without one. */
export function shapesByName(tables: Iterable<AnyTable>): Record<string, string> {
  const named = [...tables].filter(({ name }) => !BUILTIN.has(name)).sort((a, b) => (a.name < b.name ? -1 : 1));
  return Object.fromEntries(named.map((table) => [table.name, shapeOf(table)]));
}

export function isShapesByName(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const shapes = Object.entries(value).sort();
  return shapes.length <= MAX_NAMES && shapes.every(([name, shape]) => parseShape(name, shape) !== undefined);
}

function isAdoptArgs(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const { verbs, tables, release } = value as Readonly<Record<string, unknown>>;
  const given = ['release', 'tables', 'verbs'].filter((name) => Object.hasOwn(value, name));
  return (
    isExactly(value, given) &&
    (verbs !== undefined || tables !== undefined) &&
    (verbs === undefined || isVerbList(verbs)) &&
    (tables === undefined || isShapesByName(tables)) &&
    (release === undefined || (typeof release === 'string' && release !== '' && release.length <= 200))
  );
}

function isVerbList(value: unknown): boolean {
  return (
    Array.isArray(value) &&
    value.length <= MAX_NAMES &&
    value.every((ref) => typeof ref === 'string' && VERB_REF.test(ref))
  );
}

function shapeOfBuiltin(name: string): string {
  return shapeOf(kernelTables.find((table) => table.name === name) as AnyTable);
}
