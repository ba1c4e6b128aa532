/** Questions about goods between scopes, for a book that holds the scopes it asks about. */
import type { BookReader } from '@tallystick/ledger';
import type { TransferNote } from './args.ts';
import { custodyOf } from './custody-report.ts';

/** One line of a transfer that nobody has counted in. */
export interface InTransitRow {
  readonly transfer: string;
  readonly number: string;
  readonly fromScope: string;
  readonly toScope: string;
  readonly day: string;
  readonly sku: string;
  readonly name: string;
  readonly lot: string;
  readonly quantity: number;
  readonly quantityScale: number;
  readonly currency: string;
  readonly amountMinor: number;
  /** The device that signed for the goods last, '' where none did. */
  readonly holder: string;
}

/** What was dispatched and never received, oldest first; with `before`, only what left before that day. */
export function inTransit(
  book: BookReader,
  { before = '9999-99-99' }: { readonly before?: string } = {},
): readonly InTransitRow[] {
  const rows = book.query(
    `SELECT t.transfer, d.number, t.scope AS fromScope, t.toScope, t.day, l.sku, l.name, coalesce(m.lot, '') AS lot,
            0 - l.quantity AS quantity, l.quantityScale, t.currency, 0 - l.amountMinor AS amountMinor
       FROM transfers t
       JOIN documents d ON d.scope = t.scope AND d.id = t.transfer
       JOIN documentLines l ON l.scope = t.scope AND l.document = t.transfer
       LEFT JOIN lotMoves m ON m.scope = l.scope AND m.document = l.document AND m.line = l.line
      WHERE t.day < ? AND t.transfer NOT IN (SELECT transfer FROM arrivals) ORDER BY t.day, t.transfer, l.line`,
    [before],
  ) as readonly (Omit<InTransitRow, 'holder'> & Readonly<Record<string, string | number>>)[];
  const holders = new Map<string, string>();
  for (const { transfer } of rows)
    if (!holders.has(transfer))
      holders.set(transfer, custodyOf(book, transfer).findLast(({ isLinked }) => isLinked)?.taker ?? '');
  return rows.map((row) => ({ ...row, holder: holders.get(row.transfer) ?? '' }));
}

/** What there is of a product, wherever it is: the sums over all scopes that are here. */
export interface StockPosition {
  readonly sku: string;
  readonly onHand: number;
  /** Less than 0 where a receipt has come here before the dispatch that it names; then it still counts as on hand where it was sent from. */
  readonly inTransit: number;
  readonly lost: number;
}

/** On hand, in transit and lost in transit by product. No order in which scopes come in counts a unit twice. */
export function stockPositions(book: BookReader): readonly StockPosition[] {
  return book.query(
    `SELECT sku, sum(onHand) AS onHand, sum(inTransit) AS inTransit, sum(lost) AS lost FROM (
       SELECT sku, onHand, 0 AS inTransit, 0 AS lost FROM stock
       UNION ALL SELECT sku, 0, quantity, 0 FROM transit
       UNION ALL SELECT sku, 0, 0, quantity FROM transitLosses) GROUP BY sku ORDER BY sku`,
    [],
  ) as readonly (StockPosition & Readonly<Record<string, string | number>>)[];
}

/** What travels with the goods, on paper or as a code, for the scope that they go to; undefined for a transfer that is not here. */
export function transferNote(book: BookReader, transfer: string): TransferNote | undefined {
  const [head] = book.query('SELECT dispatch, scope, toScope, currency FROM transfers WHERE transfer = ?', [transfer]);
  if (head === undefined) return undefined;
  const lines = book.query(
    `SELECT l.sku, l.name, 0 - l.quantity AS quantity, l.quantityScale, l.unitPriceMilliMinor, coalesce(m.lot, '') AS lot
       FROM documentLines l LEFT JOIN lotMoves m ON m.scope = l.scope AND m.document = l.document AND m.line = l.line
      WHERE l.scope = ? AND l.document = ? ORDER BY l.line`,
    [String(head['scope']), transfer],
  );
  return {
    transfer,
    dispatch: String(head['dispatch']),
    from: String(head['scope']),
    to: String(head['toScope']),
    currency: String(head['currency']),
    lines: lines.map((line) => ({
      sku: String(line['sku']),
      name: String(line['name']),
      quantity: Number(line['quantity']),
      quantityScale: Number(line['quantityScale']),
      unitCostMilliMinor: Number(line['unitPriceMilliMinor']),
      ...(line['lot'] === '' ? {} : { lot: String(line['lot']) }),
    })),
  };
}
