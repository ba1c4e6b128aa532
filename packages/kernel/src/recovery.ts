/**
 * Work that waits for a person: ops without effect because their chain forked, their device was revoked or their key superseded. A recovery gives one
 * of them its effect at the recovery's own place, once; a dismissal says that it will never have any.
 */
import { defaultRevokes } from '@tallystick/sign';
import { devices, isExactly, isHash, quarantine, recoveries, schemaOf } from './builtin-tables.ts';
import { SUPERSEDED } from './codes.ts';
import { defineVerb, refuse, type Refusal, type Verb, type View } from './verb.ts';

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
export const deviceRecover: Verb<'device.recover', RecoverArgs> = defineVerb({
  name: 'device.recover',
  version: 1,
  roles: defaultRevokes('owner'),
  tables: [devices, quarantine, recoveries],
  args: schemaOf<RecoverArgs>((value) => isExactly(value, ['op']) && isHash(value['op']), '{ op: hash }'),
  plan: (view, { device, hash }, { op }) => {
    const refusal = judgeWaiting(view, op);
    if (refusal !== undefined) return refusal;
    const waits = view.get(quarantine, { hash: op });
    if (!mayRecover(view, String(waits?.device), String(waits?.code))) return refuse('kernel/may-not-recover');
    return [recoveries.put({ op, kind: 'recovered', by: device, act: hash, reason: '' })];
  },
});

export const deviceDismiss: Verb<'device.dismiss', DismissArgs> = defineVerb({
  name: 'device.dismiss',
  version: 1,
  roles: ['owner', 'manager'],
  tables: [quarantine, recoveries],
  args: schemaOf<DismissArgs>(
    (value) =>
      isExactly(value, ['op', 'reason']) &&
      isHash(value['op']) &&
      typeof value['reason'] === 'string' &&
      value['reason'] !== '' &&
      value['reason'].length <= 200,
    '{ op: hash, reason: 1 to 200 characters }',
    { reason: 'why an op of a device was put aside' },
  ),
  plan: (view, { device, hash }, { op, reason }) =>
    judgeWaiting(view, op) ?? [recoveries.put({ op, kind: 'dismissed', by: device, act: hash, reason })],
});

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
