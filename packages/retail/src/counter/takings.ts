/** What an op means to the session it happened in, read off its own effects. */
import type { Effect } from '@tallystick/kernel';
import { discounts, documents, tenders } from '../tables.ts';
import { type TakingSum, takings } from './tables.ts';

type Sums = { -readonly [Name in TakingSum]?: number };

const tenderSums: Readonly<Record<string, TakingSum>> = {
  cash: 'cashMinor',
  card: 'cardMinor',
  account: 'accountMinor',
};

/** Adds a sale, refund, void, exchange or payment (on account, of a layaway) to the takings of its session. Without a session there are none. */
export function addTakings(session: string, effects: readonly Effect[]): readonly Effect[] {
  if (session === '') return effects;
  const sums: Sums = {};
  for (const { table, row } of effects) {
    if (table === documents) countDocument(sums, row);
    else if (table === tenders) add(sums, tenderSums[String(row['kind'])] ?? 'otherMinor', row['amountMinor']);
    else if (table === discounts) add(sums, 'discountMinor', row['amountMinor']);
  }
  return [...effects, takings.add({ session }, sums)];
}

function countDocument(sums: Sums, row: Effect['row']): void {
  const { kind, totalMinor } = row;
  add(sums, 'taxMinor', row['taxMinor']);
  if (kind === 'account-payment' || kind === 'layaway-payment' || kind === 'layaway-end') {
    add(sums, 'payments', 1);
    add(sums, 'paymentsMinor', totalMinor);
  } else if (kind === 'refund') {
    add(sums, 'refunds', 1);
    add(sums, 'refundsMinor', totalMinor);
  } else if (kind === 'void') {
    add(sums, 'voids', 1);
    add(sums, 'voidsMinor', totalMinor);
  } else {
    add(sums, 'sales', 1);
    add(sums, 'salesMinor', totalMinor);
  }
}

function add(sums: Sums, name: TakingSum, amount: unknown): void {
  sums[name] = (sums[name] ?? 0) + (amount as number);
}
