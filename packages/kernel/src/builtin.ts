/**
 * The kernel's own tables and verbs: opening a book, enrolling devices, adopting verb versions, and marks. They cannot be withdrawn, and those of the
 * first release are in force in every book. What most of them do comes when one is first folded: see acts.ts.
 */
import type { AppointArgs, DayPolicyArgs, RotateArgs } from '@tallystick/sign';
import { defaultRevokes } from '@tallystick/sign/device';
import { actTables, certificates, disagreements, relayAppointments, relayExtents } from './act-tables.ts';
import { declareAct } from './acts.ts';
import type { BookOpenArgs, DayArgs } from './book-verbs.ts';
import {
  books,
  businessDays,
  dayPolicy,
  deviceNames,
  devices,
  isExactly,
  keyPolicy,
  manifest,
  marks,
  quarantine,
  recoveries,
  revocations,
  schemaOf,
  tableShapes,
} from './builtin-tables.ts';
import type { AttestArgs } from './certificates.ts';
import type { AdmitArgs, EnrolArgs, RevokeArgs, RevokePolicyArgs } from './device-verbs.ts';
import type { AdoptArgs } from './manifest.ts';
import type { OverruleArgs, RecoverySetArgs } from './overrule.ts';
import type { DismissArgs, RecoverArgs } from './recovery.ts';
import { defineVerb, refuse, type Verb } from './verb.ts';

export { certificates, disagreements, keyActs, relayAppointments, relayExtents } from './act-tables.ts';
export type { BookOpenArgs, DayArgs } from './book-verbs.ts';
export {
  books,
  businessDays,
  corrections,
  devices,
  manifest,
  marks,
  quarantine,
  recoveries,
  refusals,
  revocations,
  tableShapes,
} from './builtin-tables.ts';

export interface MarkArgs {
  readonly size: number;
  readonly root: string;
}

const everyRole = defaultRevokes('owner');
const deviceTexts = { name: 'what a device is called: a place or a thing, never a person' };
const deviceTables = [deviceNames, devices, revocations, ...actTables];
const releaseText = { release: 'a release of a program' };

export const bookOpen: Verb<'book.open', BookOpenArgs> = declareAct('book.open', {
  roles: ['owner'],
  tables: [books, deviceNames, devices, manifest, tableShapes],
  wanted: '{ key, name, verbs, tables, release }',
  publicTexts: { name: 'what the business is called', ...releaseText },
});

export const deviceEnroll: Verb<'device.enroll', EnrolArgs> = declareAct('device.enroll', {
  roles: ['owner', 'manager'],
  tables: deviceTables,
  wanted: '{ device, key, name, role, replaces?, untilDay? }',
  publicTexts: deviceTexts,
});

export const deviceAdmit: Verb<'device.admit', AdmitArgs> = declareAct('device.admit', {
  roles: ['owner', 'manager'],
  tables: deviceTables,
  wanted: '{ device, enrolment, key, name, role, first?, proof?, replaces?, untilDay? }, by the device itself',
  publicTexts: deviceTexts,
});

export const deviceRotate: Verb<'device.rotate', RotateArgs> = declareAct('device.rotate', {
  roles: everyRole,
  tables: [devices, ...actTables],
  wanted: '{ key, proof }',
});

export const deviceRevoke: Verb<'device.revoke', RevokeArgs> = declareAct('device.revoke', {
  roles: everyRole,
  tables: [devices, keyPolicy, revocations, ...actTables],
  wanted: '{ device, reason }',
});

export const policyRevoke: Verb<'policy.revoke', RevokePolicyArgs> = declareAct('policy.revoke', {
  roles: ['owner'],
  tables: [keyPolicy, ...actTables],
  wanted: '{ role, revokes }',
});

export const deviceRecover: Verb<'device.recover', RecoverArgs> = declareAct('device.recover', {
  roles: everyRole,
  tables: [devices, quarantine, recoveries],
  wanted: '{ op: hash }',
});

export const deviceDismiss: Verb<'device.dismiss', DismissArgs> = declareAct('device.dismiss', {
  roles: ['owner', 'manager'],
  tables: [quarantine, recoveries],
  wanted: '{ op: hash, reason: 1 to 200 characters }',
  publicTexts: { reason: 'why an op of a device was put aside' },
});

export const recoverySet: Verb<'recovery.set', RecoverySetArgs> = declareAct('recovery.set', {
  roles: ['owner'],
  tables: [devices, ...actTables],
  wanted: '{ keys: [1 to 16 devices], windowDays: 1 to 3650 }',
});

export const keyOverrule: Verb<'key.overrule', OverruleArgs> = declareAct('key.overrule', {
  roles: ['owner'],
  tables: [devices, keyPolicy, revocations, ...actTables],
  wanted: '{ act: hash }',
});

export const dayOpen: Verb<'day.open', DayArgs> = declareAct('day.open', {
  roles: ['owner', 'manager', 'till'],
  tables: [businessDays, dayPolicy, ...actTables],
  wanted: '{ day: "YYYY-MM-DD" }',
});

export const policyDay: Verb<'policy.day', DayPolicyArgs> = declareAct('policy.day', {
  roles: ['owner'],
  tables: [dayPolicy],
  wanted: '{ role, aheadDays }',
});

export const manifestAdopt: Verb<'manifest.adopt', AdoptArgs> = declareAct('manifest.adopt', {
  roles: ['owner'],
  tables: [manifest, tableShapes],
  wanted: '{ verbs: ["name@1", ...], tables: { name: "shape" }, release }',
  publicTexts: releaseText,
});

export const bookAttest: Verb<'book.attest', AttestArgs> = declareAct('book.attest', {
  roles: ['owner', 'manager', 'till', 'van', 'warehouse', 'carrier', 'agent', 'auditor'],
  tables: [certificates, disagreements, relayAppointments],
  wanted: '{ scope, size, root, marked, manifest, digest }',
});

export const relayAppoint: Verb<'relay.appoint', AppointArgs> = declareAct('relay.appoint', {
  roles: ['owner'],
  tables: [relayAppointments, relayExtents, ...actTables],
  wanted: '{ epoch, relay, from, logs: [at most 256 of { scope, size, root }, sorted], address? }',
});

/** Each scope beside `hq` has one before every op that follows news there, so what it does is here. */
export const hqMark: Verb<'hq.mark', MarkArgs> = defineVerb({
  name: 'hq.mark',
  version: 1,
  roles: ['owner', 'manager', 'till', 'van', 'warehouse', 'carrier', 'agent'],
  tables: [marks],
  args: schemaOf<MarkArgs>(
    (value) =>
      isExactly(value, ['size', 'root']) &&
      Number.isSafeInteger(value['size']) &&
      (value['size'] as number) > 0 &&
      typeof value['root'] === 'string' &&
      /^[0-9a-f]{64}$/.test(value['root']),
    '{ size, root }',
  ),
  // That it goes on, and names the root of `hq`, the fold judges.
  plan: (_view, op, args) =>
    op.scope === 'hq' ? refuse('kernel/mark-in-hq') : [marks.write({ of: 'hq', size: args.size, root: args.root })],
});

export const builtinVerbs: readonly [
  typeof bookOpen,
  typeof deviceEnroll,
  typeof deviceAdmit,
  typeof deviceRotate,
  typeof deviceRevoke,
  typeof policyRevoke,
  typeof deviceRecover,
  typeof deviceDismiss,
  typeof recoverySet,
  typeof keyOverrule,
  typeof dayOpen,
  typeof policyDay,
  typeof manifestAdopt,
  typeof hqMark,
  typeof bookAttest,
  typeof relayAppoint,
] = [
  bookOpen,
  deviceEnroll,
  deviceAdmit,
  deviceRotate,
  deviceRevoke,
  policyRevoke,
  deviceRecover,
  deviceDismiss,
  recoverySet,
  keyOverrule,
  dayOpen,
  policyDay,
  manifestAdopt,
  hqMark,
  bookAttest,
  relayAppoint,
];

/**
 * In force everywhere without adoption: the kernel's verbs of its first release, and never one more. Whatever it gains later is adopted like the
 * verbs of any program (decision 025), or a kernel that lacks it would refuse what another applies.
 */
export const firstVerbs: ReadonlySet<string> = new Set([
  'book.open@1',
  'device.enroll@1',
  'device.admit@1',
  'device.rotate@1',
  'device.revoke@1',
  'policy.revoke@1',
  'device.recover@1',
  'device.dismiss@1',
  'recovery.set@1',
  'key.overrule@1',
  'day.open@1',
  'policy.day@1',
  'manifest.adopt@1',
  'hq.mark@1',
  'book.attest@1',
  'relay.appoint@1',
]);
