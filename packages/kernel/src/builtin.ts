/**
 * The kernel's own tables and verbs: opening a book, enrolling devices, adopting verb versions, and marks. They cannot be withdrawn, and those of the
 * first release are in force in every book.
 */
import type { Json } from '@tallystick/oplog';
import {
  type DayPolicyArgs,
  defaultAheadDays,
  isDay,
  isWithinDays,
  parseBookOpenArgs,
  parseDayPolicyArgs,
  type Role,
} from '@tallystick/sign';
import {
  books,
  businessDays,
  dayPolicy,
  deviceNames,
  devices,
  isExactly,
  manifest,
  marks,
  schemaOf,
  tableShapes,
} from './builtin-tables.ts';
import { relayAppoint } from './appointment.ts';
import { bookAttest } from './certificates.ts';
import { deviceAdmit, deviceEnroll, deviceRevoke, deviceRotate, policyRevoke } from './device-verbs.ts';
import { adoption, isShapesByName, manifestAdopt } from './manifest.ts';
import { actTables, keyOverrule, noteDay, recoverySet } from './overrule.ts';
import { deviceDismiss, deviceRecover } from './recovery.ts';
import { defineVerb, refuse, type Verb, type View } from './verb.ts';

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
export { relayAppoint, relayAppointments, relayExtents } from './appointment.ts';
export { bookAttest, certificates, disagreements } from './certificates.ts';
export { keyActs, keyOverrule } from './overrule.ts';
export { deviceRecover } from './recovery.ts';
export { deviceAdmit, deviceEnroll, deviceRevoke, deviceRotate, policyRevoke } from './device-verbs.ts';

export interface BookOpenArgs {
  /** The root's public key, 32 bytes as hex. */
  readonly key: string;
  readonly name: string;
  /** Verb versions in force from the start, as `name@version`. */
  readonly verbs: readonly string[];
  /** Tables in force from the start: shapes by name. */
  readonly tables?: Readonly<Record<string, string>>;
  /** The release of the program that opens the book. */
  readonly release?: string;
}
export interface MarkArgs {
  readonly size: number;
  readonly root: string;
}

export const bookOpen: Verb<'book.open', BookOpenArgs> = defineVerb({
  name: 'book.open',
  version: 1,
  roles: ['owner'],
  tables: [books, deviceNames, devices, manifest, tableShapes],
  args: schemaOf<BookOpenArgs>(
    (value) => {
      const args = parseBookOpenArgs(value as Json);
      return args.ok && isShapesByName(args.value.tables ?? {});
    },
    '{ key, name, verbs, tables, release }',
    { name: 'what the business is called', release: 'a release of a program' },
  ),
  plan: (view, op, args) => {
    if (op.seq !== 1 || op.scope !== 'hq' || view.list(books, {}).length > 0) return refuse('kernel/not-genesis');
    const adopted = adoption(view, op, args);
    if ('kind' in adopted) return adopted;
    return [
      books.write({ book: op.hash, name: args.name }),
      deviceNames.write({ name: 'root', device: op.device }),
      devices.write({
        device: op.device,
        key: args.key,
        keyId: op.device,
        name: 'root',
        role: 'owner',
        enrolment: op.hash,
        status: 'active',
        replaces: '',
        untilDay: '',
      }),
      ...adopted,
    ];
  },
});

export interface DayArgs {
  /** `YYYY-MM-DD`. */
  readonly day: string;
}

/**
 * Rules that end with a day read it here, never from a clock. Days go forward; only an owner may correct one that was mistyped. How far a role may run
 * ahead of those whom nothing limits, an owner says; a till, while none has said it, a month.
 */
export const dayOpen: Verb<'day.open', DayArgs> = defineVerb({
  name: 'day.open',
  version: 1,
  roles: ['owner', 'manager', 'till'],
  tables: [businessDays, dayPolicy, ...actTables],
  args: schemaOf<DayArgs>((value) => isExactly(value, ['day']) && isDay(value['day']), '{ day: "YYYY-MM-DD" }'),
  plan: (view, op, { day }) => {
    const { day: before, vouched } = view.get(businessDays, { of: 'book' }) ?? { day: '', vouched: '' };
    const { role } = view.author;
    if (day === before || (day < before && role !== 'owner')) return refuse('kernel/day', { day: before });
    const aheadDays = role === 'owner' ? undefined : aheadDaysOf(view, role);
    if (aheadDays !== undefined) {
      const above = view.hq.get(businessDays, { of: 'book' })?.vouched ?? '';
      const from = vouched > above ? vouched : above;
      if (!isWithinDays(day, from, aheadDays)) return refuse('kernel/day', { day: before, from, aheadDays });
    }
    const row = { of: 'book', day, vouched: aheadDays === undefined ? day : vouched };
    return [...noteDay(view, op, day), businessDays.write(row)];
  },
});

function aheadDaysOf(view: View, role: Role): number | undefined {
  return view.hq.get(dayPolicy, { role })?.aheadDays ?? defaultAheadDays(role);
}

/** Says how far ahead a role opens business days. */
export const policyDay: Verb<'policy.day', DayPolicyArgs> = defineVerb({
  name: 'policy.day',
  version: 1,
  roles: ['owner'],
  tables: [dayPolicy],
  args: schemaOf<DayPolicyArgs>((value) => parseDayPolicyArgs(value as Json).ok, '{ role, aheadDays }'),
  plan: (_view, op, args) => (op.scope === 'hq' ? [dayPolicy.write(args)] : refuse('kernel/only-hq')),
});

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
