/**
 * The log from its first op on, where the stored one begins later: from archives or from a relay, and then what is stored. It is only read; whoever
 * replays it believes none of it.
 */
import type { LogStore, OpRecord, Scope as ScopeName, Tip } from '@tallystick/oplog';
import { createMemoryLogStore } from '@tallystick/oplog/memory';
import { createFollower, type RelayClient, relayIdOf, signReads } from '@tallystick/relay-protocol';
import { partOf, readAll } from './archive.ts';
import { KernelError } from './errors.ts';
import type { Replica } from './replica.ts';
import { treeAfter } from './own-tree.ts';
import type { ReadingDevice } from './relay-standing.ts';
import { pinnedRelay } from './relay-key.ts';

/** Where ops before the stored ones are. */
export interface OlderOps {
  /** Archives of this book, in any order. */
  readonly archives?: readonly Uint8Array[];
  /** A relay that has the whole log. */
  readonly relay?: RelayClient;
  /** Who asks that relay; the book fills it in. */
  readonly device?: ReadingDevice | undefined;
  /** What `fetchOlder` fetched, by scope. */
  readonly fetched?: ReadonlyMap<ScopeName, readonly OpRecord[]>;
}

const emptyTip: Tip = { size: 0, frontier: [], note: '' };

/**
 * The same ops, with those that only a relay has fetched already. For outside of `exclusive`: nobody who writes waits for a network. Should the log begin
 * still later by the time it is read, what is then lacking is asked for once more.
 */
export async function fetchOlder(
  replica: Replica,
  older: OlderOps,
  scopes: Iterable<ScopeName> = replica.log.scopes(),
): Promise<OlderOps> {
  if (older.relay === undefined) return older;
  const fetched = new Map<ScopeName, readonly OpRecord[]>();
  for (const scope of scopes) fetched.set(scope, await olderOps(replica, scope, older));
  return { ...older, fetched };
}

/**
 * The log itself where it is whole, in memory with these scopes where one of them begins later. Throws `archive/missing` where older ops are neither here
 * nor there.
 */
export async function wholeLog(
  replica: Replica,
  older: OlderOps,
  scopes: readonly ScopeName[] = replica.log.scopes(),
): Promise<LogStore> {
  const { log, crypto, book } = replica;
  if (scopes.every((scope) => log.base(scope).size === 0)) return log;
  const whole = createMemoryLogStore();
  whole.setMeta('book', book ?? '');
  for (const scope of scopes) {
    const records = await olderOps(replica, scope, older);
    const base = log.base(scope);
    if (records.length !== base.size)
      throw new KernelError(
        'archive/missing',
        `${scope}: ops ${records.length} to ${base.size} are in no archive that was given`,
      );
    const tree = treeAfter(emptyTip, records, crypto.hasher);
    if (tree.frontier().join() !== base.frontier.join())
      throw new KernelError(
        'archive/unverified',
        `${scope}: the older ops have another tree than the log goes on from`,
      );
    const tip: Tip = log.tip(scope);
    whole.settle(scope, 0, [...records, ...(await readAll(log, scope, base.size, tip.size))], tip);
    whole.append(await log.pending(scope));
  }
  return whole;
}

/** The ops before the base; fewer where they are not all there. */
async function olderOps(
  replica: Replica,
  scope: ScopeName,
  { archives = [], relay, device, fetched }: OlderOps,
): Promise<readonly OpRecord[]> {
  const { size } = replica.log.base(scope);
  const known = fetched?.get(scope);
  if (known?.length === size) return known;
  const parts = archives.flatMap((bytes) => partOf(replica, scope, bytes) ?? []);
  const records: OpRecord[] = [];
  // The frontier tells whether they were the right ones.
  for (const { from, records: more } of parts.sort((a, b) => a.from - b.from))
    if (from <= records.length) records.push(...more.slice(records.length - from));
  if (relay === undefined || records.length >= size) return records.slice(0, size);
  return fromRelay(replica, scope, { relay, device }, size);
}

async function fromRelay(
  replica: Replica,
  scope: ScopeName,
  { relay: client, device }: { readonly relay: RelayClient; readonly device: OlderOps['device'] },
  size: number,
): Promise<OpRecord[]> {
  const { crypto, book } = replica;
  const relay = pinnedRelay(replica);
  if (relay === undefined || book === undefined) return [];
  const { hasher, ed25519 } = crypto;
  const verifyNote = ed25519.verify.bind(ed25519);
  const reading = signReads(client, device === undefined ? [] : [{ ...device, relay: relayIdOf(relay, hasher) }]);
  const follower = createFollower({ client: reading, book, scope, relay, verifyNote, hasher, tip: emptyTip });
  const records: OpRecord[] = [];
  while (records.length < size) {
    const page = await follower.next();
    if (page === undefined) break;
    records.push(...page.records);
  }
  return records.slice(0, size);
}
