/**
 * Work that waits for a person: ops without effect because their chain forked, their device was revoked or their key superseded. A recovery gives one
 * of them its effect at the recovery's own place, once; a dismissal says that it will never have any.
 */
import type { ActCode } from './acts.ts';
import { devices, isExactly, isHash, quarantine, recoveries } from './builtin-tables.ts';
import { SUPERSEDED } from './codes.ts';
import { refuse, type Refusal, type View } from './verb.ts';

export interface RecoverArgs {
  /** Hash of the op. */
  readonly op: string;
}
export interface DismissArgs {
  readonly op: string;
  /** What people should know, in their words. */
  readonly reason: string;
}

/** The fold adds the effects of the op itself, planned here and now with its own args and author. */
export const deviceRecover: ActCode<RecoverArgs> = {
  wanted: '{ op: hash }',
  accepts: (value) => isExactly(value, ['op']) && isHash(value['op']),
  plan: (view, { device, hash }, { op }) => {
    const refusal = judgeWaiting(view, op);
    if (refusal !== undefined) return refusal;
    const waits = view.get(quarantine, { hash: op });
    if (!mayRecover(view, String(waits?.device), String(waits?.code))) return refuse('kernel/may-not-recover');
    return [recoveries.put({ op, kind: 'recovered', by: device, act: hash, reason: '' })];
  },
};

export const deviceDismiss: ActCode<DismissArgs> = {
  wanted: '{ op: hash, reason: 1 to 200 characters }',
  accepts: (value) =>
    isExactly(value, ['op', 'reason']) &&
    isHash(value['op']) &&
    typeof value['reason'] === 'string' &&
    value['reason'] !== '' &&
    value['reason'].length <= 200,
  plan: (view, { device, hash }, { op, reason }) =>
    judgeWaiting(view, op) ?? [recoveries.put({ op, kind: 'dismissed', by: device, act: hash, reason })],
};

function judgeWaiting(view: View, op: string): Refusal | undefined {
  if (view.get(quarantine, { hash: op }) === undefined) return refuse('kernel/not-quarantined');
  const before = view.get(recoveries, { op });
  return before === undefined ? undefined : refuse('kernel/already-recovered', { by: before.by, kind: before.kind });
}

/** Owners and managers may, a device may whose enrolment says that it replaces the author, and under its newest key the author itself. */
function mayRecover(view: View, author: string, code: string): boolean {
  const { device, role } = view.author;
  if (role === 'owner' || role === 'manager') return true;
  if (author === device) return code === SUPERSEDED;
  return (view.get(devices, { device }) ?? view.hq.get(devices, { device }))?.replaces === author;
}
