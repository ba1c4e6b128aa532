/** The kernel's own tables. Every book has them, whatever its verbs. */
import { type AnyTable, type RegisterTable, registerTable, type SetTable, setTable } from './table.ts';
import type { ArgsSchema } from './verb.ts';

type Text = 'text';
type Int = 'integer';

/** Devices as enrolled or admitted here: role, newest key and its id, by device id. `status` is `active` or `revoked`; `replaces` a device whose work this one may adopt, or ''; `untilDay` its last day, or ''. */
export const devices: RegisterTable<
  { device: Text },
  { key: Text; keyId: Text; name: Text; role: Text; enrolment: Text; status: Text; replaces: Text; untilDay: Text }
> = registerTable('devices', {
  key: { device: 'text' },
  columns: {
    key: 'text',
    keyId: 'text',
    name: 'text',
    role: 'text',
    enrolment: 'text',
    status: 'text',
    replaces: 'text',
    untilDay: 'text',
  },
});

/** Devices of other scopes that `hq` revoked in all of them: `revoked`, or `active` again after a recovery key took that back. */
export const revocations: RegisterTable<{ device: Text }, { status: Text }> = registerTable('revocations', {
  key: { device: 'text' },
  columns: { status: 'text' },
});

/** Whom a role may revoke, as roles separated by spaces; a role without a row may do what `defaultRevokes` says. */
export const keyPolicy: RegisterTable<{ role: Text }, { revokes: Text }> = registerTable('keyPolicy', {
  key: { role: 'text' },
  columns: { revokes: 'text' },
});

/** The business day that is open in this scope, and the last one that somebody opened whom no policy limits, or ''; one row named `book`. */
export const businessDays: RegisterTable<{ of: Text }, { day: Text; vouched: Text }> = registerTable('businessDays', {
  key: { of: 'text' },
  columns: { day: 'text', vouched: 'text' },
});

/** In `hq`: by how many days a role may open days beyond the last one that is vouched for. */
export const dayPolicy: RegisterTable<{ role: Text }, { aheadDays: Int }> = registerTable('dayPolicy', {
  key: { role: 'text' },
  columns: { aheadDays: 'integer' },
});

/** Names by which devices were enrolled or admitted here, each of one device for ever. */
export const deviceNames: RegisterTable<{ name: Text }, { device: Text }> = registerTable('deviceNames', {
  key: { name: 'text' },
  columns: { device: 'text' },
});

/** Verb versions in force: by the op `op`, of the program `release`, or ''. */
export const manifest: RegisterTable<{ verb: Text }, { release: Text; op: Text }> = registerTable('manifest', {
  key: { verb: 'text' },
  columns: { release: 'text', op: 'text' },
});

/** Tables in force and their shapes, in the form of shape.ts; like `manifest`. */
export const tableShapes: RegisterTable<{ name: Text }, { shape: Text; release: Text; op: Text }> = registerTable(
  'tableShapes',
  { key: { name: 'text' }, columns: { shape: 'text', release: 'text', op: 'text' } },
);

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

/** Ops that have their effect and more: what was posted or noted because they could not be taken as they are, and why. */
export const corrections: SetTable<{ hash: Text }, { id: Text; device: Text; verb: Text; code: Text; details: Text }> =
  setTable('corrections', {
    key: { hash: 'text' },
    columns: { id: 'text', device: 'text', verb: 'text', code: 'text', details: 'text' },
  });

/** Ops of domain verbs without effect because of who wrote them, whole: a person may yet adopt them. `code` says why. */
export const quarantine: SetTable<
  { hash: Text },
  { id: Text; device: Text; at: Int; seq: Int; verb: Text; args: Text; code: Text }
> = setTable('quarantine', {
  key: { hash: 'text' },
  columns: { id: 'text', device: 'text', at: 'integer', seq: 'integer', verb: 'text', args: 'text', code: 'text' },
});

/** What became of quarantined ops: `recovered` or `dismissed`, by the op `act` of the device `by`. */
export const recoveries: SetTable<{ op: Text }, { kind: Text; by: Text; act: Text; reason: Text }> = setTable(
  'recoveries',
  { key: { op: 'text' }, columns: { kind: 'text', by: 'text', act: 'text', reason: 'text' } },
);

/** Tables that every book has, whatever its verbs. */
export const builtinTables: readonly AnyTable[] = [
  books,
  businessDays,
  corrections,
  dayPolicy,
  deviceNames,
  devices,
  keyPolicy,
  manifest,
  marks,
  quarantine,
  recoveries,
  refusals,
  revocations,
  tableShapes,
];

/** A schema out of a predicate; the kernel carries no schema library. `publicTexts` says of each member that takes what people write why it is no person's. */
export function schemaOf<A>(
  accepts: (value: unknown) => boolean,
  wanted: string | (() => string),
  publicTexts: Readonly<Record<string, string>> = {},
): ArgsSchema<A> {
  return {
    publicTexts,
    '~standard': {
      version: 1,
      vendor: 'tallystick',
      validate: (value) =>
        accepts(value)
          ? { value }
          : { issues: [{ message: `expected ${typeof wanted === 'string' ? wanted : wanted()}` }] },
    },
  };
}

export function isHash(value: unknown): value is string {
  return typeof value === 'string' && /^[0-9a-f]{64}$/.test(value);
}

/** An object with these members and no other. */
export function isExactly(value: unknown, names: readonly string[]): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const keys = Object.keys(value);
  return keys.length === names.length && names.every((name) => Object.hasOwn(value, name));
}
