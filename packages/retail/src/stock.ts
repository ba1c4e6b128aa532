/** Stock in and out without a sale. The periodic method: purchases are an expense at once, losses move to an account of their own. */
import { defineVerb, type Effect, type OpFacts, type Outcome, type Verb, type View } from '@tallystick/kernel';
import { authorityTables } from '@tallystick/guards';
import { ledgerTables, postDone } from '@tallystick/ledger';
import type { GoodsLine, StockAdjustArgs, StockReceiveArgs } from './args.ts';
import { retailAccounts } from './chart.ts';
import { checkLinks, type DocumentHeader, documentTables, issueDocument, keepNumber } from './document.ts';
import { goodsTables, moveStock, putLines, putLots } from './goods.ts';
import { priceLines } from './price.ts';
import { conclude, countSpent, posted, type Remark } from './remark.ts';
import { stockAdjustArgs, stockReceiveArgs } from './schema.ts';

interface Movement extends DocumentHeader {
  readonly lines: readonly GoodsLine[];
}

/** Accounts that are debited and credited with what the goods that came in are worth; goods that went out turn them round. */
interface Accounts {
  readonly debit: string;
  readonly credit: string;
}

function planMovement(
  view: View,
  op: OpFacts,
  kind: 'receipt' | 'adjustment',
  movement: Movement,
  { debit, credit }: Accounts,
): Outcome {
  const { day, currency, lines } = movement;
  const remarks: Remark[] = [];
  const unfit = checkLinks(view, movement, remarks);
  if (unfit !== undefined) return unfit;
  const priced = priceLines(lines, false);
  if ('code' in priced) return priced;
  const { amountMinor } = priced;
  const effects: Effect[] = [];
  if (kind === 'receipt') countSpent(view, op, { currency, amountMinor }, effects, remarks);
  putLines(op, { kind, currency, lines, priced, sign: 1 }, effects);
  putLots(op, lines, 1, effects);
  moveStock(view, lines, 1, effects, remarks);
  const memo = issueDocument(view, op, kind, movement, { totalMinor: amountMinor, taxMinor: 0 }, effects);
  const debits = { account: debit, currency, amountMinor };
  const credits = { account: credit, currency, amountMinor: 0 - amountMinor };
  const entry = postDone(view, op, { day, memo, lines: [debits, credits] });
  return 'code' in entry ? entry : conclude(effects.concat(posted(entry, remarks)), remarks);
}

/** Takes a delivery into stock. */
export const stockReceive: Verb<'stock.receive', StockReceiveArgs> = defineVerb({
  remains: keepNumber('receipt'),
  name: 'stock.receive',
  version: 1,
  roles: ['owner', 'manager', 'warehouse', 'till', 'van'],
  tables: [...ledgerTables, ...documentTables, ...goodsTables, ...authorityTables],
  args: stockReceiveArgs,
  plan: (view, op, { day, currency, lines, reference }) => {
    const goods = lines.map(({ unitCostMilliMinor, ...line }) => ({
      ...line,
      unitPriceMilliMinor: unitCostMilliMinor,
    }));
    const movement = { day, currency, lines: goods, external: reference };
    const accounts = { debit: retailAccounts.purchases, credit: retailAccounts.payables };
    return planMovement(view, op, 'receipt', movement, accounts);
  },
});

/** Corrects stock: a loss (negative) is written off at the given price, a find comes back the same way. */
export const stockAdjust: Verb<'stock.adjust', StockAdjustArgs> = defineVerb({
  remains: keepNumber('adjustment'),
  name: 'stock.adjust',
  version: 1,
  roles: ['owner', 'manager', 'warehouse'],
  tables: [...ledgerTables, ...documentTables, ...goodsTables],
  args: stockAdjustArgs,
  plan: (view, op, args) => {
    const accounts = { debit: retailAccounts.purchases, credit: retailAccounts.stockWrittenOff };
    return planMovement(view, op, 'adjustment', args, accounts);
  },
});
