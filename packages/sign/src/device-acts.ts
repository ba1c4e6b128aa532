// What enrolled devices may say about days, keys and each other, beside enrolling (docs/spec/sign.md, "Revocation", "Recovery keys").
import type { DeviceId, Failure, Json, OpRecord, Result, Scope } from '@tallystick/oplog';
import { parseAppointArgs, replaces } from './appointment.ts';
import {
  parseDayArgs,
  parseDayPolicyArgs,
  parseOverruleArgs,
  parseRecoverySetArgs,
  parseRevokeArgs,
  parseRevokePolicyArgs,
} from './device-args.ts';
import type { KeyAct } from './key-acts.ts';
import { isWithinDays } from './days.ts';
import { defaultRevokes, type Role } from './roles.ts';
import { headquarters, type Member, type RosterState } from './roster-state.ts';

/** One op by a device that may write in its scope. */
export interface Act {
  readonly state: RosterState;
  readonly author: Member;
  readonly record: OpRecord;
}

type Judge = (act: Act) => Result<void>;

export const done: Result<void> = { ok: true, value: undefined };
const dayOpeners: readonly Role[] = ['owner', 'manager', 'till'];

/** Notes what had its effect in `hq`. */
export function noteAct({ state, record: { op, hash } }: Act, act: KeyAct): Result<void> {
  if (op.scope === headquarters) state.acts.note(hash, op.device, act);
  return done;
}

function withArgs<Args>(parse: (args: Json) => Result<Args>, judge: (act: Act, args: Args) => Result<void>): Judge {
  return (act) => {
    const args = parse(act.record.op.args);
    return args.ok ? judge(act, args.value) : args;
  };
}

const openDay = withArgs(parseDayArgs, ({ state, author, record: { op } }, { day }) => {
  const before = state.days.get(op.scope) ?? '';
  const mayTurnBack = author.role === 'owner';
  const aheadDays = state.aheadDaysOf(author.role);
  const isFar = aheadDays !== undefined && !isWithinDays(day, state.vouchedDay(op.scope), aheadDays);
  if (!dayOpeners.includes(author.role) || day === before || (day < before && !mayTurnBack) || isFar)
    return refuse('sign/role', `a ${author.role} may not open ${day} after ${before}`);
  if (aheadDays === undefined) state.vouched.set(op.scope, day);
  if (op.scope === headquarters) state.acts.noteDay(op.device);
  state.days.set(op.scope, day);
  return done;
});

const setDayPolicy = withArgs(parseDayPolicyArgs, ({ state, author, record: { op } }, { role, aheadDays }) => {
  if (op.scope !== headquarters) return refuse('sign/scope', 'how far days are opened ahead is said in hq');
  if (author.role !== 'owner') return refuse('sign/role', 'only an owner may');
  state.dayPolicies.set(role, aheadDays);
  return done;
});

const setPolicy = withArgs(parseRevokePolicyArgs, (act, { role, revokes }) => {
  const { state, author, record } = act;
  if (author.role !== 'owner') return refuse('sign/role', 'only an owner may');
  const { scope } = record.op;
  const before = state.statedPolicy(scope, role);
  state.setPolicy(scope, role, revokes);
  return noteAct(act, { kind: 'policy', role, before });
});

const revoke = withArgs(parseRevokeArgs, (act, { device }) => {
  const { state, author, record } = act;
  const { scope } = record.op;
  const subject = state.memberOf(scope, device);
  if (subject === undefined) return revokeElsewhere(act, device);
  if (subject.isRevoked && !mayRevokeAgain(act, device))
    return refuse('sign/revoked', `device ${device} is revoked already`);
  const revokes = state.policyIn(scope, author.role) ?? defaultRevokes(author.role);
  if ((author.id !== device && !revokes.includes(subject.role)) || isLastOwner(subject, state.members))
    return refuse('sign/role', `a ${author.role} may not revoke this ${subject.role}`);
  subject.isRevoked = true;
  return noteAct(act, { kind: 'revoke', device });
});

/** An owner of `hq` revokes a device of other scopes, which `hq` need not know, in all of them. */
function revokeElsewhere(act: Act, device: DeviceId): Result<void> {
  const { state, author, record } = act;
  const { scope } = record.op;
  if (scope !== headquarters) return unknownIn(scope, device);
  if (author.role !== 'owner') return refuse('sign/role', 'only an owner may revoke devices of other scopes');
  if (state.barred.has(device) && !mayRevokeAgain(act, device))
    return refuse('sign/revoked', `device ${device} is revoked already`);
  state.barred.add(device);
  return noteAct(act, { kind: 'revoke', device });
}

/** A revocation by a lower rank does not shield the device from one that it cannot take back. */
function mayRevokeAgain({ state, author, record: { op } }: Act, device: DeviceId): boolean {
  return op.scope === headquarters && state.acts.mayRevokeAgain(author.id, device);
}

function isLastOwner(subject: Member, members: readonly Member[]): boolean {
  const owners = members.filter(
    ({ role, scope, isRevoked }) => role === 'owner' && scope === headquarters && !isRevoked,
  );
  return owners.length === 1 && owners[0] === subject;
}

const setRecovery = withArgs(parseRecoverySetArgs, ({ state, author, record: { op, hash } }, list) => {
  if (op.scope !== headquarters) return refuse('sign/scope', 'recovery keys are named in hq');
  if (author.role !== 'owner') return refuse('sign/role', 'only an owner may');
  for (const device of list.keys) {
    const key = state.memberOf(headquarters, device);
    if (key === undefined) return unknownIn(headquarters, device);
    if (key.role !== 'owner' || key.isRevoked) return refuse('sign/role', `device ${device} is no active owner`);
  }
  const refusal = state.acts.set(hash, op.device, list);
  return refusal === undefined ? done : { ok: false, ...refusal };
});

const overrule = withArgs(parseOverruleArgs, ({ state, author, record: { op } }, { act: hash }) => {
  if (op.scope !== headquarters) return refuse('sign/scope', 'what is overruled was done in hq');
  if (author.role !== 'owner') return refuse('sign/role', 'only an owner may');
  const act = state.acts.overrule(hash, op.device);
  if ('code' in act) return { ok: false, ...act };
  takeBack(state, act);
  return done;
});

/** An enrolment or rotation that is taken back leaves a device that nobody trusts; its own acts are not undone with it. */
function takeBack(state: RosterState, act: KeyAct): void {
  if (act.kind === 'recovery') return;
  if (act.kind === 'policy') {
    state.setPolicy(headquarters, act.role, act.before ?? defaultRevokes(act.role));
    return;
  }
  const subject = state.memberOf(headquarters, act.device);
  const isOut = state.acts.keepsOut(act.device);
  if (subject !== undefined) subject.isRevoked = isOut;
  else if (!isOut) state.barred.delete(act.device);
}

const appoint = withArgs(parseAppointArgs, ({ state, author, record: { op, hash } }, args) => {
  if (op.scope !== headquarters) return refuse('sign/scope', 'a relay is appointed in hq');
  if (author.role !== 'owner') return refuse('sign/role', 'only an owner may');
  const appointment = { ...args, hash, rank: state.acts.rankOf(op.device) };
  const inForce = state.appointments.at(-1);
  if (!replaces(appointment, inForce))
    return refuse('sign/epoch', `epoch ${args.epoch} does not take the place of ${inForce?.epoch ?? 0}`);
  state.appointments.push(appointment);
  return done;
});

/** By their verbs. */
export const judges: Readonly<Record<string, Judge>> = {
  'day.open@1': openDay,
  'policy.day@1': setDayPolicy,
  'policy.revoke@1': setPolicy,
  'device.revoke@1': revoke,
  'recovery.set@1': setRecovery,
  'key.overrule@1': overrule,
  'relay.appoint@1': appoint,
};

export function unknownIn(scope: Scope, device: DeviceId): { readonly ok: false } & Failure {
  return refuse('sign/unknown-device', `device ${device} is not enrolled in ${scope}`);
}

export function refuse(code: string, message: string): { readonly ok: false } & Failure {
  return { ok: false, code, message };
}
