/**
 * Going over to another relay (docs/spec/relay.md, "Epochs"). What both logs begin with stays settled; what the relay before gave other positions, or knew alone,
 * waits again and is handed to the one in force. So nothing that was acknowledged is lost, and no op has two positions.
 */
import { createTree, leafHash, type Tree } from '@tallystick/chain';
import { encodeHex, orderTail, type Scope as ScopeName, type Tip } from '@tallystick/oplog';
import { type RelayClient, RelayError } from '@tallystick/relay-protocol';
import { openRecords } from './admit.ts';
import { extentsOf } from './appointed-relay.ts';
import { appointedRelay } from './relay-epoch.ts';
import { KernelError } from './errors.ts';
import { HQ } from './genesis.ts';
import { mergeRecords } from './merge-records.ts';
import type { Exchange } from './push.ts';
import { isSameBytes } from './pull.ts';
import { isPinned } from './relay-key.ts';
import type { Replica } from './replica.ts';
import { rootOf, rootOfTip, treeOf } from './roots.ts';
import { inOrder } from './scope-order.ts';

const PAGE = 2000;
/** Roots that one handshake may ask for. */
const maxKnown = 64;
/** Of `hq` that a relay may show to prove that the book appointed it. */
const maxPages = 64;
/** In the log's meta: the op whose list the logs here were held against. */
const META_JOINED = 'relay-joined';

/**
 * What a relay that nobody here knows shows for being the one: the part of `hq` with its appointment. None of it is settled; it is believed as ops from any stranger
 * are, for what the keys that signed them may do.
 */
export async function askForAppointment(replica: Replica, client: RelayClient): Promise<void> {
  const { book, log, crypto } = replica;
  if (book === undefined) return;
  try {
    const { appointed, epoch } = await client.handshake(book, []);
    if (appointed === undefined) return;
    let pages = 0;
    let from = Math.min(log.tip(HQ).size, appointed);
    for (let back = PAGE; ; back *= 4) {
      for (let at = from; at <= appointed; ) {
        const { frames } = await client.pull(book, HQ, at);
        if (frames.length === 0 || ++pages > maxPages) return;
        const { records } = openRecords(frames, crypto.hasher);
        await replica.exclusive(() => mergeRecords(replica, records));
        at += frames.length;
      }
      // Where the logs part before the end of this one, the appointment builds on what this device has never seen.
      if (from === 0 || (appointedRelay(replica)?.epoch ?? 0) >= epoch) return;
      from = Math.max(0, from - back);
    }
  } catch (error) {
    // It shows nothing to this device, so it is not believed.
    if (!(error instanceof RelayError) || error.status === undefined) throw error;
  }
}

/** Holds the logs that have a relay before this one to thank for their positions against those of this one. Answers whether any was taken back. Throws `kernel/relay-log`. */
export async function joinLogs(exchange: Exchange): Promise<boolean> {
  const { replica, client, book, relay } = exchange;
  const { log } = replica;
  const moved = log.scopes().filter((scope) => log.tip(scope).size > 0 && log.tip(scope).note === '');
  if (relay.epoch === 0 || moved.length === 0) return false;
  const ends = new Map<ScopeName, Tip>();
  for (let at = 0; at < moved.length; at += maxKnown) {
    const scopes = moved.slice(at, at + maxKnown);
    const said = await client.handshake(
      book,
      scopes.map((scope) => ({ scope, size: log.tip(scope).size })),
    );
    for (const scope of scopes) {
      const there = said.scopes.find((standing) => standing.scope === scope);
      if (there?.rootAtKnown === rootOfTip(log.tip(scope), replica.crypto.hasher)) continue;
      if (there === undefined && (await isHidden(exchange, scope))) continue;
      const end = await commonPrefix(exchange, scope, there?.size ?? 0);
      if (end.size < log.tip(scope).size) ends.set(scope, end);
    }
  }
  if (ends.size === 0) return false;
  if (log.scopes().some((scope) => log.base(scope).size > 0)) await handInAll(exchange, ends);
  await replica.exclusive(() => replica.takeBack(ends));
  return true;
}

/** Where nothing can be taken back, what the relay lacks is handed in all the same, before that is said: it may be nowhere else. */
async function handInAll({ replica, client, book }: Exchange, ends: ReadonlyMap<ScopeName, Tip>): Promise<void> {
  const { log } = replica;
  for (const scope of inOrder(log.scopes())) {
    const { size } = log.tip(scope);
    for (let at = ends.get(scope)?.size ?? size; at < size; at += PAGE)
      await client.push(book, scope, await log.settled(scope, at, Math.min(PAGE, size - at)));
    const pending = await replica.exclusive(() => replica.pending(scope));
    if (pending.length > 0) await client.push(book, scope, orderTail(pending));
  }
}

/** Whether the relay has a log that it does not let this device read, yet. One that it lacks begins with what is handed in here. */
async function isHidden({ replica, client, book }: Exchange, scope: ScopeName): Promise<boolean> {
  const first = replica.log.base(scope).size > 0 ? [] : await replica.log.settled(scope, 0, 1);
  if (first.length === 0) return true;
  const { results } = await client.push(book, scope, first);
  return results[0]?.verdict !== 'stored';
}

/** The longest prefix that both logs have: no shorter than the appointment lists, where this replica has had that. */
async function commonPrefix(exchange: Exchange, scope: ScopeName, there: number): Promise<Tip> {
  const { replica, client, book } = exchange;
  const { log, crypto } = replica;
  const listed = listedFor(replica).get(scope);
  const base = log.base(scope);
  if (listed !== undefined && listed.size > base.size && listed.size <= log.tip(scope).size) {
    const tree = await treeOf(log, scope, listed.size, crypto.hasher);
    // A relay before may have shown this device another log than it showed the author.
    const isSame = encodeHex(tree.root()) === listed.root;
    const known = isSame ? await client.handshake(book, [{ scope, size: listed.size }]) : undefined;
    const root = known?.scopes.find((standing) => standing.scope === scope)?.rootAtKnown;
    if (isSame && root !== listed.root)
      throw new KernelError('kernel/relay-log', `the relay's log of ${scope} does not begin as its appointment lists`);
    if (isSame) return prefixFrom(exchange, scope, tree, there);
  }
  return prefixFrom(exchange, scope, createTree(crypto.hasher, base), there);
}

async function prefixFrom(
  { replica, client, book }: Exchange,
  scope: ScopeName,
  tree: Tree,
  there: number,
): Promise<Tip> {
  const { log, crypto } = replica;
  const end = Math.min(log.tip(scope).size, there);
  while (tree.size < end) {
    const { frames } = await client.pull(book, scope, tree.size);
    const ours = await log.settled(scope, tree.size, frames.length);
    const differs = ours.findIndex(({ bytes }, index) => !isSameBytes(bytes, frames[index] as Uint8Array));
    const common = ours.slice(0, differs < 0 ? Math.min(ours.length, end - tree.size) : differs);
    for (const { bytes } of common) tree.append(leafHash(bytes, crypto.hasher));
    if (differs >= 0 || common.length === 0) break;
  }
  return { size: tree.size, frontier: tree.frontier(), note: '' };
}

/** Once, when the logs were followed that the appointment lists: this relay's begin with just these. Throws `kernel/relay-log`. */
export async function requireListed({ replica }: Exchange): Promise<void> {
  const { log, crypto } = replica;
  const appointed = appointedRelay(replica);
  if (appointed === undefined || log.meta(META_JOINED) === appointed.op || !isPinned(replica, appointed)) return;
  let isWhole = true;
  for (const [scope, { size, root }] of listedFor(replica)) {
    if (!log.scopes().includes(scope) || log.base(scope).size > size) continue;
    if (log.tip(scope).size < size) {
      isWhole = false;
      continue;
    }
    if ((await rootOf(log, scope, size, crypto.hasher)) !== root)
      throw new KernelError('kernel/relay-log', `the relay's log of ${scope} does not begin as its appointment lists`);
  }
  if (isWhole) await replica.exclusive(async () => log.setMeta(META_JOINED, appointed.op));
}

function listedFor(replica: Replica): ReturnType<typeof extentsOf> {
  const { op } = appointedRelay(replica) ?? {};
  return op === undefined ? new Map() : extentsOf(replica, op);
}
