/**
 * The life of a device's key (docs/spec/sign.md, "Devices"): enrolled, rotated, revoked. Which key signs an op is decided by its own chain and checked
 * at the door; whether an op has effect is decided here, at its place.
 */
import { portableHasher } from '@tallystick/chain/hashing';
import { decodeHex, type Json } from '@tallystick/oplog';
import {
  defaultRevokes,
  judgeEnrolment,
  keyIdOf,
  parseAdmitArgs,
  parseEnrolArgs,
  parseRevokeArgs,
  parseRevokePolicyArgs,
  parseRotateArgs,
  type RevokeReason,
  type Role,
  type RotateArgs,
} from '@tallystick/sign';
import type { ActCode } from './acts.ts';
import { deviceNames, devices, keyPolicy, revocations } from './builtin-tables.ts';
import { mayRevokeAgain, noteAct } from './overrule.ts';
import type { Effect } from './table.ts';
import { compensate, type OpFacts, type Outcome, refuse, type Refusal, type View } from './verb.ts';

export interface EnrolArgs {
  readonly device: string;
  readonly key: string;
  readonly name: string;
  readonly role: Role;
  /** A device that this one takes the place of: it may adopt what that one did without effect. */
  readonly replaces?: string;
  /** The last business day on which its ops have effect, `YYYY-MM-DD`. */
  readonly untilDay?: string;
}
export interface AdmitArgs extends EnrolArgs {
  /** Hash of the op that enrolled the device in the scope that it is from. */
  readonly enrolment: string;
  /** Where `key` is a later key: the device's first one, and its signature over the enrolment and `key`. */
  readonly first?: string;
  readonly proof?: string;
}
export interface RevokeArgs {
  readonly device: string;
  readonly reason: RevokeReason;
}
export interface RevokePolicyArgs {
  readonly role: Role;
  readonly revokes: readonly Role[];
}

export const deviceEnroll: ActCode<EnrolArgs> = {
  wanted: '{ device, key, name, role, replaces?, untilDay? }',
  accepts: (value) => parseEnrolArgs(value as Json).ok,
  plan: (view, op, args) => {
    const keyId: string = keyIdOf(decodeHex(args.key), portableHasher);
    return keyId === args.device ? enter(view, op, args, keyId) : refuse('sign/device');
  },
};

/** A device of another scope writes here from now on, in a chain of its own that begins at this op. Revoked there, it is not revoked here. */
export const deviceAdmit: ActCode<AdmitArgs> = {
  wanted: '{ device, enrolment, key, name, role, first?, proof?, replaces?, untilDay? }, by the device itself',
  accepts: (value) => parseAdmitArgs(value as Json).ok,
  plan: (view, op, args) =>
    op.scope === 'hq' ? refuse('sign/scope') : enter(view, op, args, keyIdOf(decodeHex(args.key), portableHasher)),
};

function enter(view: View, op: OpFacts, args: EnrolArgs, keyId: string): Outcome {
  const judged = judgeEnrolment(view.author.role, args);
  if (judged !== undefined) return refuse(judged.code);
  const { device, key, name, role, replaces = '', untilDay = '' } = args;
  if (view.get(devices, { device }) !== undefined || view.hq.get(devices, { device }) !== undefined)
    return refuse('kernel/already-enrolled', { device });
  // In another scope the row is one of a revoked device, for as long as `hq` says so.
  if (op.scope === 'hq' && view.get(revocations, { device })?.status === 'revoked')
    return refuse('kernel/already-revoked', { device });
  const own = ownName(view, name, device);
  const effects = [
    ...noteAct(view, op, 'enroll', device),
    deviceNames.write({ name: own, device }),
    devices.write({ device, key, keyId, name: own, role, enrolment: op.hash, status: 'active', replaces, untilDay }),
  ];
  const isAsked = own === name || holderOf(view, name) === replaces;
  return isAsked ? effects : compensate('kernel/name-taken', { device, asked: name, name: own }, effects);
}

/**
 * The name that was asked for, unless a device here or in `hq` has it or ever had it: documents are numbered under it. Who was enrolled apart under the
 * name of another cannot be sent away, and gets it with the beginning of its id, as does who takes another's place.
 */
function ownName(view: View, name: string, device: string): string {
  const base = name.replace(/~[0-9a-f]{6}$/, '');
  const names = [name, `${base}~${device.slice(0, 6)}`];
  return names.find((asked) => holderOf(view, asked) === undefined) ?? `${base}~${device}`;
}

function holderOf(view: View, name: string): string | undefined {
  return (view.get(deviceNames, { name }) ?? view.hq.get(deviceNames, { name }))?.device;
}

/** The chain goes on under the new key whatever is decided here; in the scope that enrolled the device the key becomes its own. */
export const deviceRotate: ActCode<RotateArgs> = {
  wanted: '{ key, proof }',
  accepts: (value) => parseRotateArgs(value as Json).ok,
  plan: (view, op, { key }) => {
    const row = view.get(devices, { device: op.device });
    if (row === undefined) return [];
    const keyId = keyIdOf(decodeHex(key), portableHasher);
    return [...noteAct(view, op, 'rotate', op.device), devices.write({ ...row, key, keyId })];
  },
};

export const deviceRevoke: ActCode<RevokeArgs> = {
  wanted: '{ device, reason }',
  accepts: (value) => parseRevokeArgs(value as Json).ok,
  plan: (view, op, { device }) => {
    const row = view.get(devices, { device });
    if (row === undefined) return revokeElsewhere(view, op, device);
    if (row.status === 'revoked' && !mayRevokeAgain(view, op, device))
      return refuse('kernel/already-revoked', { device });
    if (device !== op.device && !revokedBy(view).includes(row.role))
      return refuse('kernel/may-not-revoke', { role: row.role });
    const isLast = row.status === 'active' && row.role === 'owner' && countOwners(view) === 1;
    if (op.scope === 'hq' && isLast) return refuse('kernel/last-owner');
    return [...noteAct(view, op, 'revoke', device), devices.write({ ...row, status: 'revoked' })];
  },
};

/** An owner of `hq` revokes a device of other scopes, which `hq` need not know, in all of them from their next mark on. */
function revokeElsewhere(view: View, op: OpFacts, device: string): readonly Effect[] | Refusal {
  if (op.scope !== 'hq') return refuse('kernel/unknown-device', { device });
  if (view.author.role !== 'owner') return refuse('kernel/may-not-revoke');
  if (view.get(revocations, { device })?.status === 'revoked' && !mayRevokeAgain(view, op, device))
    return refuse('kernel/already-revoked', { device });
  return [...noteAct(view, op, 'revoke', device), revocations.write({ device, status: 'revoked' })];
}

export const policyRevoke: ActCode<RevokePolicyArgs> = {
  wanted: '{ role, revokes }',
  accepts: (value) => parseRevokePolicyArgs(value as Json).ok,
  plan: (view, op, { role, revokes }) => {
    const before = view.get(keyPolicy, { role });
    return [
      ...noteAct(view, op, 'policy', role, before),
      keyPolicy.write({ role, revokes: [...revokes].sort().join(' ') }),
    ];
  },
};

/** The roles of the devices that the author may revoke, itself apart. */
function revokedBy(view: View): readonly string[] {
  const { role } = view.author;
  const stated = view.get(keyPolicy, { role }) ?? view.hq.get(keyPolicy, { role });
  return stated === undefined ? defaultRevokes(role) : stated.revokes.split(' ');
}

function countOwners(view: View): number {
  return view.list(devices, {}).filter(({ role, status }) => role === 'owner' && status === 'active').length;
}
