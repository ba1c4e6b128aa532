// What this till wrote and does not have, because it stands in a log that was put aside: another op in its place would be a fork, so it writes nothing under its
// key until that is here. Decision 084.
import type { DeviceId, Scope } from '@tallystick/oplog';
import type { TillLog } from './open-shop.ts';

/** The newest op of a chain that reads in a log that was put aside. */
export interface AsideHead {
  /** Undefined for what this till itself may have written where nothing reads, until it is known who it is. */
  readonly device?: DeviceId;
  readonly scope: Scope;
  readonly seq: number;
  /** False where damage stands behind it, which may have held newer ones. */
  readonly isLast: boolean;
}

/** `waits`: what is missing is in the file, for the office to read in. `lost`: nobody can know what is missing. */
export type AsideUnread = 'waits' | 'lost';

const noteName = 'till/aside';

export async function noteAsideHeads(log: Pick<TillLog, 'setMeta'>, heads: readonly AsideHead[]): Promise<void> {
  await log.setMeta(noteName, JSON.stringify(heads));
}

/** Once it is known who this till is: where none of its ops read in the damaged log, all that it wrote may have stood there. */
export async function nameAsideWriter(log: Pick<TillLog, 'meta' | 'setMeta'>, device: DeviceId): Promise<void> {
  const noted = notedHeads(log);
  const named = noted.filter((head) => head.device !== undefined);
  const unnamed = noted.find((head) => head.device === undefined);
  if (unnamed === undefined) return;
  const isRead = named.some((head) => head.device === device);
  await noteAsideHeads(log, isRead ? named : [...named, { ...unnamed, device }]);
}

/** Undefined where `device` has all that it wrote; of any device where it is not known yet which this one is. */
export function asideUnread(
  log: Pick<TillLog, 'meta' | 'head'>,
  device: DeviceId | undefined,
): AsideUnread | undefined {
  const isOf = (head: AsideHead): boolean =>
    head.device === undefined || device === undefined || head.device === device;
  const isHere = ({ device: writer, scope, seq, isLast }: AsideHead): boolean =>
    writer !== undefined && isLast && (log.head(writer, scope)?.seq ?? 0) >= seq;
  const missing = notedHeads(log).filter((head) => isOf(head) && !isHere(head));
  if (missing.length === 0) return undefined;
  return missing.every(({ isLast }) => isLast) ? 'waits' : 'lost';
}

/** After an exchange: nothing is missing any more, or this till goes on as another device. */
export async function forgetReadAside(
  log: Pick<TillLog, 'meta' | 'head' | 'setMeta'>,
  device: DeviceId,
): Promise<void> {
  if ((log.meta(noteName) ?? '') !== '' && asideUnread(log, device) === undefined) await log.setMeta(noteName, '');
}

function notedHeads(log: Pick<TillLog, 'meta'>): readonly AsideHead[] {
  const note = log.meta(noteName) ?? '';
  return note === '' ? [] : (JSON.parse(note) as readonly AsideHead[]);
}
