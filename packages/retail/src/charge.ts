/** Charges: corrections of what is owed that are no sale of goods, such as fees and bad debts. Stock is not touched. */
import { defineVerb, type Effect, type OpFacts, type Outcome, refuse, type Verb, type View } from '@tallystick/kernel';
import { ledgerTables, postDone } from '@tallystick/ledger';
import type { ChargeAdjustArgs } from './args.ts';
import { retailAccounts } from './chart.ts';
import { checkLinks, documentTables, issueDocument, keepNumber } from './document.ts';
import { putLines } from './goods.ts';
import { priceLines } from './price.ts';
import { conclude, posted, type Remark } from './remark.ts';
import { chargeAdjustArgs } from './schema.ts';
import { documentLines } from './tables.ts';

function planCharge(view: View, op: OpFacts, args: ChargeAdjustArgs): Outcome {
  const { day, currency, lines, account } = args;
  if (account === retailAccounts.receivables) return refuse('retail/charge-account', { account });
  const remarks: Remark[] = [];
  const unfit = checkLinks(view, args, remarks);
  if (unfit !== undefined) return unfit;
  const priced = priceLines(lines, false);
  if ('code' in priced) return priced;
  const { amountMinor } = priced;
  const effects: Effect[] = [];
  putLines(op, { kind: 'charge', currency, lines, priced, sign: 1 }, effects);
  const memo = issueDocument(view, op, 'charge', args, { totalMinor: amountMinor, taxMinor: 0 }, effects);
  const entry = postDone(view, op, {
    day,
    memo,
    lines: [
      { account: retailAccounts.receivables, currency, amountMinor },
      { account, currency, amountMinor: 0 - amountMinor },
    ],
  });
  return 'code' in entry ? entry : conclude(effects.concat(posted(entry, remarks)), remarks);
}

/** Charges receivables against an account, or relieves them: a positive total is owed more, a negative one less. */
export const chargeAdjust: Verb<'charge.adjust', ChargeAdjustArgs> = defineVerb({
  remains: keepNumber('charge'),
  name: 'charge.adjust',
  version: 1,
  roles: ['owner', 'manager'],
  tables: [...ledgerTables, ...documentTables, documentLines],
  args: chargeAdjustArgs,
  plan: planCharge,
});
