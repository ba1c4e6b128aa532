/**
 * Records that come without a position: what verifies is stored and folded, the rest is kept aside with the reason, as far as there is room: they
 * may come from anybody. What is aside is judged again whenever something was stored, so the reason that stands beside it is always the one of now.
 */
import {
  type Aside,
  encodeHex,
  type LogBase,
  type LogStore,
  type OpHash,
  type OpRecord,
  type Scope,
} from '@tallystick/oplog';
import { admit, openRecords } from './admit.ts';
import { createIsStored } from './is-stored.ts';
import type { Replica } from './replica.ts';
import { mergePending } from './taking-in.ts';

/** Of all that is aside together, every copy counted. Judging so many takes a fraction of a second. */
const maxAsides = 1_000;
const maxAsideBytes = 1 << 20;
/** Key id and signature, with which a record begins. */
const signedByBytes = 96;

type Verdict = Pick<Aside, 'hash' | 'code' | 'message'>;

export interface Merged {
  readonly refolded: number;
  /** Stored now, and not before. */
  readonly taken: readonly OpHash[];
  readonly aside: readonly Verdict[];
  /** Those with a copy that found no room. */
  readonly notKept: readonly Verdict[];
}

const NOTHING: Merged = { refolded: 0, taken: [], aside: [], notKept: [] };

/** Takes in records together with those kept aside. Call inside `exclusive`. */
export async function mergeRecords(replica: Replica, records: readonly OpRecord[]): Promise<Merged> {
  const asides = await replica.log.asides();
  const before = openRecords(
    asides.map((entry) => entry.bytes),
    replica.crypto.hasher,
  ).records;
  const baseOf = createBaseOf(replica.log);
  const isStored = createIsStored(replica.log);
  // A death between storing an op and dropping it here leaves it in both. What would come before the base is not judged any more, so it goes.
  const isNews = (record: OpRecord): boolean => !isStored(record) && !isBeforeBase(baseOf(record.op.scope), record);
  const settled = before.filter((record) => !isNews(record)).map(({ hash }) => hash);
  const held = before.filter(isNews);
  // Those from before come first, also among copies of one op: the verdict on it may name the first of them.
  const offered = [...held, ...records.filter(isNews)];
  const admission = await admit(replica.admitter.door, offered);
  const { entries, notKept } = setApart(offered, held, admission);
  const saidBefore = new Map(asides.map((entry) => [copyOf(entry), entry]));
  const changed = entries.filter((entry) => {
    const said = saidBefore.get(copyOf(entry));
    return said?.code !== entry.code || said.message !== entry.message;
  });
  const refolded = await replica.inSteps(function* () {
    if (settled.length > 0) yield replica.log.dropAsides(settled);
    yield replica.log.setAside(changed);
    return yield* mergePending(replica, admission.accepted);
  });
  replica.asidesJudgedAt = entries.length === 0 ? undefined : placeOf(replica);
  const taken = admission.accepted.map(({ hash }) => hash);
  return { refolded, taken, aside: verdictsOf(entries), notKept: verdictsOf(notKept) };
}

/** What was held back before may fit now. Call inside `exclusive`, after anything was stored. */
export async function mergeAsides(replica: Replica): Promise<Merged> {
  // What failed before, and the log has, shall not wait for the next op.
  if (replica.transactions.isBehind) await replica.transaction(() => undefined);
  const judgedAt = replica.asidesJudgedAt;
  if (judgedAt !== undefined && judgedAt === placeOf(replica)) return NOTHING;
  return (await replica.log.asides()).length === 0 ? NOTHING : mergeRecords(replica, []);
}

/** Forgets what is held back, all or that of some ops. Answers of how many. Call inside `exclusive`. */
export async function dismissAsides(replica: Replica, hashes: readonly OpHash[] | undefined): Promise<number> {
  const held = new Set((await replica.log.asides()).map(({ hash }) => hash));
  const chosen = [...held].filter((hash) => hashes?.includes(hash) ?? true);
  if (chosen.length > 0) await replica.transaction(() => replica.log.dropAsides(chosen));
  return chosen.length;
}

/** What was not accepted, in every copy: as far as there is room beside what is `held` already and stays. */
function setApart(
  offered: readonly OpRecord[],
  held: readonly OpRecord[],
  { accepted, notAccepted }: Awaited<ReturnType<typeof admit>>,
): { readonly entries: readonly Aside[]; readonly notKept: readonly Aside[] } {
  const taken = new Set(accepted.map(({ hash }) => hash));
  const staying = held.filter(({ hash }) => !taken.has(hash));
  const places = new Set(staying.map(copyOf));
  let sizeBytes = staying.reduce((sum, { bytes }) => sum + bytes.length, 0);
  const verdicts = new Map(notAccepted.map(({ record, code, message }) => [record.hash, { code, message }]));
  const entries: Aside[] = [];
  const notKept: Aside[] = [];
  for (const record of offered) {
    const { hash, op, bytes } = record;
    const verdict = verdicts.get(hash);
    if (verdict === undefined) continue;
    const copy = copyOf(record);
    const hasPlace = places.has(copy);
    const fits = hasPlace || (places.size < maxAsides && sizeBytes + bytes.length <= maxAsideBytes);
    if (fits && !hasPlace) sizeBytes += bytes.length;
    if (fits) places.add(copy);
    (fits ? entries : notKept).push({ hash, scope: op.scope, ...verdict, bytes });
  }
  return { entries, notKept };
}

function verdictsOf(entries: readonly Aside[]): Verdict[] {
  return [...new Map(entries.map(({ hash, code, message }) => [hash, { hash, code, message }])).values()];
}

/** Tells copies of an op apart, as the log does: by key id and signature. */
function copyOf({ hash, bytes }: Pick<Aside, 'hash' | 'bytes'>): string {
  return `${hash} ${encodeHex(bytes.subarray(0, signedByBytes))}`;
}

/**
 * All that a verdict follows from, in short: which ops are stored. A settled prefix only grows, and so does what is pending until it settles. That
 * something settled in the sync under way says less: the one before may have died before it came to the asides.
 */
export function placeOf(replica: Replica): string {
  return replica
    .scopes()
    .map(({ name, tailSize, waiting }) => {
      const scope = name as Scope;
      return `${name} ${replica.log.base(scope).size} ${replica.log.tip(scope).size} ${tailSize + waiting.length}`;
    })
    .join();
}

/**
 * At or before the place of its chain where the stored log begins: an op that is archived, or a second one on a place of those. Only the archive tells
 * which, so it is left alone here; a fork gets its position from the relay and shows then.
 */
function isBeforeBase({ heads }: LogBase, { op }: OpRecord): boolean {
  const head = heads.find(({ device }) => device === op.device);
  return head !== undefined && op.seq <= head.seq;
}

/** Where the log of each scope begins, asked once. */
function createBaseOf(log: LogStore): (scope: Scope) => LogBase {
  const known = new Map<Scope, LogBase>();
  return (scope) => {
    const base = known.get(scope) ?? log.base(scope);
    known.set(scope, base);
    return base;
  };
}
