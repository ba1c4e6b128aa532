// Group commit: pushes of many connections, scopes and books that wait together are judged one after another, become durable in one
// transaction, and are answered then (docs/spec/relay.md, "Push").
import { encodeVerifierKey } from '@tallystick/chain';
import { type BookId, type MaybePromise, type OpRecord, type Scope } from '@tallystick/oplog';
import { headquarters as hq } from '@tallystick/sign/roster';
import { parseAnswerCode, RelayError } from './errors.ts';
import type { Ruling } from './gate.ts';
import { allHere, whenHere } from './maybe.ts';
import type { Push, PushDesk, PushOutcome } from './push.ts';
import { batchOf, hasPlace, isOfLog, judgePush, openPushedLog, type PushedLog } from './pushed-log.ts';
import { unknownBook } from './readers.ts';
import { encodeClaims, originOf, signReceipts } from './receipt.ts';
import type { Batch, LogState } from './store.ts';
import { tenureOf } from './tenure.ts';

/** What becomes of one push: an answer, or what is thrown at whoever waits for it. */
export type Settled = { readonly outcome: PushOutcome } | { readonly error: unknown };

/** What became of a push at the gate, and not yet on the disk. */
interface Judged {
  readonly pushed: PushedLog;
  readonly ruling: Ruling;
  readonly opened: boolean;
}

/** Of one group, each against another state of the logs. */
const maxAttempts = 8;
/** Logs in a row. */
const maxFailures = 8;

/**
 * One for each push, in order. Nothing else may change these books meanwhile; where another process does, all is judged again. What fails together is tried
 * once more log by log: one that is damaged costs its neighbours time and nothing else.
 */
export async function commitPushes(desk: PushDesk, pushes: readonly Push[]): Promise<readonly Settled[]> {
  const settled = await commitTogether(desk, pushes);
  const failed = pushes.filter((_, index) => isFailure(settled[index] as Settled));
  const logs = [...groupBy(failed, ({ book, scope }) => `${book} ${scope}`).values()];
  if (logs.length === 0 || (failed.length === pushes.length && logs.length === 1)) return settled;
  logs.sort(([left], [right]) => rank((left as Push).scope) - rank((right as Push).scope));
  const again = new Map<Push, Settled>();
  let failures = 0;
  for (const ofLog of logs) {
    // So many in a row: it is the store that fails, and whoever waits is told so now.
    if (failures === maxFailures) break;
    const alone = await commitTogether(desk, ofLog);
    failures = alone.some(isFailure) ? failures + 1 : 0;
    for (const [index, push] of ofLog.entries()) again.set(push, alone[index] as Settled);
  }
  return pushes.map((push, index) => again.get(push) ?? (settled[index] as Settled));
}

/** Nobody's fault but this relay's: no refusal, which is an answer. */
function isFailure(one: Settled): boolean {
  return 'error' in one && !(one.error instanceof RelayError && parseAnswerCode(one.error.code) !== undefined);
}

async function commitTogether(desk: PushDesk, pushes: readonly Push[]): Promise<readonly Settled[]> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await attemptCommit(desk, pushes);
    } catch (error) {
      // The rosters may have taken notice of ops that were not stored, or lack what another process stored.
      for (const { book } of pushes) desk.rosters.forget(book);
      const busy = new RelayError('relay/busy', 'other writers were first', { cause: error });
      if (!isConflict(error) || attempt === maxAttempts)
        return pushes.map(() => ({ error: isConflict(error) ? busy : error }));
    }
  }
}

async function attemptCommit(desk: PushDesk, pushes: readonly Push[]): Promise<readonly Settled[]> {
  await desk.store.refresh?.();
  const judged = new Map<Push, Judged | { readonly error: unknown }>();
  const batches: Batch[] = [];
  const states = new Map<PushedLog, LogState>();
  const books = [...groupBy(pushes, ({ book }) => book)];
  /** Where it fails, nothing of this book is stored, and no other book is the worse for it. */
  const apart = async <T>(book: BookId, ofBook: readonly Push[], work: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await work();
    } catch (error) {
      if (isConflict(error)) throw error;
      desk.rosters.forget(book);
      for (const push of ofBook) judged.set(push, { error });
      return undefined;
    }
  };
  // All grounds are laid, and signatures begin to be checked, before anything is judged.
  const opened = new Map<BookId, readonly OpenedLog[]>();
  for (const [book, ofBook] of books) {
    const logs = await apart(book, ofBook, async () => {
      const admitted = await admitPushes(desk, book, ofBook, opened.size, judged);
      return openLogs(desk, book, admitted);
    });
    if (logs !== undefined && logs.length > 0) opened.set(book, logs);
  }
  for (const [book, ofBook] of books) {
    const logs = opened.get(book) ?? [];
    const ofLogs = await apart(book, ofBook, () => judgeLogs(desk, book, logs, judged, states));
    batches.push(...(ofLogs ?? []));
  }
  if (batches.length > 0) await desk.store.append(batches);
  desk.quota.grown(batches);
  for (const { book, enrolments } of batches) {
    const [log] = opened.get(book) ?? [];
    if (log !== undefined) desk.rosters.grown(log.pushed.roster, enrolments.length);
  }
  const receipts = await signGroup(desk, judged);
  return allHere(pushes.map((push) => () => settle(desk, push, judged, states, receipts)));
}

/** What a push is answered, now that all is durable. */
function settle(
  desk: PushDesk,
  push: Push,
  judged: ReadonlyMap<Push, Judged | { readonly error: unknown }>,
  states: ReadonlyMap<PushedLog, LogState>,
  receipts: SignedGroup,
): MaybePromise<Settled> {
  const one = judged.get(push) as Judged | { readonly error: unknown };
  if ('error' in one) return one;
  const { pushed, ruling, opened } = one;
  const log = states.get(pushed) ?? pushed.log;
  const isAsked = push.wantsCheckpoint && log !== undefined;
  const checkpoint = isAsked ? desk.checkpoints.of(push.book, push.scope, log) : '';
  // Where this cannot be found out, the answer says less.
  const isKnown = hasPlace(ruling) || isOfLog(pushed, push).catch(() => false);
  const receipt = receipts.textOf.get(push);
  const signed = receipt === undefined ? { receipt: '' } : { receipt, receiptNote: receipts.note };
  const answer = (isKnown: boolean, checkpoint: string): Settled => ({
    outcome: { ...ruling, ...signed, isKnown, size: log?.size ?? 0, checkpoint, opened },
  });
  if (typeof checkpoint === 'string' && typeof isKnown === 'boolean') return answer(isKnown, checkpoint);
  return Promise.all([isKnown, checkpoint]).then((found) => answer(...found));
}

interface SignedGroup {
  readonly textOf: ReadonlyMap<Push, string>;
  readonly note: string;
}

/** One signature for the receipts of all pushes: whatever has a position is durable by now. */
async function signGroup(
  { signer, hasher }: PushDesk,
  judged: ReadonlyMap<Push, Judged | { readonly error: unknown }>,
): Promise<SignedGroup> {
  const claims = new Map<Push, string>();
  const vkey = encodeVerifierKey(signer, hasher);
  for (const [push, one] of judged) {
    const results = 'error' in one ? [] : one.ruling.results;
    const lines = results.flatMap(({ hash, position }) => (position === undefined ? [] : [{ position, hash }]));
    if (lines.length === 0) continue;
    const { epoch } = tenureOf((one as Judged).pushed.roster, vkey);
    claims.set(push, encodeClaims(originOf({ name: signer.name, epoch }, push.book, push.scope), lines));
  }
  const { texts, note } = await signReceipts([...claims.values()], signer, hasher);
  return { textOf: new Map([...claims.keys()].map((push, index) => [push, texts[index] as string])), note };
}

/** The pushes that may be judged; the others are answered. A book is opened by its genesis op in `hq` and by nothing else. */
async function admitPushes(
  desk: PushDesk,
  book: BookId,
  pushes: readonly Push[],
  booksBefore: number,
  judged: Map<Push, Judged | { readonly error: unknown }>,
): Promise<readonly Push[]> {
  const isHere = (await desk.store.log(book, hq)) !== undefined;
  if (isHere) await desk.tenures.require(book);
  if (isHere && desk.limits.maxBookBytes === Number.POSITIVE_INFINITY) return pushes;
  const admitted: Push[] = [];
  let ahead = 0;
  for (const push of pushes) {
    const refusal = isHere ? undefined : await findRefusedOpening(desk, push, booksBefore);
    const error = refusal ?? (await desk.quota.findRefusal(push, ahead));
    if (error === undefined) {
      admitted.push(push);
      ahead += push.sizeBytes;
    } else judged.set(push, { error });
  }
  return admitted;
}

async function findRefusedOpening(
  { store, books, limits }: PushDesk,
  { book, scope, frames }: Push,
  booksBefore: number,
): Promise<RelayError | undefined> {
  const brings = frames.some((frame) => frame.kind === 'record' && String(frame.record.hash) === book);
  if (!brings || scope !== hq) return unknownBook(book);
  if (books !== 'open' && !books.includes(book)) {
    return new RelayError('relay/book-refused', `this relay does not take book ${book}`);
  }
  if ((await store.bookCount()) + booksBefore < limits.maxBooks) return undefined;
  return new RelayError('relay/quota', `this relay keeps at most ${limits.maxBooks} books`);
}

/** A log with the pushes to it. */
interface OpenedLog {
  readonly pushed: PushedLog;
  readonly pushes: readonly Push[];
}

/** The logs of the book that the pushes came for, `hq` first: what it lets in may write elsewhere at once. */
async function openLogs(desk: PushDesk, book: BookId, pushes: readonly Push[]): Promise<readonly OpenedLog[]> {
  if (pushes.length === 0) return [];
  const roster = await desk.rosters.of(book);
  const byScope = [...groupBy(pushes, ({ scope }) => scope)].sort(([left], [right]) => rank(left) - rank(right));
  // All at once: where the store is a server, one answer after another would be most of the time that a commit takes.
  return allHere(
    byScope.map(
      ([scope, ofScope]) =>
        () =>
          whenHere(desk.store.log(book, scope), (log) =>
            whenHere(openPushedLog(desk, { book, scope, log, pushes: ofScope, roster }), (pushed) => ({
              pushed,
              pushes: ofScope,
            })),
          ),
    ),
  );
}

/** What is to be stored, log by log: what a batch brings to the roster is listed in the order in which it was judged. */
async function judgeLogs(
  desk: PushDesk,
  book: BookId,
  logs: readonly OpenedLog[],
  judged: Map<Push, Judged | { readonly error: unknown }>,
  states: Map<PushedLog, LogState>,
): Promise<readonly Batch[]> {
  const batches: Batch[] = [];
  let scopes: number | undefined;
  for (const { pushed, pushes } of logs) {
    const { scope, log, gate } = pushed;
    if (log === undefined) scopes ??= (await desk.store.scopes(book)).length;
    for (const push of pushes) {
      const isFirst = log === undefined && gate.accepted.length === 0;
      const isNew = isFirst && scope === hq;
      const error = isFirst && !isNew ? await desk.openings.findRefusal(pushed, push, scopes as number) : undefined;
      if (error !== undefined) {
        judged.set(push, { error });
        continue;
      }
      const ruling = await judgePush(desk, pushed, push).catch(refuseAlarm);
      if ('error' in ruling) judged.set(push, ruling);
      else judged.set(push, { pushed, ruling, opened: isNew && gate.accepted.length > 0 });
    }
    const batch = await batchOf(desk, pushed);
    if (batch !== undefined) {
      batches.push(batch);
      states.set(pushed, batch.state);
    }
    if (log === undefined && batch !== undefined) {
      scopes = (scopes as number) + 1;
      desk.openings.opened(pushed, gate.accepted[0] as OpRecord);
    }
    if (log === undefined && scope === hq && batch === undefined) desk.rosters.forget(book);
  }
  return batches;
}

/** Where the two memories of a log's claims differ, the claim is refused, and other pushes are not. */
function refuseAlarm(error: unknown): { readonly error: unknown } {
  if (error instanceof RelayError && error.code === 'relay/claim-alarm') return { error };
  throw error;
}

function isConflict(error: unknown): boolean {
  return error instanceof RelayError && error.code === 'relay/conflict';
}

function rank(scope: Scope): number {
  return scope === hq ? 0 : 1;
}

function groupBy<T, K>(items: readonly T[], keyOf: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group === undefined) groups.set(keyOf(item), [item]);
    else group.push(item);
  }
  return groups;
}
