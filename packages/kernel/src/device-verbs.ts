/**
 * The life of a device's key (docs/spec/sign.md, "Devices"): enrolled, rotated, revoked. Which key signs an op is decided by its own chain and checked
 * at the door; whether an op has effect is decided here, at its place.
 */
import { nobleHasher } from '@tallystick/chain';
import { decodeHex, type Json } from '@tallystick/oplog';
import {
  defaultRevokes,
  judgeEnrolment,
  keyIdOf,
  parseEnrolArgs,
  parseRevokeArgs,
  parseRevokePolicyArgs,
  parseRotateArgs,
  type RevokeReason,
  type Role,
  type RotateArgs,
} from '@tallystick/sign';
import { devices, keyPolicy, schemaOf } from './builtin-tables.ts';
import { actTables, noteAct } from './overrule.ts';
import { defineVerb, refuse, type Verb, type View } from './verb.ts';

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
export interface RevokeArgs {
  readonly device: string;
  readonly reason: RevokeReason;
}
export interface RevokePolicyArgs {
  readonly role: Role;
  readonly revokes: readonly Role[];
}

const everyRole: readonly Role[] = defaultRevokes('owner');

export const deviceEnroll: Verb<'device.enroll', EnrolArgs> = defineVerb({
  name: 'device.enroll',
  version: 1,
  roles: ['owner', 'manager'],
  tables: [devices, ...actTables],
  args: schemaOf<EnrolArgs>(
    (value) => parseEnrolArgs(value as Json).ok,
    '{ device, key, name, role, replaces?, untilDay? }',
  ),
  plan: (view, op, args) => {
    const judged = judgeEnrolment(view.author.role, args);
    if (judged !== undefined) return refuse(judged.code);
    const { device, key, name, role, replaces = '', untilDay = '' } = args;
    const keyId: string = keyIdOf(decodeHex(key), nobleHasher);
    if (keyId !== device) return refuse('sign/device');
    if (view.get(devices, { device }) !== undefined || view.hq.get(devices, { device }) !== undefined)
      return refuse('kernel/already-enrolled', { device });
    return [
      ...noteAct(view, op, 'enroll', device),
      devices.write({ device, key, keyId, name, role, enrolment: op.hash, status: 'active', replaces, untilDay }),
    ];
  },
});

/** The chain goes on under the new key whatever is decided here; in the scope that enrolled the device the key becomes its own. */
export const deviceRotate: Verb<'device.rotate', RotateArgs> = defineVerb({
  name: 'device.rotate',
  version: 1,
  roles: everyRole,
  tables: [devices, ...actTables],
  args: schemaOf<RotateArgs>((value) => parseRotateArgs(value as Json).ok, '{ key, proof }'),
  plan: (view, op, { key }) => {
    const row = view.get(devices, { device: op.device });
    if (row === undefined) return [];
    const keyId = keyIdOf(decodeHex(key), nobleHasher);
    return [...noteAct(view, op, 'rotate', op.device), devices.write({ ...row, key, keyId })];
  },
});

export const deviceRevoke: Verb<'device.revoke', RevokeArgs> = defineVerb({
  name: 'device.revoke',
  version: 1,
  roles: everyRole,
  tables: [devices, keyPolicy, ...actTables],
  args: schemaOf<RevokeArgs>((value) => parseRevokeArgs(value as Json).ok, '{ device, reason }'),
  plan: (view, op, { device }) => {
    const row = view.get(devices, { device });
    if (row === undefined) return refuse('kernel/unknown-device', { device });
    if (row.status === 'revoked') return refuse('kernel/already-revoked', { device });
    if (device !== op.device && !revokedBy(view).includes(row.role))
      return refuse('kernel/may-not-revoke', { role: row.role });
    if (op.scope === 'hq' && row.role === 'owner' && countOwners(view) === 1) return refuse('kernel/last-owner');
    return [...noteAct(view, op, 'revoke', device), devices.write({ ...row, status: 'revoked' })];
  },
});

export const policyRevoke: Verb<'policy.revoke', RevokePolicyArgs> = defineVerb({
  name: 'policy.revoke',
  version: 1,
  roles: ['owner'],
  tables: [keyPolicy, ...actTables],
  args: schemaOf<RevokePolicyArgs>((value) => parseRevokePolicyArgs(value as Json).ok, '{ role, revokes }'),
  plan: (view, op, { role, revokes }) => {
    const before = view.get(keyPolicy, { role });
    return [
      ...noteAct(view, op, 'policy', role, before),
      keyPolicy.write({ role, revokes: [...revokes].sort().join(' ') }),
    ];
  },
});

/** The roles of the devices that the author may revoke, itself apart. */
function revokedBy(view: View): readonly string[] {
  const { role } = view.author;
  const stated = view.get(keyPolicy, { role }) ?? view.hq.get(keyPolicy, { role });
  return stated === undefined ? defaultRevokes(role) : stated.revokes.split(' ');
}

function countOwners(view: View): number {
  return view.list(devices, {}).filter(({ role, status }) => role === 'owner' && status === 'active').length;
}
