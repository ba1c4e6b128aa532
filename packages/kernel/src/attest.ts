/**
 * What a replica can say of a settled prefix: of the one it stands on, by looking at its rows without the pending tail, and of an earlier one by folding
 * the log to there. See certificates.ts for what is done with it.
 */
import type { OpRecord, Scope as ScopeName, Tip } from '@tallystick/oplog';
import type { StateClaim } from './certificates.ts';
import type { BookStore } from './driver.ts';
import { manifest, marks, tableShapes } from './builtin-tables.ts';
import { digestOfTables, digestRows } from './digest.ts';
import { digestState } from './state-digest.ts';
import { KernelError } from './errors.ts';
import { HQ } from './genesis.ts';
import { Replica } from './replica.ts';
import { treeAfter } from './own-tree.ts';
import { rootOfTip } from './roots.ts';
import type { Scope } from './scope.ts';
import { fetchGrown } from './grown-tables.ts';
import type { AnyTable } from './table.ts';
import type { Verb } from './verb.ts';
import { VerifiedLog } from './verify.ts';
import { type OlderOps, wholeLog } from './whole-log.ts';
import { settle, settledOnly } from './taking-in.ts';

/** Of all that is settled here, or of the first so many ops of the scope. */
export type AttestOptions = { readonly scope?: ScopeName } & (
  | EarlierPrefix
  | { readonly [N in keyof EarlierPrefix]?: never }
);

export interface EarlierPrefix {
  readonly size: number;
  /** An empty store in which the log is folded up to `size`; the caller closes it. */
  readonly fresh: BookStore;
  /** Where ops before the stored ones are. */
  readonly older?: OlderOps;
}

/** Of the prefix that stands here, or of an earlier one. Throws `kernel/as-of` for a size without a store to fold it in. */
export function claimFor(
  replica: Replica,
  scope: ScopeName,
  verbs: readonly Verb[],
  { size, fresh }: AttestOptions,
  older: OlderOps,
): Promise<StateClaim | undefined> {
  if (size === undefined && fresh === undefined) return claimState(replica, scope);
  // Whoever has no types must not sign another prefix than the one that was asked for.
  if (size === undefined || fresh === undefined)
    throw new KernelError(
      'kernel/as-of',
      'an earlier prefix needs both `size` and `fresh`, an empty store to fold it in',
    );
  return claimEarlier(replica, scope, size, { verbs, fresh, older });
}

/** What the rows here say of the whole settled prefix. Undefined where nothing is settled, or not all of it is folded. */
export async function claimState(replica: Replica, name: ScopeName): Promise<StateClaim | undefined> {
  if (!isFolded(replica, name)) return undefined;
  await fetchGrown(replica);
  return settledOnly(replica, name, (scope) =>
    claimOf(replica, scope, digestState(replica.schema, name, replica.crypto.hasher).digest),
  );
}

/** Whether something is settled, and all of it folded. */
export function isFolded(replica: Replica, name: ScopeName): boolean {
  const { size } = replica.log.tip(name);
  return size > 0 && replica.scope(name).folded === size;
}

/** The claim whose rows have this digest. Call inside `settledOnly`, where the scope `isFolded`. */
export function claimOf(replica: Replica, scope: Scope, digest: string): StateClaim {
  const name = scope.name as ScopeName;
  const { size, frontier } = replica.log.tip(name);
  const root = rootOfTip({ size, frontier }, replica.crypto.hasher);
  const marked = name === HQ ? size : Number(scope.projection.get(replica.schema.table(marks), ['hq'])?.['size'] ?? 0);
  return { size, root, marked, manifest: digestManifest(replica, marked), digest };
}

/** The verb versions and the shapes of tables that were in force in `hq` at a size. */
function digestManifest(replica: Replica, size: number): string {
  const tables: Record<string, string> = {};
  for (const table of [manifest, tableShapes]) {
    const digest = digestAsOf(replica, table, size);
    if (digest !== undefined) tables[table.name] = digest;
  }
  return digestOfTables('manifest', tables, replica.crypto.hasher);
}

/** Of the rows that a register of `hq` had at a size. */
function digestAsOf({ schema, crypto }: Replica, table: AnyTable, size: number): string | undefined {
  const { name, keyNames } = schema.table(table);
  const [isSame, order] = [keyNames.map((key) => `l."${key}" = h."${key}"`).join(' AND '), keyNames.join(', ')];
  const history = `"${name}_history"`;
  const rows = schema.driver
    .prepare(
      `SELECT * FROM ${history} AS h WHERE scope = ? AND place < ? AND NOT EXISTS
       (SELECT 1 FROM ${history} AS l WHERE l.scope = h.scope AND ${isSame} AND l.place > h.place AND l.place < ?) ORDER BY ${order}`,
    )
    .iterate([HQ, size, size]);
  return digestRows(name, rows, crypto.hasher);
}

/** Which scopes are folded for a claim of an earlier prefix: none where it is no prefix of what is settled here. */
export function claimedScopes({ log }: Replica, scope: ScopeName, { size = 0, fresh }: AttestOptions): ScopeName[] {
  return fresh !== undefined && size > 0 && size <= log.tip(scope).size ? [...new Set([HQ, scope])] : [];
}

/** Folds the log into `fresh`, an empty store, up to `size` ops of a scope, and says what that came to. */
export async function claimEarlier(
  from: Replica,
  name: ScopeName,
  size: number,
  { verbs, fresh, older }: { readonly verbs: readonly Verb[]; readonly fresh: BookStore; readonly older: OlderOps },
): Promise<StateClaim | undefined> {
  const scopes = claimedScopes(from, name, { size, fresh });
  if (scopes.length === 0) return undefined;
  const replica = await Replica.open(fresh, verbs, from.crypto);
  if (from.book !== undefined) await replica.bind(from.book);
  const log = new VerifiedLog(await wholeLog(from, older, scopes), from.crypto);
  for await (const { scope, records, tip } of log.pages()) {
    if (tip === undefined) break;
    const left = scope === name ? size - replica.log.tip(scope).size : Number.POSITIVE_INFINITY;
    if (left <= 0 || (scope !== name && scope !== HQ)) continue;
    const part = records.slice(0, left);
    const end = part.length === records.length ? tip : extend(replica.log.tip(scope), part, replica);
    await replica.inSteps(() => settle(replica, scope, part, end));
  }
  return replica.log.tip(name).size === size ? claimState(replica, name) : undefined;
}

function extend(tip: Tip, records: readonly OpRecord[], { crypto }: Replica): Tip {
  const tree = treeAfter(tip, records, crypto.hasher);
  return { size: tree.size, frontier: tree.frontier(), note: '' };
}
