/** What no log prevents because it happens beside it: it is recorded, attributed and lands in the ledger under a name. */
import type { Witness } from './claim.ts';
import { count, must, type Play, playsOf } from './firm.ts';
import { saleOf } from './shop.ts';

const day = '2026-11-21';
const PRICE_MINOR = 40_000;

/**
 * An insider sells for cash, takes the sale back when the customer has gone, and keeps the money: the drawer agrees with its book, and the stock
 * does not. The fault: nobody counts the stock.
 */
const lyingInsider: Play = async (firm, broken) => {
  const till = await firm.enlist('till', 'till');
  const goods = { sku: 'tv', name: 'tv', quantity: 1 };
  const trade = { day, currency: 'GBP' };
  const price = { unitPriceMilliMinor: PRICE_MINOR * 1000 };
  const delivery = [{ ...goods, quantity: 3, unitCostMilliMinor: PRICE_MINOR * 1000 }];
  must(await firm.office.commit('stock.receive', { ...trade, lines: delivery, reference: 'DN-1' }));
  await till.book.import(await firm.office.export());
  const { id: session } = must(await till.book.commit('session.open', { ...trade, floatMinor: 5_000 }));
  const sale = {
    ...saleOf('tv', 1),
    session,
    lines: [{ ...goods, ...price }],
    tenders: [{ kind: 'cash' as const, amountMinor: PRICE_MINOR }],
  };
  const { id: document } = must(await till.book.commit('sale.complete', sale));
  must(await till.book.commit('sale.void', { document, day, reason: 'changed his mind', session }));
  must(await till.book.commit('session.close', { session, countedMinor: 5_000, day }));
  await firm.office.import(await till.book.export());
  const booked = count(firm.office, "SELECT onHand AS n FROM stock WHERE sku = 'tv'");
  const onShelf = 2;
  const missing = { ...goods, ...price, quantity: onShelf - booked };
  if (!broken) must(await firm.office.commit('stock.adjust', { ...trade, lines: [missing], reason: 'count' }));
  const balance = (account: string): number =>
    count(firm.office, 'SELECT coalesce(sum(amountMinor), 0) AS n FROM postings WHERE account = ?', account);
  const cashDifference = balance('6900');
  const writtenOff = 0 - balance('5900');
  const suspects = count(
    firm.office,
    "SELECT count(*) AS n FROM documents d JOIN documentLines l ON l.document = d.id WHERE d.kind = 'void' AND l.sku = 'tv' AND d.device = ?",
    till.book.device,
  );
  return {
    of: { documents: count(firm.office, 'SELECT count(*) AS n FROM documents'), suspects },
    facts: { cashDifference, writtenOff: Math.abs(writtenOff) },
    holds: cashDifference === 0 && Math.abs(writtenOff) === PRICE_MINOR && suspects === 1,
  };
};

/** A drawer is counted short. The fault: who counts says what the book expects. */
const shortDrawer: Play = async (firm, broken) => {
  const till = await firm.enlist('till', 'till');
  const { id: session } = must(await till.book.commit('session.open', { day, currency: 'GBP', floatMinor: 5_000 }));
  const cash = [{ kind: 'cash' as const, amountMinor: 510 }];
  must(await till.book.commit('sale.complete', { ...saleOf('tea', 2), session, tenders: cash }));
  must(await till.book.commit('session.close', { session, countedMinor: broken ? 5_510 : 5_200, day }));
  await firm.office.import(await till.book.export());
  const short = count(
    firm.office,
    "SELECT coalesce(sum(amountMinor), 0) AS n FROM postings WHERE account = '6900' AND currency = 'GBP'",
  );
  const named = count(firm.office, 'SELECT count(*) AS n FROM sessions WHERE device = ?', till.book.device);
  const balanced = count(firm.office, 'SELECT coalesce(sum(amountMinor), 0) AS n FROM postings');
  return { of: { sessions: named }, facts: { short, trialBalance: balanced }, holds: short === 310 && balanced === 0 };
};

export const people: Witness = playsOf('people', { 'lying-insider': lyingInsider, 'short-drawer': shortDrawer });
