/** What branches lack, derived from what they sold and from what is on its way to them already. Nothing of it is stored. */
import { allocate, type BookReader } from '@tallystick/ledger';
import type { OrderedLine, TransferDispatchArgs, TransferOrderArgs } from './args.ts';

/** What a branch is to be sent of a product, all in the product's unit scale. */
export interface Replenishment {
  readonly branch: string;
  /** '' where the branch buys for itself. */
  readonly source: string;
  readonly sku: string;
  readonly name: string;
  readonly quantityScale: number;
  readonly onHand: number;
  /** Ordered, dispatched or bought for the branch, and not counted in yet. */
  readonly onItsWay: number;
  readonly minimum: number;
  readonly maximum: number;
  /** What fills it up. */
  readonly wanted: number;
  /** What there is for it at the source, shared out by what each branch wants. */
  readonly quantity: number;
}

const openOrders = `
  SELECT o.fromScope, o.toScope, o.round, l.sku, l.name, l.quantity, l.quantityScale, l.line
    FROM transferOrders o JOIN documentLines l ON l.scope = 'hq' AND l.document = o.document
   WHERE o.state = 'ordered' AND NOT EXISTS (
     SELECT 1 FROM fulfilments f WHERE f.scope = o.fromScope AND f.toScope = o.toScope AND f.round = o.round)`;

const lacking = `
  WITH held AS (
         SELECT scope AS branch, sku, onHand, 0 AS onItsWay, 0 AS promised FROM stock
         UNION ALL SELECT t.toScope, l.sku, 0, 0 - l.quantity, 0 FROM transfers t
           JOIN documentLines l ON l.scope = t.scope AND l.document = t.transfer
          WHERE t.transfer NOT IN (SELECT transfer FROM arrivals)
         UNION ALL SELECT toScope, sku, 0, quantity, 0 FROM (${openOrders})
         UNION ALL SELECT fromScope, sku, 0, 0, quantity FROM (${openOrders})
         UNION ALL SELECT o.scope, l.sku, 0, max(0, l.quantity - coalesce(g.received, 0)), 0 FROM purchaseOrders o
           JOIN documentLines l ON l.scope = o.scope AND l.document = o.purchase
           LEFT JOIN purchased g ON g.scope = o.scope AND g.purchase = o.purchase AND g.line = l.line
          WHERE o.state = 'open'),
       summed AS (
         SELECT branch, sku, sum(onHand) AS onHand, sum(onItsWay) AS onItsWay, sum(promised) AS promised FROM held GROUP BY branch, sku)
  SELECT v.branch, v.source, v.sku, p.name, p.unitScale AS quantityScale, coalesce(b.onHand, 0) AS onHand, coalesce(b.onItsWay, 0) AS onItsWay,
         v.minimum, v.maximum, v.maximum - coalesce(b.onHand + b.onItsWay, 0) AS wanted,
         max(0, coalesce(s.onHand - s.promised, 0)) AS available
    FROM stockLevels v JOIN products p ON p.scope = 'hq' AND p.sku = v.sku
    LEFT JOIN summed b ON b.branch = v.branch AND b.sku = v.sku
    LEFT JOIN summed s ON s.branch = v.source AND s.sku = v.sku
   WHERE v.scope = 'hq' AND coalesce(b.onHand + b.onItsWay, 0) < v.minimum ORDER BY v.branch, v.sku`;

/** What is below its minimum, less what is on its way; for a book that holds all the branches. */
export function replenishment(book: BookReader): readonly Replenishment[] {
  const rows = book.query(lacking, []).map((row) => ({
    branch: String(row['branch']),
    source: String(row['source']),
    sku: String(row['sku']),
    name: String(row['name']),
    quantityScale: Number(row['quantityScale']),
    onHand: Number(row['onHand']),
    onItsWay: Number(row['onItsWay']),
    minimum: Number(row['minimum']),
    maximum: Number(row['maximum']),
    wanted: Number(row['wanted']),
    available: Number(row['available']),
  }));
  return rows.map(({ available, ...row }) => {
    if (row.source === '') return { ...row, quantity: row.wanted };
    const rivals = rows.filter(({ source, sku }) => source === row.source && sku === row.sku);
    const all = rivals.reduce((sum, { wanted }) => sum + wanted, 0);
    if (all <= available) return { ...row, quantity: row.wanted };
    const shares = allocate(
      available,
      rivals.map(({ wanted }) => wanted),
    );
    return { ...row, quantity: shares?.[rivals.findIndex(({ branch }) => branch === row.branch)] ?? 0 };
  });
}

/** The transfer orders by which `hq` makes good what branches lack, one for each way; what the source has none of is left out. */
export function transferOrdersDue(
  book: BookReader,
  { day, currency }: { readonly day: string; readonly currency: string },
): readonly TransferOrderArgs[] {
  const linesByRoute = new Map<string, { readonly from: string; readonly to: string; readonly lines: OrderedLine[] }>();
  for (const { branch, source, sku, name, quantityScale, quantity } of replenishment(book)) {
    if (source === '' || quantity === 0) continue;
    const route = `${source} ${branch}`;
    const known = linesByRoute.get(route) ?? { from: source, to: branch, lines: [] };
    known.lines.push({ sku, name, quantity, quantityScale });
    linesByRoute.set(route, known);
  }
  return [...linesByRoute.values()].map(({ from, to, lines }) => {
    const [last] = book.query('SELECT max(round) AS round FROM transferOrders WHERE fromScope = ? AND toScope = ?', [
      from,
      to,
    ]);
    return { day, currency, from, to, round: Number(last?.['round'] ?? 0) + 1, lines };
  });
}

/** What a scope was told to send and has not sent, at what each product cost when it was last bought or came here. */
export function dispatchesDue(
  book: BookReader,
  { scope, day, currency }: { readonly scope: string; readonly day: string; readonly currency: string },
): readonly TransferDispatchArgs[] {
  const rows = book.query(
    `SELECT toScope, round, sku, name, quantity, quantityScale,
            coalesce((SELECT l.unitPriceMilliMinor FROM documentLines l JOIN documents d ON d.scope = l.scope AND d.id = l.document
                       WHERE l.scope = o.fromScope AND l.sku = o.sku AND l.kind IN ('receipt', 'arrival') AND d.currency = ?
                       ORDER BY l.document DESC LIMIT 1), 0) AS unitCostMilliMinor
       FROM (${openOrders}) o WHERE fromScope = ? ORDER BY toScope, round, line`,
    [currency, scope],
  );
  const dispatches = new Map<
    string,
    TransferDispatchArgs & { readonly lines: TransferDispatchArgs['lines'][number][] }
  >();
  for (const row of rows) {
    const [to, round] = [String(row['toScope']), Number(row['round'])];
    const known = dispatches.get(`${to} ${round}`) ?? { day, currency, to, round, lines: [] };
    known.lines.push({
      sku: String(row['sku']),
      name: String(row['name']),
      quantity: Number(row['quantity']),
      quantityScale: Number(row['quantityScale']),
      unitCostMilliMinor: Number(row['unitCostMilliMinor']),
    });
    dispatches.set(`${to} ${round}`, known);
  }
  return [...dispatches.values()];
}
