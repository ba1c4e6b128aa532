/** Entries: how a verb of any package puts balanced postings into the books, and takes them back (DESIGN section 9). */
import { type Effect, type OpFacts, type Refusal, refuse, type View } from '@tallystick/kernel';
import { isCurrency } from './text.ts';
import { addMinor } from './money.ts';
import { accounts, postings } from './tables.ts';

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
 * may come to no postings at all. Refuses `ledger/unknown-account`, `ledger/currency`, `ledger/amount-range`; the table
 * refuses `ledger/unbalanced`. One entry an op: the rows are numbered from 1.
 */
export function post(view: View, op: OpFacts, entry: Entry): readonly Effect[] | Refusal {
  const merged = mergeLines(entry.lines);
  if ('code' in merged) return merged;
  const effects: Effect[] = [];
  for (const { account, currency, amountMinor } of merged) {
    if (amountMinor === 0) continue;
    if (view.hq.get(accounts, { account }) === undefined) return refuse('ledger/unknown-account', { account });
    const line = effects.length + 1;
    effects.push(postings.put({ op: op.id, line, account, currency, amountMinor, day: entry.day, memo: entry.memo }));
  }
  return effects;
}

/** The postings that take back everything the op `of` posted in this scope; none where it posted nothing. */
export function reverse(
  view: View,
  op: OpFacts,
  { of, day, memo }: { readonly of: string; readonly day: string; readonly memo: string },
): readonly Effect[] {
  return view
    .list(postings, { op: of })
    .map(({ line, account, currency, amountMinor }) =>
      postings.put({ op: op.id, line, account, currency, amountMinor: 0 - amountMinor, day, memo }),
    );
}

function mergeLines(lines: readonly EntryLine[]): readonly EntryLine[] | Refusal {
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
