/**
 * Recovery keys: owner devices kept offline, in order of priority, that may take back what was done about devices and keys for a number of business
 * days. Whoever stole a key of lower priority can neither change those above it nor run their days forward. All of it happens in `hq`.
 */
import { encodeCanonical, type Json } from '@tallystick/oplog';
import { defaultRevokes, parseRecoverySetArgs, type Role } from '@tallystick/sign';
import { keyActs, keyCounts, openedDays, overrules, recoveryKeys } from './act-tables.ts';
import type { ActCode } from './acts.ts';
import { devices, isExactly, isHash, keyPolicy, revocations } from './builtin-tables.ts';
import type { Effect, Row } from './table.ts';
import { type OpFacts, refuse, type View } from './verb.ts';

export interface RecoverySetArgs {
  /** Owner devices, highest priority first. */
  readonly keys: readonly string[];
  readonly windowDays: number;
}
export interface OverruleArgs {
  /** Hash of the op that is taken back. */
  readonly act: string;
}

type RankedAct = Readonly<{ hash: string; kind: string; rank: number }>;
type Act = RankedAct & Readonly<{ subject: string; days: number; before: string }>;
type ActKind = 'enroll' | 'rotate' | 'revoke' | 'policy' | 'recovery';

const BOOK = { of: 'book' } as const;
const NO_KEYS = { keys: [] as readonly string[], windowDays: 0 };

function listInForce(view: View): RecoverySetArgs {
  const row = view.get(recoveryKeys, BOOK);
  return row === undefined || row.devices === '' ? NO_KEYS : listOf(row);
}

function listOf({ devices: ids, windowDays }: Row): RecoverySetArgs {
  return { keys: String(ids).split(' '), windowDays: Number(windowDays) };
}

/** The place of a device among the recovery keys in force, from 0; of others, their number. */
export function rankIn(view: View, device: string): number {
  return rankOf(listInForce(view).keys, device);
}

function rankOf(keys: readonly string[], device: string): number {
  const index = keys.indexOf(device);
  return index < 0 ? keys.length : index;
}

/** Takes note of an act, once there is somebody who may overrule it. */
export function noteAct(view: View, op: OpFacts, kind: ActKind, subject: string, before?: Row): readonly Effect[] {
  const { keys, windowDays } = listInForce(view);
  if (op.scope !== 'hq' || keys.length === 0) return [];
  const { acts, days } = view.get(keyCounts, BOOK) ?? { acts: 0, days: 0 };
  const rank = rankOf(keys, op.device);
  const act = { hash: op.hash, kind, subject, author: op.device, rank, number: acts, days, windowDays };
  return [
    keyActs.put({ ...act, before: encodeCanonical({ ...before }) }),
    keyCounts.write({ ...BOOK, acts: acts + 1, days }),
  ];
}

/** Takes note of a day that a recovery key opens. */
export function noteDay(view: View, op: OpFacts, day: string): readonly Effect[] {
  const rank = op.scope === 'hq' ? listInForce(view).keys.indexOf(op.device) : -1;
  if (rank < 0) return [];
  const { acts, days } = view.get(keyCounts, BOOK) ?? { acts: 0, days: 0 };
  return [
    openedDays.put({ number: days, day, by: op.device, rank }),
    keyCounts.write({ ...BOOK, acts, days: days + 1 }),
  ];
}

/** Whether the author may revoke a device that is revoked already: it ranks above everybody whose revocation stands. */
export function mayRevokeAgain(view: View, op: OpFacts, device: string): boolean {
  if (op.scope !== 'hq') return false;
  const { keys } = listInForce(view);
  const standing = actsAbout(view, device).filter(({ kind, isOverruled }) => kind === 'revoke' && !isOverruled);
  return standing.length > 0 && standing.every((act) => ranksAbove(keys, op.device, act));
}

function actsAbout(view: View, device: string): readonly (RankedAct & { readonly isOverruled: boolean })[] {
  const acts = view.list(keyActs, {}).filter(({ subject }) => subject === device);
  return acts.map((act) => ({ ...act, isOverruled: view.get(overrules, { act: act.hash }) !== undefined }));
}

/** Only who is on the list: others would rise where it is shortened. */
function ranksAbove(keys: readonly string[], device: string, { rank }: RankedAct): boolean {
  return keys.includes(device) && rankOf(keys, device) < rank;
}

/** Keys above the author stay where they are, and only the highest says how long; so when a list of before returns. */
function mayPut(before: RecoverySetArgs, author: string, { keys, windowDays }: RecoverySetArgs): boolean {
  const rank = rankOf(before.keys, author);
  const keepsHigher = before.keys.slice(0, rank).every((device, index) => keys[index] === device);
  return keepsHigher && (rank === 0 || windowDays === before.windowDays);
}

export const recoverySet: ActCode<RecoverySetArgs> = {
  wanted: '{ keys: [1 to 16 devices], windowDays: 1 to 3650 }',
  accepts: (value) => parseRecoverySetArgs(value as Json).ok,
  plan: (view, op, { keys, windowDays }) => {
    if (op.scope !== 'hq') return refuse('kernel/only-hq');
    for (const device of keys) {
      const row = view.get(devices, { device });
      if (row === undefined) return refuse('kernel/unknown-device', { device });
      if (row.role !== 'owner' || row.status !== 'active') return refuse('kernel/role', { device, role: row.role });
    }
    const before = listInForce(view);
    if (!mayPut(before, op.device, { keys, windowDays }))
      return refuse('kernel/priority', { rank: rankOf(before.keys, op.device) });
    const row = { devices: before.keys.join(' '), windowDays: before.windowDays };
    return [
      ...noteAct(view, op, 'recovery', '', row),
      recoveryKeys.write({ ...BOOK, devices: keys.join(' '), windowDays }),
    ];
  },
};

/** Its author may be revoked, if what it takes back is that very revocation; see fold.ts. */
export const keyOverrule: ActCode<OverruleArgs> = {
  wanted: '{ act: hash }',
  accepts: (value) => isExactly(value, ['act']) && isHash(value['act']),
  plan: (view, op, { act: hash }) => {
    const act = view.get(keyActs, { hash });
    if (act === undefined) return refuse('kernel/unknown-act');
    if (view.get(overrules, { act: hash }) !== undefined) return refuse('kernel/overruled');
    const list = listInForce(view);
    const isRankedSo = ranksAbove(list.keys, op.device, act) && !takesAwayHigher(list.keys, op.device, act);
    if (!isRankedSo || (act.kind === 'recovery' && !mayPut(list, op.device, listOf(JSON.parse(act.before) as Row))))
      return refuse('kernel/priority', { rank: rankOf(list.keys, op.device) });
    const isOwn = act.kind === 'revoke' && act.subject === op.device;
    if (countDays(view, act, isOwn ? rankOf(list.keys, op.device) : act.rank) > act.windowDays)
      return refuse('kernel/window-closed', { windowDays: act.windowDays });
    return [overrules.put({ act: hash, by: op.device }), ...takeBack(view, act)];
  },
};

/** An enrolment or a rotation that is taken back shuts its device out, and nobody takes that back. */
function takesAwayHigher(keys: readonly string[], author: string, { kind, subject }: Act): boolean {
  return (kind === 'enroll' || kind === 'rotate') && rankOf(keys, subject) <= rankOf(keys, author);
}

/** Days opened since the act by devices that might have objected: those above it, or above the device that takes back its own revocation. */
function countDays(view: View, { days }: Act, below: number): number {
  return view.list(openedDays, {}).filter(({ number, rank }) => number >= days && rank < below).length;
}

function takeBack(view: View, { hash, kind, subject, before }: Act): readonly Effect[] {
  const was = JSON.parse(before) as Row;
  if (kind === 'recovery') {
    return [recoveryKeys.write({ ...BOOK, devices: String(was['devices']), windowDays: Number(was['windowDays']) })];
  }
  if (kind === 'policy') {
    const revokes = was['revokes'] ?? defaultRevokes(subject as Role).join(' ');
    return [keyPolicy.write({ role: subject, revokes: String(revokes) })];
  }
  const row = view.get(devices, { device: subject });
  // An enrolment or rotation that is taken back leaves a device that nobody trusts; its own acts are not undone with it.
  const others = actsAbout(view, subject).filter((act) => act.hash !== hash);
  const isOut = kind !== 'revoke' || others.some((act) => (act.kind === 'revoke') !== act.isOverruled);
  const status = isOut ? 'revoked' : 'active';
  if (row === undefined) return isOut ? [] : [revocations.write({ device: subject, status })];
  return row.status === status ? [] : [devices.write({ ...row, status })];
}
