/** What has no receipt yet, handed to a relay in causal order: own ops, and those that they build on. */
import { handInClaims } from '@tallystick/cas';
import { type BookId, type OpHash, type OpRecord, orderTail, type Scope as ScopeName } from '@tallystick/oplog';
import { type PushAnswer, type RelayClient, RelayError, verifyCheckpoint } from '@tallystick/relay-protocol';
import { keptBy, noteKept } from './kept-ops.ts';
import type { Reading } from './pull.ts';
import { noteCheck } from './relay-key.ts';
import { keepReceipt, requireReceipts, settleReceipted } from './receipted.ts';
import { NOTHING, type SyncReport } from './sync-report.ts';

const grantsNothing: ReadonlySet<string> = new Set(['relay/claim-alarm', 'relay/home-away']);

export interface Exchange extends Reading {
  readonly client: RelayClient;
  /** The name of a relay that follows the pinned one, where such a one answers: it may lag, and what it has not got accuses nobody. */
  readonly mirror?: string;
}

/** Sends pending ops that have no receipt, ours and those ours build on, in causal order. */
export async function push(
  exchange: Exchange,
  scope: ScopeName,
): Promise<{ readonly size: number; readonly report: SyncReport }> {
  const { replica, relay, mirror, nowMs } = exchange;
  const keptThere = mirror === undefined ? new Map<OpHash, number>() : keptBy(replica, mirror, nowMs);
  const all = await replica.exclusive(async () => {
    const { size } = replica.log.tip(scope);
    // What the relay signed for and has not where it said is handed in again.
    const isMissing = ({ hash }: OpRecord): boolean => (replica.log.receiptPosition(hash) ?? -1) < size;
    return (await replica.pending(scope)).filter(isMissing);
  });
  // What a relay near by keeps it need not be told with every exchange.
  const pending = all.filter(({ hash }) => !keptThere.has(hash));
  const keptBefore = all.length - pending.length;
  if (pending.length === 0) return { size: 0, report: keptBefore === 0 ? NOTHING : { ...NOTHING, kept: keptBefore } };
  const answer = await pushTo(exchange, scope, pending);
  for (const note of answer.receipts) await keepReceipt(replica, relay, scope, note);
  requireReceipts(replica, scope, answer.results);
  const settled = await settleReceipted(replica, scope, relay, answer.checkpoint);
  noteKept(keptThere, answer.results, nowMs);
  const keptNow = answer.results.filter(({ verdict }) => verdict === 'kept').length;
  const notTaken = answer.results.filter(({ position, verdict }) => position === undefined && verdict !== 'kept');
  const report = {
    pushed: answer.results.length - notTaken.length - keptNow,
    ...(keptBefore + keptNow === 0 ? {} : { kept: keptBefore + keptNow }),
    notTaken,
    warned: answer.results.filter(({ position, warnings = [] }) => position !== undefined && warnings.length > 0),
    settled: settled.settled,
    refolded: settled.refolded,
  };
  return { size: answer.size, report };
}

/** Throws `relay/rolled-back` where the relay has less than it signed: nothing needs to be pulled to see that. */
async function pushTo(
  { replica, client, book, relay }: Exchange,
  scope: ScopeName,
  pending: readonly OpRecord[],
): Promise<PushAnswer> {
  const { size, note } = replica.log.tip(scope);
  try {
    const answer = await handIn(client, book, scope, orderTail(pending));
    const after = await verifyCheckpoint(answer.checkpoint, noteCheck(replica, relay, scope));
    if (!after.ok || after.value.size >= size) return answer;
    const message = `the relay has ${after.value.size} ops, we have ${size}`;
    throw new RelayError('relay/rolled-back', message, { evidence: [note, answer.checkpoint] });
  } catch (error) {
    if (!(error instanceof RelayError) || error.code !== 'relay/unknown-book' || size === 0) throw error;
    throw new RelayError('relay/rolled-back', `the relay has no such book, we have ${size} ops of it`, {
      evidence: [note],
      cause: error,
    });
  }
}

/** Ops that claim a token ask for it; one that somebody else has is pushed all the same, and its verb says what the loss is. */
async function handIn(
  client: RelayClient,
  book: BookId,
  scope: ScopeName,
  records: readonly OpRecord[],
): Promise<PushAnswer> {
  try {
    return await handInClaims(client, { book, scope }, records);
  } catch (error) {
    // Such a relay grants nothing, and tells its operator. Who was first says the log, which this replica checks and folds itself.
    // A relay that is cut off from the home relay grants nothing either, and keeps what is pushed.
    if (!(error instanceof RelayError) || !grantsNothing.has(error.code)) throw error;
    return client.push(book, scope, records);
  }
}
