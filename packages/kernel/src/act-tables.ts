/** The tables of the kernel's own verbs beside those that every fold asks: recovery keys and what they may take back, certificates, and which relay is appointed. */
import { type AnyTable, type RegisterTable, registerTable, type SetTable, setTable } from './table.ts';

type Text = 'text';
type Int = 'integer';

/** The recovery keys as device ids separated by spaces, highest priority first, and how long they may overrule; one row named `book`. */
export const recoveryKeys: RegisterTable<{ of: Text }, { devices: Text; windowDays: Int }> = registerTable(
  'recoveryKeys',
  { key: { of: 'text' }, columns: { devices: 'text', windowDays: 'integer' } },
);

/** Acts that may be overruled: by whom, of what rank, about whom, the how many-eth act, after how many `openedDays`, and the row it replaced. */
export const keyActs: SetTable<
  { hash: Text },
  { kind: Text; subject: Text; author: Text; rank: Int; number: Int; days: Int; windowDays: Int; before: Text }
> = setTable('keyActs', {
  key: { hash: 'text' },
  columns: {
    kind: 'text',
    subject: 'text',
    author: 'text',
    rank: 'integer',
    number: 'integer',
    days: 'integer',
    windowDays: 'integer',
    before: 'text',
  },
});

/** Which day a recovery key opened, and its rank then. */
export const openedDays: SetTable<{ number: Int }, { day: Text; by: Text; rank: Int }> = setTable('openedDays', {
  key: { number: 'integer' },
  columns: { day: 'text', by: 'text', rank: 'integer' },
});

/** How many acts and days there are; one row named `book`. */
export const keyCounts: RegisterTable<{ of: Text }, { acts: Int; days: Int }> = registerTable('keyCounts', {
  key: { of: 'text' },
  columns: { acts: 'integer', days: 'integer' },
});

/** Acts that were taken back. */
export const overrules: SetTable<{ act: Text }, { by: Text }> = setTable('overrules', {
  key: { act: 'text' },
  columns: { by: 'text' },
});

/** What a verb needs that records acts or days. */
export const actTables: readonly AnyTable[] = [recoveryKeys, keyActs, openedDays, keyCounts, overrules];

interface Claimed {
  root: Text;
  marked: Int;
  manifest: Text;
  digest: Text;
}

/** What devices said of the settled prefix of this scope. */
export const certificates: SetTable<
  { size: Int; op: Text },
  { device: Text } & { [Name in keyof Claimed]: Claimed[Name] }
> = setTable('certificates', {
  key: { size: 'integer', op: 'text' },
  columns: { device: 'text', root: 'text', marked: 'integer', manifest: 'text', digest: 'text' },
});

/**
 * Certificates of one prefix that cannot both be true, the first of each two devices; `about` is the first thing in which they differ. What those two
 * say later is in `certificates`.
 */
export const disagreements: SetTable<
  { op: Text; against: Text },
  { size: Int; about: Text; device: Text; otherDevice: Text }
> = setTable('disagreements', {
  key: { op: 'text', against: 'text' },
  columns: { size: 'integer', about: 'text', device: 'text', otherDevice: 'text' },
});

/** The relay in force and the op that appointed it, with the size of `hq` that the op lists; one row named `book`. `address` may be ''. */
export const relayAppointments: RegisterTable<
  { of: Text },
  { epoch: Int; relay: Text; replaced: Text; address: Text; rank: Int; op: Text; hqSize: Int }
> = registerTable('relayAppointments', {
  key: { of: 'text' },
  columns: {
    epoch: 'integer',
    relay: 'text',
    replaced: 'text',
    address: 'text',
    rank: 'integer',
    op: 'text',
    hqSize: 'integer',
  },
});

/** With which ops the log of a scope begins at the relay that `op` appointed: so many, with this root. */
export const relayExtents: SetTable<{ op: Text; log: Text }, { size: Int; root: Text }> = setTable('relayExtents', {
  key: { op: 'text', log: 'text' },
  columns: { size: 'integer', root: 'text' },
});
