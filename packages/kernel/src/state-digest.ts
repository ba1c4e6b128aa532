/** What a settled prefix came to: the digest that certificates and snapshots name. */
import type { Hasher } from '@tallystick/chain';
import { digestTables, type KeyedTable, type ScopeDigest, tablesOf } from './digest.ts';
import type { Schema } from './schema.ts';

/**
 * The digest of a scope that has no pending tail, histories included: their places are positions then, and the same everywhere. It is what state
 * certificates sign.
 */
export function digestState(schema: Schema, scope: string, hasher: Hasher): ScopeDigest {
  return digestTables('state', stateTablesOf(schema), schema, scope, hasher);
}

/** Every table that a settled prefix decides. */
export function stateTablesOf(schema: Schema): KeyedTable[] {
  const registers = [...schema.tables.values()].filter(({ def }) => def.kind === 'register');
  return [
    ...tablesOf(schema),
    ['gravity', ['name']],
    ...registers.map(({ name, keyNames }) => [`${name}_history`, [...keyNames, 'place']] as const),
  ];
}
