/**
 * What other devices say in their ops that they saw of a log (`seen`), held against the log here (DESIGN section 7, tip gossip). Another root means that the relay showed
 * two logs or that the device says what is not so: it is kept and shown to people, and accuses nobody. A proof is always two notes of the relay, never what a device says.
 */
import type { Hasher } from '@tallystick/chain/hashing';
import {
  type DeviceId,
  encodeHex,
  type LogStore,
  type Op,
  type OpRecord,
  type RootHash,
  type Scope as ScopeName,
} from '@tallystick/oplog';
import { relayAppointments } from './act-tables.ts';
import { marks } from './builtin-tables.ts';
import { isConnected, type Reached } from './convict.ts';
import { HQ } from './genesis.ts';
import { META_VIEWS, otherViews, type OtherView } from './relay-findings.ts';
import type { Replica } from './replica.ts';
import { rootOf, rootOfTip, type TreeEnd, treeOf } from './roots.ts';

/** Where logs ended when they were followed last: of what devices saw since the relay need not be asked. */
const endsKnown = new WeakMap<Replica, Map<ScopeName, readonly TreeEnd[]>>();
const mostEnds = 8;
/** So many ops at most are hashed once more for what a device saw. */
const mostHashed = 500;
/** One of a device and scope, and no more in all. */
const mostViews = 16;
/** So many ops of a device are looked at for whether it reads the relay in force. */
const mostBack = 200;

/** `records` are ops that say what they saw; before they came the log ended at `begin`. Of what was seen long before that the relay is asked for a proof. */
export async function inquire(place: Reached, begin: TreeEnd, records: Iterable<OpRecord>): Promise<void> {
  const { replica, scope, nowMs } = place;
  const { log, crypto } = replica;
  const { hasher } = crypto;
  const tip = log.tip(scope);
  const base = log.base(scope);
  // What was archived since is no longer here to go on from.
  const ends = noteEnd(replica, scope, begin).filter((known) => known.size >= base.size);
  const rootHere = createRoots(log, scope, hasher);
  // One that refuses a proof is not asked for the next one: from then on the log here is hashed for all of them, once.
  let isProved = true;
  for (const { op, hash } of [...records].sort((one, other) => sizeSeen(one.op) - sizeSeen(other.op))) {
    const { device } = op;
    // Whoever goes on saying so has nobody's log hashed once more.
    if (isKept(log, scope, device)) continue;
    const size = sizeSeen(op);
    const root = op.seen?.root as string;
    const start = ends.findLast((known) => known.size <= size && size - known.size <= mostHashed);
    if (size > tip.size || size < base.size) continue;
    if (start === undefined)
      isProved &&= await isConnected(place, { size, root }, { size: tip.size, root: rootOfTip(tip, hasher) });
    const isSame = start === undefined ? isProved : (await rootOf(log, scope, size, hasher, start)) === root;
    // What a relay does not prove may be so all the same.
    if (isSame || (await rootHere(size)) === root || (await mayBeOfEarlierRelay(replica, op, rootHere))) continue;
    await replica.exclusive(() => keepView(log, { scope, device, op: hash, size, root, at: nowMs }));
  }
}

type RootAt = (size: number) => Promise<RootHash>;

/** Roots of the log as it is here. Asked in the order of sizes, no op is hashed twice. */
function createRoots(log: LogStore, scope: ScopeName, hasher: Hasher): RootAt {
  const trees: TreeEnd[] = [];
  return async (size) => {
    const start = trees.findLast((known) => known.size <= size);
    const tree = await treeOf(log, scope, size, hasher, start);
    trees.push({ size: tree.size, frontier: tree.frontier() });
    return encodeHex(tree.root()) as RootHash;
  };
}

/** With those before it that the log as it is now went through. */
function noteEnd(replica: Replica, scope: ScopeName, begin: TreeEnd): readonly TreeEnd[] {
  const byScope = endsKnown.get(replica) ?? new Map<ScopeName, readonly TreeEnd[]>();
  endsKnown.set(replica, byScope);
  const before = byScope.get(scope) ?? [];
  const ends = [...before.filter(({ size }) => size < begin.size && size > begin.size - mostHashed), begin].slice(
    -mostEnds,
  );
  byScope.set(scope, ends);
  return ends;
}

/** Whether nothing more is kept of what this device sees of the log. */
function isKept(log: LogStore, scope: ScopeName, device: DeviceId): boolean {
  const views = otherViews(log);
  return views.length >= mostViews || views.some((view) => view.device === device && view.scope === scope);
}

/** Durable when it returns. */
async function keepView(log: LogStore, view: OtherView): Promise<void> {
  if (!isKept(log, view.scope, view.device)) await log.setMeta(META_VIEWS, JSON.stringify([...otherViews(log), view]));
}

/**
 * Whether the device may have seen the log of a relay that the book has replaced, which may have gone on otherwise than this one: unless an op that it wrote before shows
 * that it reads this log.
 */
async function mayBeOfEarlierRelay(
  { sql, log }: Replica,
  { scope, device, prev }: Op,
  rootHere: RootAt,
): Promise<boolean> {
  const first = (text: string, ...params: (string | number)[]): unknown => sql.prepare(text).get(params)?.[0];
  const appointed = first(`SELECT max(place) FROM "${relayAppointments.name}_history"`);
  if (typeof appointed !== 'number') return false;
  // A relay that knows that it was replaced gives no positions: what comes after the appointment, or after the first notice of it, is in no log but this.
  const parted =
    scope === HQ
      ? appointed
      : first(`SELECT min(place) FROM "${marks.name}_history" WHERE scope = ? AND size > ?`, scope, appointed);
  if (typeof parted !== 'number') return true;
  let before = prev;
  for (let back = 0; back < mostBack && before !== undefined; back++) {
    const op: Op | undefined = (await log.get(before))?.record.op;
    if (op?.device !== device || op.scope !== scope) break;
    const size = sizeSeen(op);
    if (size > parted + 1) return (await rootHere(size)) !== op.seen?.root;
    before = op.prev;
  }
  return true;
}

function sizeSeen({ seen }: Op): number {
  return seen?.size ?? 0;
}
