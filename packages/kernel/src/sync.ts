/**
 * One exchange with a relay (DESIGN section 7): push what it does not have, keep its receipts, pull what it has beyond our settled prefix, check it,
 * fold it. The network is never waited for inside a transaction, so selling goes on meanwhile.
 */
import { handInClaims } from '@tallystick/cas';
import {
  createTree,
  encodeVerifierKey,
  leafHash,
  type NoteKey,
  parseVerifierKey,
  type Unaccepted,
} from '@tallystick/chain';
import {
  type BookId,
  type DeviceId,
  encodeHex,
  type OpHash,
  type OpRecord,
  orderTail,
  type Scope as ScopeName,
  type Tip,
} from '@tallystick/oplog';
import {
  createFollower,
  type FollowedPage,
  type Follower,
  originOf,
  type PushAnswer,
  type PushResult,
  type RelayClient,
  RelayError,
  relayIdOf,
  signReads,
  verifyCheckpoint,
  verifyReceipt,
} from '@tallystick/relay-protocol';
import type { LogReader } from '@tallystick/relay-protocol/mirror';
import { admit } from './admit.ts';
import { convictBy, requireReceipted } from './convict.ts';
import { KernelError } from './errors.ts';
import { mergeAsides } from './merge-records.ts';
import { type Replica } from './replica.ts';
import { HQ } from './genesis.ts';
import { keptBy, noteKept, takeKept } from './kept-ops.ts';
import { askStanding, explainDenial, type ReadingDevice } from './relay-standing.ts';

export interface SyncReport {
  /** Ops that the relay made durable in this exchange, those it already had included. */
  readonly pushed: number;
  /** Ops that the relay would not take, with its verdicts. They stay pending here. */
  readonly notTaken: readonly PushResult[];
  /** Ops that a relay which follows another one keeps until that answers. Nobody has given them a receipt: they are handed in again. */
  readonly kept?: number;
  /** Ops that the relay took with a warning: `clock-ahead`, `seen-differs` or `quarantined`. People should know. */
  readonly warned: readonly PushResult[];
  /** Ops that got a position in this exchange. */
  readonly settled: number;
  /** Pending ops that had to be folded again. */
  readonly refolded: number;
  /** The relay took what this device handed in and lets it read no more: it is revoked. What revoked it is settled here. */
  readonly denied?: 'relay/revoked';
}

const META_RELAY = 'relay';
const grantsNothing: ReadonlySet<string> = new Set(['relay/claim-alarm', 'relay/home-away']);

/** The relay whose notes this replica believes, as pinned, or undefined. */
export function pinnedRelay(replica: Replica): NoteKey | undefined {
  const text = replica.log.meta(META_RELAY);
  if (text === undefined) return undefined;
  const parsed = parseVerifierKey(text, replica.crypto.hasher);
  return parsed.ok ? parsed.value : undefined;
}

/** Pins the relay's key, once. Another key later is an error until the book appoints another relay. */
export async function pinRelay(replica: Replica, vkey: string): Promise<NoteKey> {
  const parsed = parseVerifierKey(vkey, replica.crypto.hasher);
  if (!parsed.ok) throw new KernelError('kernel/relay-key', `not a relay key: ${vkey}`);
  const pinned = pinnedRelay(replica);
  if (pinned === undefined) await replica.log.setMeta(META_RELAY, vkey);
  else if (
    encodeVerifierKey(pinned, replica.crypto.hasher) !== encodeVerifierKey(parsed.value, replica.crypto.hasher)
  ) {
    throw new KernelError(
      'kernel/relay-key',
      `this book follows relay ${pinned.name}; the relay answering now signs as ${vkey}`,
    );
  }
  return parsed.value;
}

/** Everything that following the logs of one relay needs, from itself or from a mirror. */
interface Reading {
  readonly replica: Replica;
  /** Its reads are signed, where the relay wants them to be. */
  readonly client: LogReader;
  readonly book: BookId;
  readonly relay: NoteKey;
  readonly nowMs: number;
  /** Ops that the log has elsewhere than their receipt says. */
  readonly moved: Set<OpHash>;
}

export interface Exchange extends Reading {
  readonly client: RelayClient;
  /** The name of a relay that follows the pinned one, where such a one answers: it may lag, and what it has not got accuses nobody. */
  readonly mirror?: string;
}

/** `hq` says who may write in the others. */
function inOrder(scopes: Iterable<ScopeName>): ScopeName[] {
  return [...new Set(scopes)].sort((a, b) => (a === HQ ? -1 : b === HQ ? 1 : a < b ? -1 : 1));
}

/** Which scopes an exchange is about: those named, those stored here, and where `isAll` every one that the relay lets this device read. */
export interface WantedScopes {
  readonly named: readonly ScopeName[];
  readonly isAll: boolean;
}

/** Asks who answers, and pins its key or holds it against the one pinned. Throws `kernel/no-book`, `kernel/relay-key`. */
export async function openExchange(
  replica: Replica,
  client: RelayClient,
  devices: readonly ReadingDevice[],
  nowMs: number,
): Promise<Exchange> {
  const book = replica.book;
  if (book === undefined) throw new KernelError('kernel/no-book', 'there is no book to sync yet');
  const { vkey, reads, mirror } = await client.info();
  const relay = await replica.exclusive(() => pinRelay(replica, vkey));
  const id = relayIdOf(relay, replica.crypto.hasher);
  const readers = reads === 'public' ? [] : devices.map((device) => ({ ...device, relay: id }));
  const follows = mirror === undefined ? {} : { mirror };
  return { replica, client: signReads(client, readers), book, relay, nowMs, moved: new Set(), ...follows };
}

/** What the relay will not let this device read is an error once what it may hand in is handed in. */
export async function syncWith(
  exchange: Exchange,
  wanted: WantedScopes,
  options: { readonly pull: boolean; readonly device: DeviceId },
): Promise<{ readonly scopes: readonly ScopeName[]; readonly report: SyncReport }> {
  const { replica, client } = exchange;
  const standing = options.pull ? await askStanding(replica, client) : undefined;
  const stored = replica.log.scopes();
  const scopes = inOrder([...wanted.named, ...stored, ...(wanted.isAll ? (standing?.scopes ?? []) : [])]);
  let report = NOTHING;
  // Nothing is handed to a relay that forgot what it said before that is known, and said.
  for (const scope of scopes)
    if (standing?.compare(scope) === 'other') report = sum(report, await pull(exchange, scope));
  // All is handed in before anything is read: a rotation in the last scope may bring the key that the reads are signed with.
  const sizes = new Map<ScopeName, number>();
  for (const scope of scopes) {
    const pushed = await convicting(exchange, scope, () => push(exchange, scope));
    report = sum(report, pushed.report);
    sizes.set(scope, pushed.size);
  }
  for (const scope of options.pull ? scopes : []) {
    const isNews = (sizes.get(scope) ?? 0) > replica.log.tip(scope).size || standing?.compare(scope) !== 'same';
    if (isNews) report = sum(report, await pullWanted(exchange, scope, wanted, options.device));
    if (report.denied !== undefined) continue;
    await requireReceipted({ ...exchange, scope }, exchange.moved);
  }
  if (options.pull && exchange.mirror !== undefined && report.denied === undefined)
    report = sum(report, { ...NOTHING, refolded: await takeKept(exchange, exchange.mirror, scopes) });
  const retried = await replica.exclusive(() => mergeAsides(replica));
  return { scopes, report: { ...report, refolded: report.refolded + retried.refolded } };
}

/** Keeps the proof, where what went wrong is one. */
async function convicting<T>(exchange: Reading, scope: ScopeName, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    await convictBy({ ...exchange, scope }, error);
    throw error;
  }
}

/** A log that came here past the relay, and that nobody asked for, may be one that this device may not read there. */
async function pullWanted(
  exchange: Exchange,
  scope: ScopeName,
  { named }: WantedScopes,
  device: DeviceId,
): Promise<SyncReport> {
  try {
    return await pull(exchange, scope);
  } catch (error) {
    const code = error instanceof RelayError ? error.code : undefined;
    if (code === 'relay/mirror-behind' || (code === 'relay/scope' && !named.includes(scope))) return NOTHING;
    // A copy that lags may not know whom the home relay let in.
    if (exchange.mirror !== undefined) throw error;
    throw await explainDenial(exchange.replica, device, error);
  }
}

/** Sends pending ops that have no receipt, ours and those ours build on, in causal order. */
async function push(
  exchange: Exchange,
  scope: ScopeName,
): Promise<{ readonly size: number; readonly report: SyncReport }> {
  const { replica, book, relay, mirror, nowMs } = exchange;
  const keptThere = mirror === undefined ? new Map<OpHash, number>() : keptBy(replica, mirror, nowMs);
  const all = await replica.exclusive(async () => {
    const { size } = replica.log.tip(scope);
    // What the relay signed for and has not where it said is handed in again.
    const isMissing = ({ hash }: OpRecord): boolean => (replica.log.receiptPosition(hash) ?? -1) < size;
    return (await replica.pending(scope)).filter(isMissing);
  });
  // What a relay near by keeps it need not be told with every exchange.
  const pending = all.filter(({ hash }) => !keptThere.has(hash));
  const keptBefore = all.length - pending.length;
  if (pending.length === 0) return { size: 0, report: keptBefore === 0 ? NOTHING : { ...NOTHING, kept: keptBefore } };
  const answer = await pushTo(exchange, scope, pending);
  for (const note of answer.receipts) await keepReceipt(replica, relay, book, scope, note);
  requireReceipts(replica, scope, answer.results);
  const settled = await settleReceipted(replica, scope, relay, answer.checkpoint);
  noteKept(keptThere, answer.results, nowMs);
  const keptNow = answer.results.filter(({ verdict }) => verdict === 'kept').length;
  const notTaken = answer.results.filter(({ position, verdict }) => position === undefined && verdict !== 'kept');
  const report = {
    pushed: answer.results.length - notTaken.length - keptNow,
    ...(keptBefore + keptNow === 0 ? {} : { kept: keptBefore + keptNow }),
    notTaken,
    warned: answer.results.filter(({ position, warnings = [] }) => position !== undefined && warnings.length > 0),
    settled: settled.settled,
    refolded: settled.refolded,
  };
  return { size: answer.size, report };
}

/** Throws `relay/rolled-back` where the relay has less than it signed: nothing needs to be pulled to see that. */
async function pushTo(
  { replica, client, book, relay }: Exchange,
  scope: ScopeName,
  pending: readonly OpRecord[],
): Promise<PushAnswer> {
  const { size, note } = replica.log.tip(scope);
  try {
    const answer = await handIn(client, book, scope, orderTail(pending));
    const { hasher, ed25519 } = replica.crypto;
    const check = {
      key: relay,
      origin: originOf(relay.name, book, scope),
      verify: ed25519.verify.bind(ed25519),
      hasher,
    };
    const after = await verifyCheckpoint(answer.checkpoint, check);
    if (!after.ok || after.value.size >= size) return answer;
    const message = `the relay has ${after.value.size} ops, we have ${size}`;
    throw new RelayError('relay/rolled-back', message, { evidence: [note, answer.checkpoint] });
  } catch (error) {
    if (!(error instanceof RelayError) || error.code !== 'relay/unknown-book' || size === 0) throw error;
    throw new RelayError('relay/rolled-back', `the relay has no such book, we have ${size} ops of it`, {
      evidence: [note],
      cause: error,
    });
  }
}

/** Ops that claim a token ask for it; one that somebody else has is pushed all the same, and its verb says what the loss is. */
async function handIn(
  client: RelayClient,
  book: BookId,
  scope: ScopeName,
  records: readonly OpRecord[],
): Promise<PushAnswer> {
  try {
    return await handInClaims(client, { book, scope }, records);
  } catch (error) {
    // Such a relay grants nothing, and tells its operator. Who was first says the log, which this replica checks and folds itself.
    // A relay that is cut off from the home relay grants nothing either, and keeps what is pushed.
    if (!(error instanceof RelayError) || !grantsNothing.has(error.code)) throw error;
    return client.push(book, scope, records);
  }
}

/** What the relay only claims to have stored is not durable. Throws `kernel/bad-receipt`. */
function requireReceipts(replica: Replica, scope: ScopeName, results: readonly PushResult[]): void {
  for (const { hash, position } of results) {
    if (position === undefined || replica.log.receiptPosition(hash) !== undefined) continue;
    throw new KernelError(
      'kernel/bad-receipt',
      `the relay gives op ${hash} of ${scope} a position but no valid receipt`,
    );
  }
}

/** Checks a receipt under the pinned key and keeps it. Answers false for one that is not the relay's. */
export async function keepReceipt(
  replica: Replica,
  relay: NoteKey,
  book: BookId,
  scope: ScopeName,
  note: string,
): Promise<boolean> {
  const { hasher, ed25519 } = replica.crypto;
  const verify = ed25519.verify.bind(ed25519);
  const receipt = await verifyReceipt(note, { key: relay, origin: originOf(relay.name, book, scope), verify, hasher });
  if (!receipt.ok) return false;
  await replica.exclusive(async () => replica.log.addReceipt({ scope, note, lines: receipt.value.lines }));
  return true;
}

/**
 * Receipts that continue the settled prefix without a hole say all that a pull would, if the relay also signed the root of exactly our bytes in
 * that order: those ops settle at once. In every other case the pull decides, for a receipt names the op and not the bytes the relay keeps.
 */
export function settleReceipted(
  replica: Replica,
  scope: ScopeName,
  relay: NoteKey,
  checkpoint: string,
): Promise<{ settled: number; refolded: number }> {
  return replica.exclusive(async () => {
    const tip = replica.log.tip(scope);
    const byPosition = new Map<number, OpRecord>();
    for (const record of await replica.pending(scope)) {
      const position = replica.log.receiptPosition(record.hash);
      if (position !== undefined) byPosition.set(position, record);
    }
    const run: OpRecord[] = [];
    for (let record = byPosition.get(tip.size); record !== undefined; record = byPosition.get(tip.size + run.length))
      run.push(record);
    const next = run.length === 0 ? undefined : await extendTip(replica, scope, relay, tip, run, checkpoint);
    if (next === undefined) return { settled: 0, refolded: 0 };
    const settled = run.slice(0, next.size - tip.size);
    const refolded = await replica.transaction(() => replica.settle(scope, settled, next));
    return { settled: settled.length, refolded };
  });
}

/** The tip that the checkpoint signs, if the records of `run` lead to it. */
async function extendTip(
  replica: Replica,
  scope: ScopeName,
  relay: NoteKey,
  tip: Tip,
  run: readonly OpRecord[],
  checkpoint: string,
): Promise<Tip | undefined> {
  if (checkpoint === '') return undefined;
  const { hasher, ed25519 } = replica.crypto;
  const origin = originOf(relay.name, replica.book as BookId, scope);
  const verify = ed25519.verify.bind(ed25519);
  const signed = await verifyCheckpoint(checkpoint, { key: relay, origin, verify, hasher });
  if (!signed.ok || signed.value.size <= tip.size || signed.value.size > tip.size + run.length) return undefined;
  const tree = createTree(hasher, tip);
  for (const record of run.slice(0, signed.value.size - tip.size)) tree.append(leafHash(record.bytes, hasher));
  if (signed.value.root !== encodeHex(tree.root())) return undefined;
  return { size: tree.size, frontier: tree.frontier(), note: checkpoint };
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

function pull(reading: Reading, scope: ScopeName): Promise<SyncReport> {
  return convicting(reading, scope, () => follow(reading, scope));
}

async function follow(exchange: Reading, scope: ScopeName): Promise<SyncReport> {
  const { replica, client, book, relay } = exchange;
  const { hasher, ed25519 } = replica.crypto;
  let settled = 0;
  let refolded = 0;
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
      if (page === undefined) return { ...NOTHING, settled, refolded };
      if (page === 'denied') return { ...NOTHING, settled, refolded, denied: 'relay/revoked' };
      const { from, records, tip: next } = page;
      for (const [index, { hash }] of records.entries())
        if ((replica.log.receiptPosition(hash) ?? from + index) !== from + index) exchange.moved.add(hash);
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
  const changed = await replica.storedOtherwise(records);
  // Bytes that take the place of ours must be as good as if they had come first.
  const anew = changed.length > 0;
  const unchecked = anew ? records : records.filter((record) => !replica.log.has(record.hash));
  const [bad] = (await admit(replica.admitter.door, unchecked, { anew, positioned: true })).notAccepted;
  if (bad !== undefined) return { ok: false, bad };
  return { ok: true, refolded: await replica.transaction(() => replica.settle(scope, records, tip, changed)) };
}

const NOTHING: SyncReport = { pushed: 0, notTaken: [], warned: [], settled: 0, refolded: 0 };

function sum(a: SyncReport, b: SyncReport): SyncReport {
  return {
    pushed: a.pushed + b.pushed,
    notTaken: [...a.notTaken, ...b.notTaken],
    warned: [...a.warned, ...b.warned],
    settled: a.settled + b.settled,
    refolded: a.refolded + b.refolded,
    ...(a.kept === undefined && b.kept === undefined ? {} : { kept: (a.kept ?? 0) + (b.kept ?? 0) }),
    ...(a.denied === undefined && b.denied === undefined ? {} : { denied: 'relay/revoked' }),
  };
}
