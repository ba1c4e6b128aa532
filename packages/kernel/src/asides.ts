/** What a book holds back: records whose author, or whose place, is not known yet. */
import { loadExchange } from './parts.ts';
import type { Replica } from './replica.ts';

/** What was held back before may fit now. Call inside `exclusive`, after anything was stored. */
export async function retryAsides(replica: Replica): Promise<void> {
  if ((await replica.log.asides()).length === 0) return;
  // Without what judges it, it is held back until the next exchange, and the book goes on.
  const exchange = await loadExchange().catch(() => undefined);
  await exchange?.mergeAsides(replica);
}
