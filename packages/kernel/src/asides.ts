/** What a book holds back: records whose author, or whose place, is not known yet. */
import type { Merged } from './merge-records.ts';
import { loadExchange } from './parts.ts';
import type { Replica } from './replica.ts';

/** What was held back before may fit now. Call inside `exclusive`, after anything was stored. */
export async function retryAsides(replica: Replica): Promise<Merged> {
  if ((await replica.log.asides()).length === 0) return { refolded: 0, aside: [] };
  const { mergeRecords } = await loadExchange();
  return mergeRecords(replica, []);
}
