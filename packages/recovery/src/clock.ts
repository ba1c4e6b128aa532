// Ops whose wall time cannot be right: they say an earlier hour than ops of others that they build on, or a later one than ops of others that build on
// them, or than it is now. Times order nothing here; they are only held against what the links of the log prove. Decision 052.
import type { DeviceId, LogStore, OpHash, OpId, OpRecord, Scope } from '@tallystick/oplog';
import { orderTail } from '@tallystick/oplog';

export interface ClockOptions {
  /** What it is now, in ms since 1970, where the clock is known to be right. */
  readonly nowMs: number;
  /** Differences up to this are nobody's business. A quarter of an hour when left out. */
  readonly slackMs?: number;
  /** Devices whose clocks are known to be right: of two that contradict each other, it is the other. */
  readonly trusted?: readonly DeviceId[];
}

/** An op with a time that others contradict. */
export interface WrongTime {
  readonly scope: Scope;
  readonly device: DeviceId;
  readonly hash: OpHash;
  readonly id: OpId;
  readonly verb: string;
  readonly at: number;
  /** By how much it is ahead (more than 0) or behind, at least, in ms. */
  readonly offMs: number;
  /** Who says so: the device with the nearest contradicting op, or '' for the clock here. */
  readonly by: DeviceId | '';
  /** False where two devices contradict each other and nothing tells which of them is right: then ops of both are here. */
  readonly isSure: boolean;
}

const HQ = 'hq' as Scope;
const defaultSlackMs = 15 * 60_000;
const pageOps = 2_000;

/** The greatest (or least) time, and that of any other device: what an op is held against is never its own device's word. */
class Extreme {
  readonly #isLater: boolean;
  #best: Witness | undefined;
  #other: Witness | undefined;

  constructor(isLater: boolean) {
    this.#isLater = isLater;
  }

  add(one: Witness): void {
    if (this.#best === undefined || this.#beats(one, this.#best)) {
      if (this.#best?.device !== one.device) this.#other = this.#best;
      this.#best = one;
    } else if (one.device !== this.#best.device && (this.#other === undefined || this.#beats(one, this.#other)))
      this.#other = one;
  }

  besides(device: DeviceId): Witness | undefined {
    return this.#best?.device === device ? this.#other : this.#best;
  }

  #beats(one: Witness, than: Witness): boolean {
    return this.#isLater ? one.at > than.at : one.at < than.at;
  }
}

interface Witness {
  readonly device: DeviceId;
  readonly at: number;
}

/** An op, how much of the log its author had, and the pending ops that it names. */
interface Placed {
  readonly record: OpRecord;
  /** Whose clock it was. */
  readonly who: DeviceId;
  readonly seen: number;
  readonly heads: readonly number[];
}

/** Reads every scope of the log once. Cost grows with the ops, times the devices that are found wrong. */
export async function findWrongTimes(log: LogStore, options: ClockOptions): Promise<readonly WrongTime[]> {
  const scopes: (readonly Placed[])[] = [];
  const opener = await openerOf(log);
  for (const scope of log.scopes()) scopes.push(await placedIn(log, scope, opener));
  const wrong = new Set<DeviceId>();
  const found = new Map<OpHash, WrongTime>();
  // Who contradicts the most others is wrong, and counts for nothing from then on: the others may agree without it.
  for (;;) {
    const contradictions = scopes.flatMap((ops) => contradictionsIn(ops, wrong, options));
    const blamed = mostContradicted(contradictions, options.trusted ?? []);
    for (const { ops } of blamed) for (const one of ops) found.set(one.hash, one);
    if (blamed.length === 0) break;
    for (const { device } of blamed) wrong.add(device);
  }
  return [...found.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
}

interface Opener {
  readonly root: DeviceId;
  readonly device: DeviceId;
}

/** The root key writes on the machine of the first device that it lets in: two keys, and one clock. */
async function openerOf(log: LogStore): Promise<Opener | undefined> {
  const first = await log.settled(HQ, log.base(HQ).size, 2);
  const [opening, enrolment] = first.length > 0 ? first : orderTail(await log.pending(HQ));
  const device = enrolment?.op.args['device'];
  return opening === undefined || typeof device !== 'string' || opening.op.prev !== undefined
    ? undefined
    : { root: opening.op.device, device: device as DeviceId };
}

async function placedIn(log: LogStore, scope: Scope, opener: Opener | undefined): Promise<readonly Placed[]> {
  const { size } = log.tip(scope);
  const base = log.base(scope).size;
  const records: OpRecord[] = [];
  for (let at = base; at < size; at += pageOps)
    records.push(...(await log.settled(scope, at, Math.min(pageOps, size - at))));
  records.push(...orderTail(await log.pending(scope)));
  const indexOf = new Map(records.map(({ hash }, index) => [hash, index]));
  const seenBy = new Map<DeviceId, number>();
  return records.map((record) => {
    const { device, seen } = record.op;
    const known = Math.max(seenBy.get(device) ?? 0, (seen?.size ?? 0) - base);
    seenBy.set(device, known);
    const heads = (seen?.heads ?? []).map((hash) => indexOf.get(hash)).filter((index) => index !== undefined);
    // No honest op has seen more than was there.
    const who = device === opener?.root ? opener.device : device;
    return { record, who, seen: Math.min(known, records.length), heads };
  });
}

interface Contradiction {
  readonly one: OpRecord;
  readonly who: DeviceId;
  readonly other: Witness | undefined;
  /** More than 0: `one` is later than what came after it. */
  readonly offMs: number;
}

/** Ops that are earlier than what they build on, and ops that are later than what builds on them or than now: each of a pair for itself. */
function contradictionsIn(
  ops: readonly Placed[],
  wrong: ReadonlySet<DeviceId>,
  { nowMs, slackMs = defaultSlackMs }: ClockOptions,
): readonly Contradiction[] {
  const counting = { ops, bySeen: [...ops.keys()].sort((a, b) => placed(ops, a).seen - placed(ops, b).seen), wrong };
  const tooEarly = heldAgainstEarlier(counting).filter(({ one, other }) => other !== undefined && other.at > one.op.at);
  const tooLate = heldAgainstLater(counting, nowMs).filter(({ one, other }) => (other?.at ?? nowMs) < one.op.at);
  return [...tooEarly, ...tooLate]
    .map(({ one, who, other }) => ({ one, who, other, offMs: one.op.at - (other?.at ?? nowMs) }))
    .filter(({ offMs }) => Math.abs(offMs) > slackMs);
}

interface Counting {
  readonly ops: readonly Placed[];
  /** Indexes of ops, by how much their authors had seen. */
  readonly bySeen: readonly number[];
  /** Devices that count for nothing. */
  readonly wrong: ReadonlySet<DeviceId>;
}

type Held = Omit<Contradiction, 'offMs'>;

const isCounted = ({ ops, wrong }: Counting, index: number): boolean => !wrong.has(witness(ops, index).device);

/** Each op beside the latest of what its author had seen of others. */
function heldAgainstEarlier(counting: Counting): readonly Held[] {
  const { ops, bySeen } = counting;
  const held: Held[] = [];
  const earlier = new Extreme(true);
  let upTo = 0;
  for (const index of bySeen) {
    const { record, who, seen, heads } = placed(ops, index);
    for (; upTo < seen; upTo += 1) if (isCounted(counting, upTo)) earlier.add(witness(ops, upTo));
    if (!isCounted(counting, index)) continue;
    const named = heads.filter((head) => isCounted(counting, head)).map((head) => witness(ops, head));
    for (const other of [earlier.besides(who), ...named])
      if (other !== undefined && other.device !== who) held.push({ one: record, who, other });
  }
  return held;
}

/** Each op beside the earliest of others whose authors had seen it, and beside now. */
function heldAgainstLater(counting: Counting, nowMs: number): readonly Held[] {
  const { ops, bySeen } = counting;
  const held: Held[] = [];
  const later = new Extreme(false);
  const naming = new Map<number, Extreme>();
  for (const index of ops.keys())
    for (const head of isCounted(counting, index) ? placed(ops, index).heads : []) {
      if (!naming.has(head)) naming.set(head, new Extreme(false));
      naming.get(head)?.add(witness(ops, index));
    }
  let from = bySeen.length - 1;
  for (let index = ops.length - 1; index >= 0; index -= 1) {
    for (; from >= 0 && placed(ops, bySeen[from] as number).seen > index; from -= 1)
      if (isCounted(counting, bySeen[from] as number)) later.add(witness(ops, bySeen[from] as number));
    if (!isCounted(counting, index)) continue;
    const { record, who } = placed(ops, index);
    for (const other of [later.besides(who), naming.get(index)?.besides(who)])
      if (other !== undefined) held.push({ one: record, who, other });
    if (record.op.at > nowMs) held.push({ one: record, who, other: undefined });
  }
  return held;
}

const placed = (ops: readonly Placed[], index: number): Placed => ops[index] as Placed;
const witness = (ops: readonly Placed[], index: number): Witness => {
  const { record, who } = placed(ops, index);
  return { device: who, at: record.op.at };
};

/** The device that the most others contradict, the clock here counting as one that is right; or both of two between whom nothing decides. */
function mostContradicted(
  contradictions: readonly Contradiction[],
  trusted: readonly DeviceId[],
): readonly { readonly device: DeviceId; readonly ops: readonly WrongTime[] }[] {
  const othersOf = new Map<DeviceId, Set<DeviceId | ''>>();
  const link = (device: DeviceId, other: DeviceId | ''): void =>
    void othersOf.set(device, (othersOf.get(device) ?? new Set<DeviceId | ''>()).add(other));
  for (const { who, other } of contradictions) {
    link(who, other?.device ?? '');
    if (other !== undefined) link(other.device, who);
  }
  const weightOf = (device: DeviceId): number => {
    const others = othersOf.get(device) as ReadonlySet<DeviceId | ''>;
    // A clock that is right now was not always: what is ahead of now is wrong, whoever wrote it.
    if (trusted.includes(device) && !others.has('')) return 0;
    // What it is now, and who is known to be right, decide alone.
    const isDecided = others.has('') || [...others].some((other) => other !== '' && trusted.includes(other));
    return others.size + (isDecided ? contradictions.length : 0);
  };
  const most = Math.max(0, ...[...othersOf.keys()].map(weightOf));
  if (most === 0) return [];
  const devices = [...othersOf.keys()].filter((device) => weightOf(device) === most);
  // Two that are each contradicted as often: one after the other where they have nothing to do with each other.
  const isSure = !devices.some((device) => devices.some((other) => othersOf.get(device)?.has(other)));
  return devices.map((device) => ({ device, ops: wrongOf(device, contradictions, isSure) }));
}

function wrongOf(device: DeviceId, contradictions: readonly Contradiction[], isSure: boolean): readonly WrongTime[] {
  const worst = new Map<OpHash, WrongTime>();
  for (const { one, who, other, offMs } of contradictions) {
    const { op, hash } = one;
    if (who !== device || Math.abs(worst.get(hash)?.offMs ?? 0) >= Math.abs(offMs)) continue;
    const { scope, id, verb, at } = op;
    worst.set(hash, { scope, device, hash, id, verb, at, offMs, by: other?.device ?? '', isSure });
  }
  return [...worst.values()];
}
