/** Entries: how a verb of any package puts balanced postings into the books, and takes them back (DESIGN section 9). */
import { type Correction, type Effect, type OpFacts, type Refusal, refuse, type View } from '@tallystick/kernel';
import { breachOf, suspenseAccount } from './laws.ts';
import { isCurrency } from './text.ts';
import { addMinor } from './money.ts';
import { postings } from './postings.ts';
import { moveDevice } from './room.ts';
import { lateEntries, periods, reversals } from './tables.ts';

/** One side of an entry; debit positive, credit negative, in minor units. */
export interface EntryLine {
  readonly account: string;
  readonly currency: string;
  readonly amountMinor: number;
}

export interface Entry {
  /** Business day `YYYY-MM-DD`, as the op recorded it. */
  readonly day: string;
  readonly memo: string;
  readonly lines: readonly EntryLine[];
}

/**
 * The postings of an entry. Lines of one account and currency are merged and what comes to zero is left out, so an entry
 * may come to no postings at all. Where its day is closed and the close routes what is late, it stands on the first open day, and a row of
 * `lateEntries` keeps the day it was meant for. Refuses `ledger/currency`, `ledger/amount-range`; the table refuses what breaks the laws of
 * `laws.ts`. One entry an op: the rows are numbered from 1.
 */
export function post(view: View, op: OpFacts, entry: Entry): readonly Effect[] | Refusal {
  const merged = mergeLines(entry.lines);
  if ('code' in merged) return merged;
  const { day, memo } = entry;
  const lines = merged.filter(({ amountMinor }) => amountMinor !== 0);
  const moved = moveDevice(view, op, lines);
  return 'code' in moved ? moved : [...moved, ...put(view, op, day, memo, lines)];
}

/**
 * The most by which somebody's own entry, opening balance or transfer moves either side of a currency. Sums are bounded by 2^53: an amount near that, true or not, would
 * leave no room for anybody else's.
 */
export const maxEntryMinor = 1e14;

/** Refuses lines of one op that come to more than `maxEntryMinor` on a side, with `ledger/amount-range` and the account where they do. */
export function refuseTooLarge(lines: readonly EntryLine[]): Refusal | undefined {
  const sumsBySide = new Map<string, number>();
  for (const { account, currency, amountMinor } of lines) {
    const side = `${currency}${amountMinor < 0 ? '-' : '+'}`;
    const sumMinor = (sumsBySide.get(side) ?? 0) + Math.abs(amountMinor);
    if (sumMinor > maxEntryMinor) return refuse('ledger/amount-range', { account });
    sumsBySide.set(side, sumMinor);
  }
  return undefined;
}

/** Postings of what was done: they stand whatever is in their way, and that is said. */
export interface DonePosting {
  readonly effects: readonly Effect[];
  /** Why they would be left undone while that is possible: for `contest`. */
  readonly contested: Correction | undefined;
}

/**
 * The postings of an entry for which goods or money have changed hands, so that no law of an account or a period may lose them: a line that its account does not take,
 * by its terms, stands on `suspenseAccount`, and an entry for a closed day on the first open one, also where the close refuses what is late. `contested` says so, with
 * the code of the law. Refuses what the lines themselves are wrong by.
 */
export function postDone(view: View, op: OpFacts, entry: Entry): DonePosting | Refusal {
  const merged = mergeLines(entry.lines);
  if ('code' in merged) return merged;
  const { day, memo } = entry;
  const lines = merged.filter(({ amountMinor }) => amountMinor !== 0);
  const moved = moveDevice(view, op, lines);
  if ('code' in moved) return moved;
  const done = putDone(view, op, { day, memo, lines });
  return moved.length === 0 ? done : { ...done, effects: [...moved, ...done.effects] };
}

/** As `reverse`, of what was done; `lines` are posted with it, unless all of it was taken back before. */
export function reverseDone(
  view: View,
  op: OpFacts,
  { of, lines, ...entry }: { readonly of: string } & Entry,
): DonePosting | Refusal {
  if (view.get(reversals, { of }) !== undefined) return { effects: [], contested: undefined };
  const back = view
    .list(postings, { op: of })
    .map(({ account, currency, amountMinor }) => ({ account, currency, amountMinor: 0 - amountMinor }));
  // An entry of which both sides met on suspense left no postings: there is nothing to take back, and the lines stand all the same.
  if (back.length === 0) return postDone(view, op, { ...entry, lines });
  const merged = mergeLines([...back, ...lines]);
  if ('code' in merged) return merged;
  const done = putDone(view, op, { ...entry, lines: merged.filter(({ amountMinor }) => amountMinor !== 0) });
  return { ...done, effects: [reversals.put({ of, by: op.id }), ...done.effects] };
}

/** Lines of which none comes to zero. */
function putDone(view: View, op: OpFacts, { day, memo, lines }: Entry): DonePosting {
  let contested: Correction | undefined;
  let isHeld = false;
  const standing = lines.map((line) => {
    const breach = breachOf(view, line);
    if (breach === undefined) return line;
    isHeld = true;
    contested ??= { code: breach.code, details: breach.details };
    return { ...line, account: suspenseAccount };
  });
  // What is held of both sides may come to nothing, and what is on suspense already is one line with it.
  const merged = isHeld ? mergeLines(standing) : lines;
  const taken = !isHeld || 'code' in merged ? lines : merged.filter(({ amountMinor }) => amountMinor !== 0);
  const closed = view.get(periods, { of: 'book' });
  if (closed?.late === 'refuse' && day <= closed.through && taken.length > 0)
    contested ??= { code: 'ledger/period-closed', details: { day, through: closed.through } };
  return { effects: put(view, op, day, memo, taken, true), contested };
}

/**
 * The postings that take back everything the op `of` posted in this scope, and the row of `reversals` that says so; none where it posted nothing, or where
 * all of it was taken back before, whichever verb did. Late ones are routed as those of `post`.
 */
export function reverse(
  view: View,
  op: OpFacts,
  { of, day, memo }: { readonly of: string; readonly day: string; readonly memo: string },
): readonly Effect[] {
  if (view.get(reversals, { of }) !== undefined) return [];
  const lines = view
    .list(postings, { op: of })
    .map(({ account, currency, amountMinor }) => ({ account, currency, amountMinor: 0 - amountMinor }));
  const posted = put(view, op, day, memo, lines);
  return posted.length === 0 ? [] : [reversals.put({ of, by: op.id }), ...posted];
}

function put(
  view: View,
  op: OpFacts,
  meantFor: string,
  memo: string,
  lines: readonly EntryLine[],
  isDone = false,
): Effect[] {
  if (lines.length === 0) return [];
  const closed = view.get(periods, { of: 'book' });
  const isRouted = closed !== undefined && meantFor <= closed.through && (isDone || closed.late === 'route');
  const day = isRouted ? closed.opens : meantFor;
  const effects: Effect[] = [];
  for (const { account, currency, amountMinor } of lines)
    effects.push(postings.put({ op: op.id, line: effects.length + 1, account, currency, amountMinor, day, memo }));
  if (isRouted) effects.push(lateEntries.put({ op: op.id, meantFor, day }));
  return effects;
}

/** So many lines are compared with one another; of more each is looked up. */
const FEW = 8;

/** Whether nothing is wrong with these lines, and no two are of one account and currency. */
function areMerged(lines: readonly EntryLine[]): boolean {
  if (lines.length > FEW) return false;
  for (let index = 0; index < lines.length; index++) {
    const { account, currency, amountMinor } = lines[index] as EntryLine;
    if (!isCurrency(currency) || !Number.isSafeInteger(amountMinor)) return false;
    for (let other = 0; other < index; other++)
      if (lines[other]?.account === account && lines[other]?.currency === currency) return false;
  }
  return true;
}

function mergeLines(lines: readonly EntryLine[]): readonly EntryLine[] | Refusal {
  if (areMerged(lines)) return lines;
  const linesByKey = new Map<string, EntryLine>();
  for (const line of lines) {
    if (!isCurrency(line.currency)) return refuse('ledger/currency', { account: line.account });
    const key = line.currency + line.account;
    const before = linesByKey.get(key);
    const amountMinor = addMinor(before?.amountMinor ?? 0, line.amountMinor);
    if (amountMinor === undefined) return refuse('ledger/amount-range', { account: line.account });
    linesByKey.set(key, before === undefined ? line : { ...line, amountMinor });
  }
  return [...linesByKey.values()];
}
