/** The part of the history of every verb that a bookkeeper does: an entry and its reversal, transfers, another currency, a tax class, a closed period. */
import type { Office } from './every-verb.ts';
import type { Fleet } from './fleet.ts';

const OFFICE = 0;
const gbp = (account: string, amountMinor: number): object => ({ account, currency: 'GBP', amountMinor });

/** All of it in `hq`, long before the days on which the shop trades, so that trade goes on as it did. */
export async function keepLedger(fleet: Fleet, office: Office): Promise<void> {
  const day = '2026-01-15';
  const memo = 'by the bookkeeper';
  await office('opening.post', { day, memo, equity: '3000', lines: [gbp('1010', 1_000)] });
  const entry = await office('journal.post', { day, memo, lines: [gbp('1010', 50), gbp('4000', -50)] });
  const stored = await fleet.book(OFFICE).log.get(entry);
  await office('journal.reverse', { of: stored?.record.op.id, day, memo });
  await office('entry.redate', { of: stored?.record.op.id, day: '2026-01-14', reason: 'the clock was a day ahead' });
  const transfer = { debit: '1000', credit: '1010', currency: 'GBP', amountMinor: 10, untilDay: '2026-01-31' };
  const transfers = ['posted', 'voided', 'expired'].map((id) => ({ id, ...transfer }));
  await office('money.transfer', { day, memo, transfers });
  await office('money.post', { of: 'posted', day, memo, amountMinor: 7 });
  await office('money.void', { of: 'voided' });
  await office('money.expire', { of: 'expired' });
  const exchange = { day, memo, base: 'GBP', position: '1900', gain: '4900' };
  const give = { account: '1010', currency: 'GBP', amountMinor: 100 };
  const take = { account: '1010', currency: 'EUR' };
  await office('currency.exchange', { ...exchange, give, take, rate: { numerator: 6, denominator: 5 } });
  await office('currency.revalue', { ...exchange, currency: 'EUR', rate: { numerator: 9, denominator: 10 } });
  await office('tax.set', { class: 'food', name: 'Food', rates: [{ from: '2026-01-01', basisPoints: 700 }] });
  await office('period.close', { through: '2026-01-31', late: 'route' });
  await office('journal.post', { day, memo, lines: [gbp('1010', 5), gbp('4000', -5)] });
  await office('period.carry', { through: '2026-01-31', retained: '3900', memo, lines: [gbp('4900', 8)] });
}
