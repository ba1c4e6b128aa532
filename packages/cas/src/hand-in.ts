// Handing in ops whose claims may be lost already: none is left out, since the chain of its author goes on from it.
import type { BookId, OpRecord, Scope } from '@tallystick/oplog';
import { type CallOptions, claimOf, type PushAnswer, type RelayClient } from '@tallystick/relay-protocol';

/**
 * Claims what can be claimed, and pushes what is left: a claim that another op holds is stored all the same and has lost, for the fold to say what becomes
 * of it. Ops that claim nothing are pushed as ever. `holder` in the results says who has each token. Throws what the client does, and `relay/claim-alarm`
 * before anything was pushed.
 */
export async function handInClaims(
  client: RelayClient,
  { book, scope }: { readonly book: BookId; readonly scope: Scope },
  records: readonly OpRecord[],
  options: CallOptions = {},
): Promise<PushAnswer> {
  if (!records.some(({ op }) => claimOf(op) !== undefined)) return client.push(book, scope, records, options);
  const claimed = await client.claim(book, scope, records, options);
  if (claimed.results.every(({ position }) => position !== undefined)) return claimed;
  const pushed = await client.push(book, scope, records, options);
  return { ...pushed, receipts: [...claimed.receipts, ...pushed.receipts] };
}
