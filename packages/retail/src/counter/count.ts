/** Counting: what lies there is written down, and the books come to it. Who counts says nothing of what there should be. */
import { defineVerb, type Effect, refuse, type Verb } from '@tallystick/kernel';
import { refuseUnlessRules, ruleTables } from '@tallystick/guards';
import { ledgerTables, postDone } from '@tallystick/ledger';
import { products } from '../catalogue/tables.ts';
import { retailAccounts } from '../chart.ts';
import { documentTables, issueDocument, keepNumber } from '../document.ts';
import { goodsTables, inUnitsOf, putLines } from '../goods.ts';
import { priceLines } from '../price.ts';
import { conclude, posted, type Remark } from '../remark.ts';
import { stock } from '../tables.ts';
import type { StockCountArgs } from './args.ts';
import { stockCountArgs } from './schema.ts';
import { counts } from './tables.ts';

/**
 * Counts stock. The difference from on-hand at the op's place in the order moves stock and is written off at cost, or found. A sale
 * that was made before the count and comes later in the order is taken off once more; the next count shows it.
 */
export const stockCount: Verb<'stock.count', StockCountArgs> = defineVerb({
  remains: keepNumber('count'),
  name: 'stock.count',
  version: 1,
  // Not a van: what it is short is its seller's, so somebody else counts it (`van.settle`).
  roles: ['owner', 'manager', 'warehouse', 'till'],
  tables: [...ledgerTables, ...documentTables, ...goodsTables, ...ruleTables, counts],
  args: stockCountArgs,
  plan: (view, op, args) => {
    const { day, currency, lines, reason } = args;
    if (new Set(lines.map(({ sku }) => sku)).size < lines.length) return refuse('retail/counted-twice');
    const effects: Effect[] = [];
    const remarks: Remark[] = [];
    const differences = [];
    for (const [index, line] of lines.entries()) {
      const { sku, name, unitCostMilliMinor } = line;
      const product = view.hq.get(products, { sku });
      const countedQuantity = inUnitsOf(product, { ...line, quantity: line.countedQuantity }, remarks);
      const quantityScale = product?.unitScale ?? line.quantityScale ?? 0;
      const { onHand } = view.sum(stock, { sku });
      const quantity = countedQuantity - onHand;
      differences.push({ sku, name, quantity, quantityScale, unitPriceMilliMinor: unitCostMilliMinor });
      effects.push(counts.put({ document: op.id, line: index + 1, sku, countedQuantity, expectedQuantity: onHand }));
      if (quantity !== 0) effects.push(stock.add({ sku }, { onHand: quantity }));
    }
    const priced = priceLines(differences, false);
    if ('code' in priced) return priced;
    const { amountMinor } = priced;
    let writtenOffMinor = 0;
    let foundMinor = 0;
    for (const line of priced.amounts) {
      writtenOffMinor += Math.max(0, 0 - line.amountMinor);
      foundMinor += Math.max(0, line.amountMinor);
    }
    // Nothing has left by a count: what is forbidden is counted by somebody who may, and is refused also when it comes late.
    const shortLines = differences.filter(({ quantity }) => quantity < 0).length;
    const rows = { totals: { writtenOffMinor, foundMinor, shortLines } };
    const forbidden = refuseUnlessRules(view, 'stock.count', { args, rows });
    if (forbidden !== undefined) return forbidden;
    putLines(op, { kind: 'count', currency, lines: differences, priced, sign: 1 }, effects);
    const totals = { totalMinor: amountMinor, taxMinor: 0 };
    const memo = issueDocument(view, op, 'count', { day, currency, reason }, totals, effects);
    const found = { account: retailAccounts.purchases, currency, amountMinor };
    const written = { account: retailAccounts.stockWrittenOff, currency, amountMinor: 0 - amountMinor };
    const entry = postDone(view, op, { day, memo, lines: [found, written] });
    return 'code' in entry ? entry : conclude(effects.concat(posted(entry, remarks)), remarks);
  },
});
