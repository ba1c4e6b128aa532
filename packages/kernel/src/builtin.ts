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
  publicTexts: { name: 'what the business is called', ...releaseText },
});

export const deviceEnroll: Verb<'device.enroll', EnrolArgs> = declareAct('device.enroll', {
  roles: ['owner', 'manager'],
  tables: deviceTables,
  publicTexts: deviceTexts,
});

export const deviceAdmit: Verb<'device.admit', AdmitArgs> = declareAct('device.admit', {
  roles: ['owner', 'manager'],
  tables: deviceTables,
  publicTexts: deviceTexts,
});

export const deviceRotate: Verb<'device.rotate', RotateArgs> = declareAct('device.rotate', {
  roles: everyRole,
  tables: [devices, ...actTables],
});

export const deviceRevoke: Verb<'device.revoke', RevokeArgs> = declareAct('device.revoke', {
  roles: everyRole,
  tables: [devices, keyPolicy, revocations, ...actTables],
});

export const policyRevoke: Verb<'policy.revoke', RevokePolicyArgs> = declareAct('policy.revoke', {
  roles: ['owner'],
  tables: [keyPolicy, ...actTables],
});

export const deviceRecover: Verb<'device.recover', RecoverArgs> = declareAct('device.recover', {
  roles: everyRole,
  tables: [devices, quarantine, recoveries],
});

export const deviceDismiss: Verb<'device.dismiss', DismissArgs> = declareAct('device.dismiss', {
  roles: ['owner', 'manager'],
  tables: [quarantine, recoveries],
  publicTexts: { reason: 'why an op of a device was put aside' },
});

export const recoverySet: Verb<'recovery.set', RecoverySetArgs> = declareAct('recovery.set', {
  roles: ['owner'],
  tables: [devices, ...actTables],
});

export const keyOverrule: Verb<'key.overrule', OverruleArgs> = declareAct('key.overrule', {
  roles: ['owner'],
  tables: [devices, keyPolicy, revocations, ...actTables],
});

export const dayOpen: Verb<'day.open', DayArgs> = declareAct('day.open', {
  roles: ['owner', 'manager', 'till'],
  tables: [businessDays, dayPolicy, ...actTables],
});

export const policyDay: Verb<'policy.day', DayPolicyArgs> = declareAct('policy.day', {
  roles: ['owner'],
  tables: [dayPolicy],
});

export const manifestAdopt: Verb<'manifest.adopt', AdoptArgs> = declareAct('manifest.adopt', {
  roles: ['owner'],
  tables: [manifest, tableShapes],
  publicTexts: releaseText,
});

export const bookAttest: Verb<'book.attest', AttestArgs> = declareAct('book.attest', {
  roles: ['owner', 'manager', 'till', 'van', 'warehouse', 'carrier', 'agent', 'auditor'],
  tables: [certificates, disagreements, relayAppointments],
});

export const relayAppoint: Verb<'relay.appoint', AppointArgs> = declareAct('relay.appoint', {
  roles: ['owner'],
  tables: [relayAppointments, relayExtents, ...actTables],
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
  // Those of the first release, in this order; later ones follow.
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
export const firstVerbs: ReadonlySet<string> = new Set(builtinVerbs.slice(0, 16).map(({ ref }) => ref));
