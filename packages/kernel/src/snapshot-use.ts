/** What an open book does with the snapshot that it began from: tables that are touched, and what people are told of it. */
import { KernelError } from './errors.ts';
import type { Replica } from './replica.ts';
import { type AbsentTable, tablesRead } from './residency.ts';
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

/** Of the tables that a query reads, those that are not here, in every scope. */
export function absentTablesOf({ schema, sql: driver }: Replica, sql: string): readonly AbsentTable[] {
  if (schema.residency.size === 0) return [];
  const read = tablesRead(driver, sql);
  return schema.residency.absent.filter(({ table }) => read.has(table));
}

export function notResident(absent: readonly AbsentTable[]): KernelError {
  const names = absent.map(({ scope, table }) => `${table} of ${scope}`).join(', ');
  return new KernelError('kernel/not-resident', `not loaded yet: ${names}`);
}

/** Call inside a transaction. */
export async function fetchTables(replica: Replica, tables: readonly AbsentTable[]): Promise<void> {
  for (const entry of tables) if (!(await replica.fetchTable(entry.scope, entry.table))) throw notResident([entry]);
}
