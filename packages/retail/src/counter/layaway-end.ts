/** How a layaway ends: collected, when it becomes a sale, or cancelled, when the money goes back less what the policy lets the shop keep. */
import { defineVerb, type Effect, type Outcome, refuse, type Verb, type View, type OpFacts } from '@tallystick/kernel';
import { ruleTables } from '@tallystick/guards';
import { ledgerTables, postDone } from '@tallystick/ledger';
import type { SaleLine } from '../args.ts';
import { acceptCash, cashTables, settle } from '../cash.ts';
import { retailAccounts } from '../chart.ts';
import { documentTables, issueDocument, keepNumber } from '../document.ts';
import { putLines, tradeStock } from '../goods.ts';
import { askRules, contested, noted, posted, type Remark } from '../remark.ts';
import { saleTables } from '../sale.ts';
import { oweByDevice, shortageTables } from '../shortage.ts';
import { documentLines } from '../tables.ts';
import { oweGoods } from './backorder.ts';
import { chargeAccount, customerTables } from './customer.ts';
import { useFiscalNumber } from './fiscal.ts';
import { endLayaway, findLayaway, lateLayaway, layawayTables } from './layaway.ts';
import type { LayawayCancelArgs, LayawayCollectArgs } from './layaway-args.ts';
import { layawayCancelArgs, layawayCollectArgs } from './layaway-schema.ts';
import { layawayPaid, layawayPolicies, reserved } from './layaway-tables.ts';
import { addTakings } from './takings.ts';

function planCollect(view: View, op: OpFacts, args: LayawayCollectArgs): Outcome {
  const remarks: Remark[] = [];
  const found = findLayaway(view, op, args, remarks);
  if ('code' in found) return found;
  if (!found.isThere) return keepDeposit(view, op, args, remarks);
  const { layaway, day, currency, session, changeMinor = 0 } = args;
  const { customer, totalMinor, taxMinor } = found.document;
  const { paidMinor, isLate } = found;
  const givenMinor = args.tenders.reduce((sum, { amountMinor }) => sum + amountMinor, 0 - changeMinor);
  // An instalment taken elsewhere meanwhile is the customer's to have back; goods of a layaway that was over are the customer's to pay.
  const owedMinor = totalMinor - paidMinor - givenMinor;
  if (!Number.isSafeInteger(owedMinor)) return refuse('retail/amount-range', { layaway });
  if (owedMinor > 0 && !isLate) {
    const details = { expectedMinor: totalMinor - paidMinor, gotMinor: givenMinor };
    remarks.push(contested(refuse('retail/tender-mismatch', details)));
  }
  const rows = view.list(documentLines, { document: layaway });
  const lines: readonly SaleLine[] = rows.map(({ amountMinor: _, taxMinor: _tax, kind: _kind, ...row }) => row);
  const amountMinor = totalMinor - taxMinor;
  const effects: Effect[] = [];
  putLines(op, { kind: 'sale', currency, lines, priced: { amounts: rows, amountMinor, taxMinor }, sign: 1 }, effects);
  const promised: string[] = [];
  useFiscalNumber(view, op, args.fiscal, effects, remarks);
  tradeStock(view, op, lines, -1, effects, remarks, { promised });
  const tenders = [
    ...args.tenders,
    { kind: 'deposit', amountMinor: paidMinor },
    { kind: 'account', amountMinor: owedMinor },
  ] as const;
  const used = tenders.filter((tender) => tender.amountMinor !== 0);
  const debits = settle(op, { currency, session, tenders: used, changeMinor, totalMinor, sign: 1 }, effects);
  if ('code' in debits) return debits;
  // Goods or money have been handed over, so no limit has a say; the same below.
  chargeAccount(view, op, { customer, currency, day, amountMinor: owedMinor }, effects, []);
  endLayaway(view, op, found, 'collected', effects);
  const header = { day, currency, customer, original: layaway, ...(session === undefined ? {} : { session }) };
  const memo = issueDocument(view, op, 'sale', header, { totalMinor, taxMinor }, effects);
  debits.push(
    { account: retailAccounts.sales, currency, amountMinor: 0 - amountMinor },
    { account: retailAccounts.taxPayable, currency, amountMinor: 0 - taxMinor },
  );
  const short: Remark[] = [];
  oweGoods(view, op, { lines, amounts: rows, currency, skus: promised }, effects, debits, short);
  const entry = postDone(view, op, { day, memo, lines: debits });
  if ('code' in entry) return entry;
  const over = { code: 'retail/layaway-overpaid', details: { layaway, customer, creditMinor: 0 - owedMinor } } as const;
  const said = lateLayaway(found, owedMinor) ?? (owedMinor < 0 ? over : undefined);
  if (said !== undefined) remarks.push(noted(said));
  remarks.push(...short);
  return acceptCash(view, session, addTakings(session ?? '', effects.concat(posted(entry, remarks))), remarks);
}

/**
 * Of a layaway that is not in the books the op does not say what left: the sale has its number, and the money is a deposit until the layaway is adopted, and
 * collected once more.
 */
function keepDeposit(view: View, op: OpFacts, args: LayawayCollectArgs, remarks: Remark[]): Outcome {
  const { layaway, day, currency, session, tenders, changeMinor = 0, fiscal } = args;
  const givenMinor = tenders.reduce((sum, { amountMinor }) => sum + amountMinor, 0 - changeMinor);
  if (!Number.isSafeInteger(givenMinor) || givenMinor < 0) return refuse('retail/amount-range', { layaway });
  const effects: Effect[] = [layawayPaid.add({ layaway }, { paidMinor: givenMinor })];
  useFiscalNumber(view, op, fiscal, effects, remarks);
  const settlement = { currency, session, tenders, changeMinor, totalMinor: givenMinor, sign: 1 } as const;
  const debits = settle(op, settlement, effects);
  if ('code' in debits) return debits;
  const header = { day, currency, original: layaway, ...(session === undefined ? {} : { session }) };
  const memo = issueDocument(view, op, 'sale', header, { totalMinor: 0, taxMinor: 0 }, effects);
  debits.push({ account: retailAccounts.customerDeposits, currency, amountMinor: 0 - givenMinor });
  const entry = postDone(view, op, { day, memo, lines: debits });
  if ('code' in entry) return entry;
  return acceptCash(view, session, addTakings(session ?? '', effects.concat(posted(entry, remarks))), remarks);
}

/** Hands the goods over: a sale, with its lines, tax and number, that the deposit pays as far as it goes. */
export const layawayCollect: Verb<'layaway.collect', LayawayCollectArgs> = defineVerb({
  remains: keepNumber('sale'),
  name: 'layaway.collect',
  version: 1,
  roles: ['owner', 'manager', 'till', 'van'],
  tables: [...saleTables, ...layawayTables, reserved],
  args: layawayCollectArgs,
  plan: planCollect,
});

function planCancel(view: View, op: OpFacts, args: LayawayCancelArgs): Outcome {
  const remarks: Remark[] = [];
  const found = findLayaway(view, op, args, remarks);
  if ('code' in found) return found;
  const { layaway, day, currency, session, tenders, reason } = args;
  const { customer } = found.document;
  const { isThere, isLate } = found;
  const paidMinor = isThere ? found.paidMinor : 0;
  askRules(view, 'layaway.cancel', { args }, remarks);
  const mostFeeMinor = view.hq.get(layawayPolicies, { currency })?.mostFeeMinor ?? 0;
  const askedFeeMinor = args.feeMinor ?? 0;
  if (askedFeeMinor > mostFeeMinor)
    remarks.push(contested(refuse('retail/layaway-fee', { feeMinor: askedFeeMinor, mostFeeMinor })));
  const backMinor = tenders.reduce((sum, { amountMinor }) => sum + amountMinor, 0);
  if (!Number.isSafeInteger(backMinor + askedFeeMinor)) return refuse('retail/amount-range', { layaway });
  if (isThere && !isLate && backMinor + askedFeeMinor > paidMinor)
    remarks.push(
      contested(refuse('retail/layaway-balance', { layaway, paidMinor, backMinor, feeMinor: askedFeeMinor })),
    );
  // What the policy does not let the shop keep is the customer's, and so is all that was paid and not paid back.
  const feeMinor = isLate ? 0 : Math.min(askedFeeMinor, mostFeeMinor, Math.max(0, paidMinor - backMinor));
  const overMinor = Math.max(0, backMinor - paidMinor);
  const creditMinor = paidMinor + overMinor - backMinor - feeMinor;
  const effects: Effect[] = [];
  const settlement = { currency, session, tenders, changeMinor: 0, totalMinor: backMinor, sign: -1 } as const;
  const debits = settle(op, settlement, effects);
  if ('code' in debits) return debits;
  chargeAccount(view, op, { customer, currency, day, amountMinor: 0 - creditMinor }, effects, []);
  if (isThere) endLayaway(view, op, found, 'cancelled', effects);
  const header = { day, currency, customer, original: layaway, reason, ...(session === undefined ? {} : { session }) };
  const memo = issueDocument(view, op, 'layaway-end', header, { totalMinor: 0 - backMinor, taxMinor: 0 }, effects);
  debits.push(
    { account: retailAccounts.customerDeposits, currency, amountMinor: paidMinor },
    { account: retailAccounts.chargesAndBadDebts, currency, amountMinor: 0 - feeMinor },
    { account: retailAccounts.receivables, currency, amountMinor: 0 - creditMinor },
  );
  // Nobody but the device says that the customer had it: more than the balance it answers for.
  oweByDevice(op, currency, overMinor, effects, debits);
  const entry = postDone(view, op, { day, memo, lines: debits });
  if ('code' in entry) return entry;
  const late = lateLayaway(found, overMinor);
  if (late !== undefined) remarks.push(noted(late));
  return acceptCash(view, session, addTakings(session ?? '', effects.concat(posted(entry, remarks))), remarks);
}

/** Frees the goods and gives back what was paid, less a fee that `layaway.policy` allows. */
export const layawayCancel: Verb<'layaway.cancel', LayawayCancelArgs> = defineVerb({
  remains: keepNumber('layaway-end'),
  name: 'layaway.cancel',
  version: 1,
  roles: ['owner', 'manager', 'till', 'van'],
  tables: [
    ...ledgerTables,
    ...documentTables,
    ...cashTables,
    ...customerTables,
    ...ruleTables,
    ...layawayTables,
    ...shortageTables,
    documentLines,
    layawayPolicies,
    reserved,
  ],
  args: layawayCancelArgs,
  plan: planCancel,
});
