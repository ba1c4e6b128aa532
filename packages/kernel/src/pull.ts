/** What a relay's log has beyond the settled prefix, checked against what the relay signed, then settled. `hq` comes first: it says who may write elsewhere. */
import type { Unaccepted } from '@tallystick/chain';
import type { BookId, DeviceId, OpHash, OpRecord, Scope as ScopeName, Tip } from '@tallystick/oplog';
import { createFollower, type FollowedPage, type Follower, RelayError } from '@tallystick/relay-protocol';
import type { LogReader } from '@tallystick/relay-protocol/mirror';
import { admit } from './admit.ts';
import { convictBy, requireReceipted } from './convict.ts';
import { KernelError } from './errors.ts';
import { HQ } from './genesis.ts';
import { inquire } from './inquiry.ts';
import { mergeAsides } from './merge-records.ts';
import { pinnedRelay, type PinnedRelay } from './relay-key.ts';
import type { Replica } from './replica.ts';
import { inOrder } from './scope-order.ts';
import { NOTHING, sum, type SyncReport } from './sync-report.ts';
import { settle } from './taking-in.ts';

/** Everything that following the logs of one relay needs, from itself or from a mirror. */
export interface Reading {
  readonly replica: Replica;
  /** Its reads are signed, where the relay wants them to be. */
  readonly client: LogReader;
  readonly book: BookId;
  readonly relay: PinnedRelay;
  readonly nowMs: number;
  /** Ops that the log has elsewhere than their receipt says. */
  readonly moved: Set<OpHash>;
}

/** One scope after another of what somebody published, `hq` first. Reads only. Throws as a sync does, and what a mirror throws. */
export async function readMirror(
  replica: Replica,
  mirror: LogReader,
  scopes: readonly ScopeName[],
  nowMs: number,
): Promise<SyncReport> {
  const { book } = replica;
  const relay = pinnedRelay(replica);
  if (book === undefined) throw new KernelError('kernel/no-book', 'there is no book to read yet');
  if (relay === undefined)
    throw new KernelError('kernel/relay-key', 'a mirror is believed by the key of its relay, and none is known here');
  const reading: Reading = { replica, client: mirror, book, relay, nowMs, moved: new Set() };
  let report = NOTHING;
  for (const scope of inOrder(scopes)) {
    report = sum(report, await pull(reading, scope));
    await requireReceipted({ ...reading, scope }, reading.moved);
  }
  const retried = await replica.exclusive(() => mergeAsides(replica));
  return { ...report, refolded: report.refolded + retried.refolded };
}

export function pull(reading: Reading, scope: ScopeName): Promise<SyncReport> {
  return convicting(reading, scope, () => follow(reading, scope));
}

async function follow(exchange: Reading, scope: ScopeName): Promise<SyncReport> {
  const { replica, client, book, relay } = exchange;
  const { hasher, ed25519 } = replica.crypto;
  let settled = 0;
  let refolded = 0;
  const begin = replica.log.tip(scope);
  const stated = new Map<DeviceId, OpRecord>();
  for (;;) {
    const tip = replica.log.tip(scope);
    const follower = createFollower({
      client,
      book,
      scope,
      relay,
      verifyNote: ed25519.verify.bind(ed25519),
      hasher,
      tip,
    });
    for (;;) {
      const page = await nextPage(follower);
      if (page === undefined) {
        await inquire({ ...exchange, scope }, begin, stated.values());
        return { ...NOTHING, settled, refolded };
      }
      if (page === 'denied') return { ...NOTHING, settled, refolded, denied: 'relay/revoked' };
      const { from, records, tip: next } = page;
      for (const [index, record] of records.entries()) {
        const { op, hash } = record;
        if ((replica.log.receiptPosition(hash) ?? from + index) !== from + index) exchange.moved.add(hash);
        if (op.seen?.root !== undefined) stated.set(op.device, record);
      }
      const settle = () => replica.exclusive(() => settlePage(replica, scope, from, records, next));
      let merged = await settle();
      if (typeof merged === 'object' && scope !== HQ) {
        // Since `hq` was pulled it may have let in who wrote here.
        const more = await pull(exchange, HQ);
        settled += more.settled;
        refolded += more.refolded;
        if (more.settled > 0) merged = await settle();
      }
      if (typeof merged === 'object') throw invalidLog(scope, merged);
      // A receipt moved our tip meanwhile: follow again from there.
      if (merged === undefined) break;
      settled += records.length;
      refolded += merged;
    }
  }
}

/** A revoked device reads up to what revoked it. */
async function nextPage(follower: Follower): Promise<FollowedPage | 'denied' | undefined> {
  try {
    return await follower.next();
  } catch (error) {
    if (error instanceof RelayError && error.code === 'relay/revoked') return 'denied';
    throw error;
  }
}

/** How many ops were folded again, what does not verify, or undefined where the tip is elsewhere by now. */
async function settlePage(
  replica: Replica,
  scope: ScopeName,
  from: number,
  records: readonly OpRecord[],
  tip: Tip,
): Promise<number | Unaccepted | undefined> {
  if (replica.log.tip(scope).size !== from) return undefined;
  const settled = await settleChecked(replica, scope, records, tip);
  return settled.ok ? settled.refolded : settled.bad;
}

function invalidLog(scope: ScopeName, { record, code, message }: Unaccepted): KernelError {
  return new KernelError(
    'kernel/invalid-log',
    `the relay's log of ${scope} holds an op that does not verify: ${record.hash} (${code}: ${message})`,
  );
}

/** Checks records that the relay's tree holds at the next positions and settles them, all or none. Call inside `exclusive`. */
export async function settleChecked(
  replica: Replica,
  scope: ScopeName,
  records: readonly OpRecord[],
  tip: Tip,
): Promise<{ readonly ok: true; readonly refolded: number } | { readonly ok: false; readonly bad: Unaccepted }> {
  // Those that are stored here under other bytes, and those that are not stored.
  const changed: OpRecord[] = [];
  const unknown: OpRecord[] = [];
  for (const record of records) {
    const stored = await replica.log.get(record.hash);
    if (stored === undefined) unknown.push(record);
    else if (!isSameBytes(stored.record.bytes, record.bytes)) changed.push(record);
  }
  // Bytes that take the place of ours must be as good as if they had come first.
  const anew = changed.length > 0;
  const [bad] = (await admit(replica.admitter.door, anew ? records : unknown, { anew, positioned: true })).notAccepted;
  if (bad !== undefined) return { ok: false, bad };
  return { ok: true, refolded: await replica.inSteps(() => settle(replica, scope, records, tip, changed)) };
}

export function isSameBytes(left: Uint8Array, right: Uint8Array): boolean {
  if (left.length !== right.length) return false;
  for (let index = 0; index < left.length; index++) if (left[index] !== right[index]) return false;
  return true;
}

/** Keeps the proof, where what went wrong is one. */
export async function convicting<T>(exchange: Reading, scope: ScopeName, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    await convictBy({ ...exchange, scope }, error);
    throw error;
  }
}
