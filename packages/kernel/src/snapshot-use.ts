/** What an open book does with the snapshot that it began from: tables that are touched, and what people are told of it. */
import { KernelError } from './errors.ts';
import type { Replica } from './replica.ts';
import { type AbsentTable, NotResident } from './residency.ts';
import type { SnapshotStart } from './snapshot-start.ts';
import type { SnapshotTrust } from './snapshot-trust.ts';
import { readTrust } from './trust-note.ts';

export interface SnapshotStatus {
  readonly trust: SnapshotTrust;
  /** Who made it. */
  readonly device: string;
  /** Tables that nobody has touched yet, so that their rows are not here. */
  readonly absent: readonly AbsentTable[];
}

/** Undefined for a book that did not begin from a snapshot. */
export function snapshotStatus(replica: Replica): SnapshotStatus | undefined {
  const note = readTrust(replica);
  return note && { trust: note.trust, device: note.device, absent: replica.schema.residency.absent };
}

/** The table for want of which something failed. Throws what is another error. */
export function touchedBy({ schema }: Replica, cause: unknown): readonly AbsentTable[] {
  const absent = cause instanceof NotResident ? schema.residency.get(cause.scope, cause.table) : undefined;
  if (absent === undefined) throw cause;
  return [absent];
}

export function notResident(absent: readonly AbsentTable[]): KernelError {
  const names = absent.map(({ scope, table }) => `${table} of ${scope}`).join(', ');
  return new KernelError('kernel/not-resident', `not loaded yet: ${names}`);
}

/** Loads the tables to which rows came while theirs were not here: only together they have a digest. Call outside a transaction. */
export async function fetchGrown(replica: Replica): Promise<void> {
  const { residency } = replica.schema;
  if (residency.size === 0) return;
  replica.transactions.writeHeld();
  const grown = residency.absent.filter((absent) => residency.hasGrown(replica.sql, absent));
  if (grown.length > 0) await replica.transaction(() => fetchTables(replica, grown));
}

/** Call inside a transaction. */
export async function fetchTables(replica: Replica, tables: readonly AbsentTable[]): Promise<void> {
  for (const entry of tables) if (!(await replica.fetchTable(entry.scope, entry.table))) throw notResident([entry]);
}

/** So many rows hold nobody up. */
const MOST_ROWS = 1000;

/**
 * Loads a table while others work. The rows of a set stand for themselves, so they come in pieces; of all others they come at once. Somebody may touch the
 * table and load it meanwhile. Call outside `exclusive`.
 */
export async function loadBeside(replica: Replica, start: SnapshotStart, entry: AbsentTable): Promise<void> {
  const { residency, tables } = replica.schema;
  const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));
  const isToCome = (): boolean => residency.get(entry.scope, entry.table) !== undefined;
  const { rows } = await start.read(replica, entry, pause);
  const most = tables.get(entry.table)?.def.kind === 'set' ? MOST_ROWS : rows.length;
  for (let from = 0; isToCome(); from += most) {
    await replica.exclusive(() =>
      replica.transaction(() => {
        if (!isToCome()) return;
        start.insert(replica, entry, rows.slice(from, from + most));
        if (from + most >= rows.length) residency.remove(replica.transactions.driver, entry);
      }),
    );
    await pause();
  }
}
