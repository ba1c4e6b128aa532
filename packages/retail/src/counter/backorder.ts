/** Backorders: a product may be sold that is not there. The sale stands, what is owed is a debt of goods in the ledger, and the op says so. */
import { contest, defineVerb, type Effect, type OpFacts, type Verb, type View } from '@tallystick/kernel';
import { type BookReader, type EntryLine, ledgerTables, postDone, scaleHalfAway } from '@tallystick/ledger';
import type { SaleLine } from '../args.ts';
import { retailAccounts } from '../chart.ts';
import type { LineAmounts } from '../price.ts';
import { conclude, noted, posted, type Remark } from '../remark.ts';
import { stock, voids } from '../tables.ts';
import type { BackorderEndArgs } from './args.ts';
import { backorderEndArgs } from './schema.ts';
import { backorderEnds, backorders } from './tables.ts';

export interface Promised {
  readonly lines: readonly SaleLine[];
  readonly amounts: readonly LineAmounts[];
  readonly currency: string;
  /** Skus whose policy is `backorder`. */
  readonly skus: readonly string[];
}

/**
 * Puts what a sale owes of goods that were not on hand at its place, with their share of what they were sold for: that is no income until they are delivered.
 */
export function oweGoods(
  view: View,
  op: OpFacts,
  { lines, amounts, currency, skus }: Promised,
  effects: Effect[],
  debits: EntryLine[],
  remarks: Remark[],
): void {
  if (skus.length === 0) return;
  let isSaid = false;
  for (const sku of new Set(skus)) {
    let [wanted, soldMinor] = [0, 0];
    for (let index = 0; index < lines.length; index++) {
      if (lines[index]?.sku !== sku) continue;
      wanted += lines[index]?.quantity ?? 0;
      soldMinor += amounts[index]?.amountMinor ?? 0;
    }
    const { onHand } = view.sum(stock, { sku });
    const owed = wanted - Math.min(Math.max(onHand, 0), wanted);
    if (owed === 0) continue;
    const amountMinor = scaleHalfAway(soldMinor, owed, wanted) ?? 0;
    effects.push(backorders.put({ document: op.id, sku, quantity: owed, currency, amountMinor }));
    debits.push(
      { account: retailAccounts.sales, currency, amountMinor },
      { account: retailAccounts.backordersOwed, currency, amountMinor: 0 - amountMinor },
    );
    if (!isSaid) remarks.push(noted({ code: 'retail/backorder', details: { sku, owed, amountMinor } }));
    isSaid = true;
  }
}

/** Ends a backorder: the goods were delivered, or will not be and the customer is refunded by `sale.refund`. Either way they are owed no more. */
export const backorderEnd: Verb<'backorder.end', BackorderEndArgs> = defineVerb({
  name: 'backorder.end',
  version: 1,
  roles: ['owner', 'manager', 'warehouse', 'till', 'van'],
  tables: [...ledgerTables, backorders, backorderEnds, voids],
  args: backorderEndArgs,
  plan: (view, op, { document, sku, day, outcome }) => {
    const row = view.get(backorders, { document, sku });
    // The goods were there after all when the sale got its place, or somebody else ended it: nothing is owed.
    if (row === undefined) return contest('retail/no-backorder', { document, sku }, []);
    if (view.get(backorderEnds, { document, sku }) !== undefined)
      return contest('retail/backorder-ended', { document, sku }, []);
    const end = backorderEnds.put({ document, sku, outcome, by: op.id });
    // The void has taken the debt with it.
    if (view.get(voids, { document }) !== undefined) return contest('retail/voided', { document }, [end]);
    const { currency, amountMinor } = row;
    const lines = [
      { account: retailAccounts.backordersOwed, currency, amountMinor },
      { account: retailAccounts.sales, currency, amountMinor: 0 - amountMinor },
    ];
    const entry = postDone(view, op, { day, memo: `backorder ${sku}`, lines });
    if ('code' in entry) return entry;
    const remarks: Remark[] = [];
    return conclude([end, ...posted(entry, remarks)], remarks);
  },
});

export interface Backorder {
  readonly document: string;
  readonly sku: string;
  readonly quantity: number;
  readonly currency: string;
  readonly amountMinor: number;
}

/** What is owed to customers. */
export function openBackorders(book: BookReader): readonly Backorder[] {
  const rows = book.query(
    `SELECT b.document, b.sku, b.quantity, b.currency, b.amountMinor FROM backorders b
       LEFT JOIN backorderEnds e ON e.scope = b.scope AND e.document = b.document AND e.sku = b.sku
       LEFT JOIN voids v ON v.scope = b.scope AND v.document = b.document
      WHERE e.document IS NULL AND v.document IS NULL ORDER BY b.document, b.sku`,
    [],
  );
  return rows.map((row) => ({
    document: String(row['document']),
    sku: String(row['sku']),
    quantity: Number(row['quantity']),
    currency: String(row['currency']),
    amountMinor: Number(row['amountMinor']),
  }));
}
