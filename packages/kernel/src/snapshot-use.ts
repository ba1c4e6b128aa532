/** What an open book does with the snapshot that it began from: tables that are touched, and what people are told of it. */
import { KernelError } from './errors.ts';
import type { Replica } from './replica.ts';
import { type AbsentTable, NotResident } from './residency.ts';
import type { SnapshotTrust } from './snapshot-trust.ts';
import type { Steps } from './steps.ts';
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

/** Call inside a transaction. */
export function* fetchTables(replica: Replica, tables: readonly AbsentTable[]): Steps<void> {
  for (const entry of tables) if (!(yield* replica.fetchTable(entry.scope, entry.table))) throw notResident([entry]);
}
