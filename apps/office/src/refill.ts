// A relay that lost ops is filled again from a device: what the device knows the places of, each at the place that the relay once signed for it. Several
// devices do it one after another, each as far as it can, until nobody has anything that the relay lacks.
import { createTree, leafHash, type NoteKey, parseVerifierKey, type Tree } from '@tallystick/chain';
import { encodeHex, type OpHash, type OpRecord, type Scope } from '@tallystick/oplog';
import { originOf, type PushAnswer, type RelayClient, verifyCheckpoint } from '@tallystick/relay-protocol';
import { type ShopBook, shopCrypto } from './book.ts';
import { OfficeError } from './errors.ts';
import { hq } from './rebuild.ts';

/** What became of one log. */
export interface Refilled {
  readonly scope: Scope;
  /** Ops that the relay has now, as far as this device can tell. */
  readonly size: number;
  /** Ops that it took from here. */
  readonly taken: number;
  /** Why it did not take the next one, where this device has it. */
  readonly verdict: string | undefined;
  /** The first place beyond `size` of which this device knows what belongs there and not what belongs before it. */
  readonly known: number | undefined;
}

/** One log on its way to the relay. */
interface Lane {
  readonly scope: Scope;
  /** Places from 0 up to here are known without a gap. */
  readonly end: number;
  /** What has a place beyond it: of this device's own ops, by their receipts. */
  readonly beyond: ReadonlyMap<number, OpHash>;
  /** Over what the relay has. */
  readonly tree: Tree;
  /** The same at the size that it had when it was first asked, and was found to be ours. */
  isFound: boolean;
  /** Ops that the relay said it has. */
  there: number;
  taken: number;
  verdict: string | undefined;
  /** How far `hq` must be there before it is worth going on. */
  needs: number;
  records(from: number, count: number): Promise<readonly OpRecord[]>;
}

interface Filling {
  readonly book: ShopBook;
  readonly client: RelayClient;
  readonly relay: NoteKey;
}

const pageOps = 500;
const markVerb = 'hq.mark@1';

/**
 * Hands the relay what it lacks of what this device knows the places of, and nothing else. `hq` goes no further than the other logs need, so that who was
 * revoked later is not refused now. `vkey` is the relay's: that of the pinned one when left out. Throws `office/relay` where the relay's log is another one, or begins before what this device kept.
 */
export async function refillRelayFrom(
  book: ShopBook,
  client: RelayClient,
  vkey: string = book.status().relayKey ?? '',
): Promise<readonly Refilled[]> {
  const key = parseVerifierKey(vkey, shopCrypto.hasher);
  if (!key.ok) throw new OfficeError('office/relay', 'no relay is pinned in this book yet');
  const filling = { book, client, relay: key.value };
  const scopes = book.log.scopes().filter((scope) => scope !== hq);
  const head = await openLane(book, hq);
  const lanes = await Promise.all(scopes.map((scope) => openLane(book, scope)));
  await advance(filling, head, 1, 0);
  for (;;) {
    let moved = 0;
    for (const lane of lanes) moved += await advance(filling, lane, lane.end, head.tree.size);
    const needed = lanes.filter(({ tree, end }) => tree.size < end).map(({ needs }) => needs);
    moved += await advance(filling, head, needed.length === 0 ? head.end : Math.min(...needed), 0);
    if (moved === 0 && head.tree.size < head.end) moved += await advance(filling, head, head.end, 0);
    if (moved === 0) break;
  }
  const all = [head, ...lanes];
  for (const lane of all) await advanceBeyond(filling, lane);
  return all.map(({ scope, there, taken, verdict, beyond }) => {
    const missing = [...beyond.keys()].filter((position) => position >= there);
    return { scope, size: there, taken, verdict, known: missing.length === 0 ? undefined : Math.min(...missing) };
  });
}

async function openLane(book: ShopBook, scope: Scope): Promise<Lane> {
  const { log } = book;
  if (log.base(scope).size > 0)
    throw new OfficeError('office/relay', `this device has put the beginning of ${scope} into an archive`);
  const { size } = log.tip(scope);
  const receipted = new Map<number, OpHash>();
  for (const { hash } of await log.pending(scope)) {
    const position = log.receiptPosition(hash);
    if (position !== undefined) receipted.set(position, hash);
  }
  let end = size;
  while (receipted.has(end)) end += 1;
  const beyond = new Map([...receipted].filter(([position]) => position > end));
  const readOne = async (position: number): Promise<OpRecord> => {
    const stored = await log.get(receipted.get(position) as OpHash);
    if (stored === undefined) throw new OfficeError('office/relay', `the op at ${position} of ${scope} was lost here`);
    return stored.record;
  };
  return {
    scope,
    end,
    beyond,
    tree: createTree(shopCrypto.hasher),
    isFound: false,
    there: 0,
    taken: 0,
    verdict: undefined,
    needs: 0,
    async records(from, count) {
      const to = Math.min(from + count, end);
      const settled = from < size ? await log.settled(scope, from, Math.min(to, size) - from) : [];
      const rest: OpRecord[] = [];
      for (let position = Math.max(from, size); position < to; position++) rest.push(await readOne(position));
      return [...settled, ...rest];
    },
  };
}

/** Pushes up to `limit`, or to the first mark of more of `hq` than the relay has. Answers how many ops went in. */
async function advance(filling: Filling, lane: Lane, limit: number, hqSize: number): Promise<number> {
  if (lane.end === 0 || (!lane.isFound && !(await findLane(filling, lane, hqSize)))) return 0;
  const before = lane.taken;
  while (lane.tree.size < Math.min(limit, lane.end)) {
    const from = lane.tree.size;
    const page = await lane.records(from, Math.min(pageOps, limit - from));
    const marked = lane.scope === hq ? -1 : page.findIndex(({ op }) => markSize(op) > hqSize);
    const records = marked < 0 ? page : page.slice(0, marked);
    if (marked >= 0) lane.needs = markSize((page[marked] as OpRecord).op);
    if (records.length === 0) break;
    const answer = await filling.client.push(filling.book.id, lane.scope, records);
    const count = countPlaced(lane, answer, from);
    for (const record of records.slice(0, count)) grow(lane, record);
    lane.taken += count;
    await requireSame(filling, lane, answer);
    lane.verdict = count < records.length ? answer.results[count]?.verdict : undefined;
    if (count === 0) {
      lane.needs = Math.max(lane.needs, hqSize + 1);
      break;
    }
  }
  return lane.taken - before;
}

/** Where others have filled in what stands before them, the device's own ops that it has a receipt for. */
async function advanceBeyond({ book, client }: Filling, lane: Lane): Promise<void> {
  const from = lane.there;
  const records: OpRecord[] = [];
  for (let hash = lane.beyond.get(from); hash !== undefined; hash = lane.beyond.get(from + records.length)) {
    const stored = await book.log.get(hash);
    if (stored === undefined) return;
    records.push(stored.record);
  }
  if (records.length === 0) return;
  const count = countPlaced(lane, await client.push(book.id, lane.scope, records), from);
  lane.taken += count;
  lane.there = from + count;
}

/** What the relay has of the log already is told by the first op of it, which it has or takes now. */
async function findLane(filling: Filling, lane: Lane, hqSize: number): Promise<boolean> {
  const first = await lane.records(0, 1);
  lane.needs = Math.max(hqSize + 1, ...first.map(({ op }) => markSize(op)));
  if (lane.scope !== hq && lane.needs > hqSize + 1) return false;
  const answer = await filling.client.push(filling.book.id, lane.scope, first);
  lane.verdict = answer.results[0]?.verdict;
  if (countPlaced(lane, answer, 0) === 0) return false;
  if (lane.verdict === 'stored') lane.taken += 1;
  lane.verdict = undefined;
  lane.isFound = true;
  const there = Math.min(answer.size, lane.end);
  while (lane.tree.size < there)
    for (const record of await lane.records(lane.tree.size, Math.min(pageOps, there - lane.tree.size)))
      grow(lane, record);
  await requireSame(filling, lane, answer);
  return true;
}

function grow({ tree }: Lane, { bytes }: OpRecord): void {
  tree.append(leafHash(bytes, shopCrypto.hasher));
}

/** How many of the results, from the first on, have the place that they are to have. */
function countPlaced(lane: Lane, { results, size }: PushAnswer, from: number): number {
  const { scope } = lane;
  lane.there = Math.max(lane.there, size);
  for (const [index, { position, hash }] of results.entries()) {
    if (position === undefined) return index;
    if (position !== from + index)
      throw new OfficeError(
        'office/relay',
        `the relay has op ${hash} at ${position} of ${scope}, and had it at ${from + index}: others wrote there before it was filled`,
      );
  }
  return results.length;
}

/** What the relay signs for what it has now must be the root of what this device knows to belong there. */
async function requireSame(
  { book, relay }: Filling,
  { scope, tree }: Lane,
  { size, checkpoint }: PushAnswer,
): Promise<void> {
  if (size !== tree.size) return;
  const { hasher, ed25519 } = shopCrypto;
  // It signs in its epoch from the op on that appointed it, and before that in the first.
  const check = (epoch: number): Parameters<typeof verifyCheckpoint>[1] => ({
    key: relay,
    origin: originOf({ ...relay, epoch }, book.id, scope),
    verify: ed25519.verify.bind(ed25519),
    hasher,
  });
  const late = await verifyCheckpoint(checkpoint, check(book.status().relayEpoch));
  const signed = late.ok ? late : await verifyCheckpoint(checkpoint, check(0));
  if (!signed.ok) throw new OfficeError('office/relay', `the relay's checkpoint of ${scope}: ${signed.message}`);
  if (signed.value.root !== encodeHex(tree.root()))
    throw new OfficeError('office/relay', `the relay's log of ${scope} is another one, of ${size} ops`);
}

function markSize({ verb, args }: OpRecord['op']): number {
  const { size } = args;
  return verb === markVerb && typeof size === 'number' ? size : 0;
}
