/** Tables of a snapshot to which rows came before their own were here. */
import type { Replica } from './replica.ts';
import { fetchTables } from './snapshot-use.ts';

/** Loads the tables to which rows came while theirs were not here: only together they have a digest. Call outside a transaction. */
export async function fetchGrown(replica: Replica): Promise<void> {
  const { residency } = replica.schema;
  if (residency.size === 0) return;
  replica.transactions.writeHeld();
  const grown = residency.absent.filter((absent) => residency.hasGrown(replica.sql, absent));
  if (grown.length > 0) await replica.inSteps(() => fetchTables(replica, grown));
}
