/**
 * The kernel's own tables and verbs: opening a book, enrolling devices, adopting verb versions, and marks. They are in force in every book and
 * cannot be withdrawn.
 */
import { nobleHasher } from '@tallystick/chain';
import { decodeHex, type Json } from '@tallystick/oplog';
import { judgeEnrolment, keyIdOf, parseBookOpenArgs, parseEnrolArgs, type Role } from '@tallystick/sign';
import { type AnyTable, type RegisterTable, registerTable, type SetTable, setTable } from './table.ts';
import { type ArgsSchema, defineVerb, refuse, type Verb } from './verb.ts';

type Text = 'text';
type Int = 'integer';

/** Devices as enrolled: role and key by device id. */
export const devices: RegisterTable<{ device: Text }, { key: Text; name: Text; role: Text; enrolment: Text }> =
  registerTable('devices', {
    key: { device: 'text' },
    columns: { key: 'text', name: 'text', role: 'text', enrolment: 'text' },
  });

/** Verb versions in force. */
export const manifest: RegisterTable<{ verb: Text }, { adopted: Int }> = registerTable('manifest', {
  key: { verb: 'text' },
  columns: { adopted: 'integer' },
});

/** The `hq` prefix that this scope has taken notice of; one row named `hq`. */
export const marks: RegisterTable<{ of: Text }, { size: Int; root: Text }> = registerTable('marks', {
  key: { of: 'text' },
  columns: { size: 'integer', root: 'text' },
});

/** The book's own facts; one row in `hq`. */
export const books: RegisterTable<{ book: Text }, { name: Text }> = registerTable('books', {
  key: { book: 'text' },
  columns: { name: 'text' },
});

/** Ops without effect at their place, and why. */
export const refusals: SetTable<{ hash: Text }, { id: Text; device: Text; verb: Text; code: Text; details: Text }> =
  setTable('refusals', {
    key: { hash: 'text' },
    columns: { id: 'text', device: 'text', verb: 'text', code: 'text', details: 'text' },
  });

/** Tables that every book has, whatever its verbs. */
export const builtinTables: readonly AnyTable[] = [books, devices, manifest, marks, refusals];

export interface BookOpenArgs {
  /** The root's public key, 32 bytes as hex. */
  readonly key: string;
  readonly name: string;
  /** Verb versions in force from the start, as `name@version`. */
  readonly verbs: readonly string[];
}
export interface EnrolArgs {
  readonly device: string;
  readonly key: string;
  readonly name: string;
  readonly role: Role;
}
export interface MarkArgs {
  readonly size: number;
  readonly root: string;
}
export interface AdoptArgs {
  readonly verbs: readonly string[];
}

const VERB_REF = /^[a-z][a-z0-9]*(\.[a-z][a-z0-9-]*)+@[1-9][0-9]{0,5}$/;

/** A schema out of a predicate; the kernel carries no schema library. */
function schemaOf<A>(accepts: (value: unknown) => boolean, wanted: string): ArgsSchema<A> {
  return {
    '~standard': {
      version: 1,
      vendor: 'tallystick',
      validate: (value) => (accepts(value) ? { value } : { issues: [{ message: `expected ${wanted}` }] }),
    },
  };
}

function isExactly(value: unknown, names: readonly string[]): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const keys = Object.keys(value);
  return keys.length === names.length && names.every((name) => Object.hasOwn(value, name));
}

function isVerbList(value: unknown): boolean {
  return (
    Array.isArray(value) &&
    value.length > 0 &&
    value.length <= 1000 &&
    value.every((ref) => typeof ref === 'string' && VERB_REF.test(ref))
  );
}

export const bookOpen: Verb<'book.open', BookOpenArgs> = defineVerb({
  name: 'book.open',
  version: 1,
  roles: ['owner'],
  tables: [books, devices, manifest],
  args: schemaOf<BookOpenArgs>((value) => parseBookOpenArgs(value as Json).ok, '{ key, name, verbs }'),
  plan: (view, op, args) => {
    if (op.seq !== 1 || op.scope !== 'hq' || view.list(books, {}).length > 0) return refuse('kernel/not-genesis');
    return [
      books.write({ book: op.hash, name: args.name }),
      devices.write({ device: op.device, key: args.key, name: 'root', role: 'owner', enrolment: op.hash }),
      ...[...new Set(args.verbs)].sort().map((verb) => manifest.write({ verb, adopted: 1 })),
    ];
  },
});

export const deviceEnroll: Verb<'device.enroll', EnrolArgs> = defineVerb({
  name: 'device.enroll',
  version: 1,
  roles: ['owner', 'manager'],
  tables: [devices],
  args: schemaOf<EnrolArgs>((value) => parseEnrolArgs(value as Json).ok, '{ device, key, name, role }'),
  plan: (view, op, args) => {
    const judged = judgeEnrolment(view.author.role, args);
    if (judged !== undefined) return refuse(judged.code);
    if ((keyIdOf(decodeHex(args.key) ?? new Uint8Array(0), nobleHasher) as string) !== args.device)
      return refuse('sign/device');
    if (
      view.get(devices, { device: args.device }) !== undefined ||
      view.hq.get(devices, { device: args.device }) !== undefined
    ) {
      return refuse('kernel/already-enrolled', { device: args.device });
    }
    return [
      devices.write({ device: args.device, key: args.key, name: args.name, role: args.role, enrolment: op.hash }),
    ];
  },
});

export const manifestAdopt: Verb<'manifest.adopt', AdoptArgs> = defineVerb({
  name: 'manifest.adopt',
  version: 1,
  roles: ['owner'],
  tables: [manifest],
  args: schemaOf<AdoptArgs>(
    (value) => isExactly(value, ['verbs']) && isVerbList(value['verbs']),
    '{ verbs: ["name@1", ...] }',
  ),
  plan: (_view, op, args) => {
    if (op.scope !== 'hq') return refuse('kernel/only-hq');
    return [...new Set(args.verbs)].sort().map((verb) => manifest.write({ verb, adopted: 1 }));
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
  plan: (view, op, args) => {
    if (op.scope === 'hq') return refuse('kernel/mark-in-hq');
    const before = view.get(marks, { of: 'hq' });
    if (before !== undefined && before.size >= args.size) return refuse('kernel/mark-backwards', { size: before.size });
    return [marks.write({ of: 'hq', size: args.size, root: args.root })];
  },
});

export const builtinVerbs: readonly [typeof bookOpen, typeof deviceEnroll, typeof manifestAdopt, typeof hqMark] = [
  bookOpen,
  deviceEnroll,
  manifestAdopt,
  hqMark,
];
