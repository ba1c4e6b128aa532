/**
 * The kernel's own tables and verbs: opening a book, enrolling devices, adopting verb versions, and marks. They cannot be withdrawn, and those of the
 * first release are in force in every book.
 */
import type { Json } from '@tallystick/oplog';
import { isDay, parseBookOpenArgs } from '@tallystick/sign';
import { books, businessDays, devices, isExactly, manifest, marks, schemaOf, tableShapes } from './builtin-tables.ts';
import { bookAttest } from './certificates.ts';
import { deviceAdmit, deviceEnroll, deviceRevoke, deviceRotate, policyRevoke } from './device-verbs.ts';
import { adoption, isShapesByName, manifestAdopt } from './manifest.ts';
import { actTables, keyOverrule, noteDay, recoverySet } from './overrule.ts';
import { deviceDismiss, deviceRecover } from './recovery.ts';
import { defineVerb, refuse, type Verb } from './verb.ts';

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
  tables: [books, devices, manifest, tableShapes],
  args: schemaOf<BookOpenArgs>((value) => {
    const args = parseBookOpenArgs(value as Json);
    return args.ok && isShapesByName(args.value.tables ?? {});
  }, '{ key, name, verbs, tables, release }'),
  plan: (view, op, args) => {
    if (op.seq !== 1 || op.scope !== 'hq' || view.list(books, {}).length > 0) return refuse('kernel/not-genesis');
    const adopted = adoption(view, op, args);
    if ('kind' in adopted) return adopted;
    return [
      books.write({ book: op.hash, name: args.name }),
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

/** Whether this is in the year of the last day that was opened, or the next: further than that only an owner or manager goes. */
function isNear(day: string, before: string): boolean {
  return before === '' || Number.parseInt(day, 10) <= Number.parseInt(before, 10) + 1;
}

/** Rules that end with a day read it here, never from a clock. Days go forward; only an owner may correct one that was mistyped. */
export const dayOpen: Verb<'day.open', DayArgs> = defineVerb({
  name: 'day.open',
  version: 1,
  roles: ['owner', 'manager', 'till'],
  tables: [businessDays, ...actTables],
  args: schemaOf<DayArgs>((value) => isExactly(value, ['day']) && isDay(value['day']), '{ day: "YYYY-MM-DD" }'),
  plan: (view, op, { day }) => {
    const before = view.get(businessDays, { of: 'book' })?.day ?? '';
    const { role } = view.author;
    if (day === before || (day < before && role !== 'owner') || (role === 'till' && !isNear(day, before)))
      return refuse('kernel/day', { day: before });
    return [...noteDay(view, op, day), businessDays.write({ of: 'book', day })];
  },
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
  typeof manifestAdopt,
  typeof hqMark,
  typeof bookAttest,
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
  manifestAdopt,
  hqMark,
  bookAttest,
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
  'manifest.adopt@1',
  'hq.mark@1',
  'book.attest@1',
]);
