// What a log store asks of its index before a change: whether the change may be made, and what it would do.
import type { DeviceId, OpHash, Scope } from './brands.ts';
import { OplogError } from './errors.ts';
import { type LogIndex, missingRecord, type ScopeIndex } from './log-index.ts';
import type { LogBase, ReceiptNote, Tip } from './log-store.ts';
import type { OpRecord } from './record.ts';

export interface Settling {
  /** What must be appended first, in this order. */
  readonly fresh: readonly OpRecord[];
  /** Of the ops that get positions, in the order of positions; those of `fresh` as appending will give them. */
  readonly ordinals: readonly number[];
}

/** Throws as `LogStore.begin` must, and answers whether there is anything to do. */
export function checkBegin(log: LogIndex, scope: Scope, base: LogBase): boolean {
  const index = log.scope(scope);
  const isEmpty = index === undefined || (index.tip.size === 0 && index.pending.size === 0);
  const isChange = checkBase(scope, index?.base.size ?? 0, isEmpty ? undefined : index.tip.size, base);
  if (isChange && index !== undefined) checkHeads(scope, headsBefore(log, index, base.size), base);
  return isChange;
}

function* headsBefore(
  log: LogIndex,
  { base, headByDevice }: Readonly<ScopeIndex>,
  size: number,
): Generator<[DeviceId, number]> {
  for (const { device, seq } of base.heads) yield [device, seq];
  for (const [device, { seq, hash }] of headByDevice) {
    const position = log.positionOf(log.ordinalOf(hash) ?? -1);
    if (position !== undefined && position < size) yield [device, seq];
  }
}

/** What `LogStore.settle` would do, or throws as it must; changes nothing. */
export function checkSettle(
  log: LogIndex,
  scope: Scope,
  from: number,
  ops: readonly (OpHash | OpRecord)[],
  tip: Tip,
): Settling {
  const index = log.scope(scope);
  checkTip(scope, index?.tip.size ?? 0, from, ops.length, tip);
  const ordinals = new Set<number>();
  const freshByHash = new Map<OpHash, OpRecord>();
  for (const op of ops) {
    const hash = typeof op === 'string' ? op : op.hash;
    const ordinal = log.ordinalOf(hash);
    if (freshByHash.has(hash)) throw alreadySettled(hash);
    if (ordinal === undefined && typeof op !== 'string' && op.op.scope === scope) {
      ordinals.add(log.size + freshByHash.size);
      freshByHash.set(hash, op);
      continue;
    }
    if (ordinal === undefined || !isIn(log, index, ordinal)) throw missingRecord(hash, scope);
    if (log.positionOf(ordinal) !== undefined || ordinals.has(ordinal)) throw alreadySettled(hash);
    ordinals.add(ordinal);
  }
  return { fresh: [...freshByHash.values()], ordinals: [...ordinals] };
}

function isIn(log: LogIndex, index: Readonly<ScopeIndex> | undefined, ordinal: number): boolean {
  if (index === undefined) return false;
  const position = log.positionOf(ordinal);
  return position === undefined ? index.pending.has(ordinal) : index.settled[position - index.base.size] === ordinal;
}

/** Throws unless a log that begins after `begin` ops, and ends after `end` if anything is in it, may begin at `base`; false when it does. */
export function checkBase(scope: Scope, begin: number, end: number | undefined, base: LogBase): boolean {
  if (base.size < begin || (end !== undefined && base.size > end))
    throw new OplogError(
      'store/position',
      `${scope} has ops ${begin} to ${end ?? 0}, so it cannot begin at ${base.size}`,
    );
  return base.size > begin;
}

/** Throws unless the base names every chain whose last stored op goes. */
export function checkHeads(scope: Scope, going: Iterable<readonly [DeviceId, number]>, base: LogBase): void {
  const seqs = new Map(base.heads.map(({ device, seq }) => [device, seq]));
  for (const [device, seq] of going)
    if ((seqs.get(device) ?? 0) < seq)
      throw new OplogError('store/position', `a base of ${scope} without seq ${seq} of ${device} forgets its chain`);
}

/** The ops that these receipts name and that are not stored. */
export function hashesElsewhere(receipts: readonly ReceiptNote[], index: LogIndex): OpHash[] {
  const hashes = receipts.flatMap(({ lines }) => lines.map(({ hash }) => hash));
  return hashes.filter((hash) => index.ordinalOf(hash) === undefined);
}

/** Throws unless a log that begins after `begin` ops and has `size` can end where `tip` does. */
export function checkUnsettle(scope: Scope, begin: number, size: number, tip: Tip): void {
  if (tip.size < begin || tip.size > size)
    throw new OplogError('store/position', `${scope} has ops ${begin} to ${size}, so it cannot end at ${tip.size}`);
}

/** Throws unless `count` positions from `from` continue a log of `size` ops and end where `tip` does. */
export function checkTip(scope: Scope, size: number, from: number, count: number, tip: Tip): void {
  if (from !== size) {
    throw new OplogError('store/position', `${scope} has ${size} positions, so the next is not ${from}`);
  }
  if (tip.size !== from + count) {
    throw new OplogError('store/position', `${count} ops from ${from} do not make a tip of ${tip.size} in ${scope}`);
  }
}

export function alreadySettled(hash: OpHash): OplogError {
  return new OplogError('store/position', `${hash} has a position already, or is named twice`);
}
