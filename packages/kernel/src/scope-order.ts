/** Scopes in the order in which they are folded and asked for: `hq` says who may write in the others, and what they mark must be there before them. */
import type { Scope as ScopeName } from '@tallystick/oplog';
import { HQ } from './genesis.ts';

/** Each once, `hq` first, then by name. */
export function inOrder(scopes: Iterable<ScopeName>): ScopeName[] {
  return [...new Set(scopes)].sort((a, b) => (a === HQ ? -1 : b === HQ ? 1 : a < b ? -1 : 1));
}
