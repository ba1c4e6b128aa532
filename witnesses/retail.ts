/** A day at the counter: what a till may claim, number, sell on account and close, held by the fold and not by the till's program. */
import {
  fiscalAlerts,
  nextFiscalNumber,
  openBackorders,
  type SaleCompleteArgs,
  saleComplete,
  sessionReport,
} from '@tallystick/retail';
import { defineVerb, refuse, type Verb } from '@tallystick/kernel';
import type { Witness } from './claim.ts';
import { deskPlays } from './desk.ts';
import { count, must, type Play, playsOf, sales } from './firm.ts';
import { type ShopBook, verbs } from './shop.ts';

const day = '2026-11-21';
const trade = { day, currency: 'GBP' };
const goods = { category: 'lunch', unitScale: 0, taxRateBasisPoints: 0, negativeStock: 'allow', active: 1 } as const;

function sold(sku: string, quantity: number, rest: Partial<SaleCompleteArgs> = {}): SaleCompleteArgs {
  const lines = [{ sku, name: sku, quantity, unitPriceMilliMinor: 500_000 }];
  const tenders = [{ kind: 'cash' as const, amountMinor: 500 * quantity }];
  return { ...trade, taxIncluded: true, lines, tenders, ...rest };
}

const onHand = (book: ShopBook, sku: string): number =>
  count(book, 'SELECT coalesce(sum(onHand), 0) AS n FROM stock WHERE sku = ?', sku);

/**
 * Burgers are sold, one sale is voided and one is given back after the recipe was changed: what two burgers were made of left and came back. Half a patty is a whole one, once
 * for each sale and not for each burger. The fault: nobody set the recipe.
 */
const backflush: Play = async (firm, broken) => {
  const { office } = firm;
  const skus = ['burger', 'bun', 'patty', 'sauce'] as const;
  for (const sku of skus) must(await office.commit('product.set', { sku, name: sku, ...goods }));
  const parts = [
    { sku: 'bun', quantity: 2 },
    { sku: 'patty', quantity: 3 },
    { sku: 'sauce', quantity: 1 },
  ];
  if (!broken) must(await office.commit('recipe.set', { sku: 'burger', makes: 2, parts }));
  const till = await firm.enlist('till', 'till');
  must(await till.book.commit('sale.complete', sold('burger', 3)));
  const { id: document } = must(await till.book.commit('sale.complete', sold('burger', 5)));
  const patties = onHand(till.book, 'patty');
  must(await till.book.commit('sale.void', { document, day, reason: 'wrong table' }));
  const { id: original } = must(await till.book.commit('sale.complete', sold('burger', 2)));
  await office.import(await till.book.export());
  if (!broken)
    must(await office.commit('recipe.set', { sku: 'burger', makes: 1, parts: [{ sku: 'bun', quantity: 9 }] }));
  await till.book.import(await office.export());
  const { lines, tenders } = sold('burger', 2);
  const back = { ...trade, taxIncluded: true, original, reason: 'cold', tenders: tenders as never };
  must(await till.book.commit('sale.refund', { ...back, lines: lines.map((line) => ({ ...line, line: 1 })) }));
  await office.import(await till.book.export());
  const left = skus.map((sku) => onHand(office, sku)).join(' ');
  return {
    of: { sales: sales(office) },
    facts: { patties, left: `"${left}"` },
    // 4.5 and 7.5 patties, 1.5 sauces.
    holds: patties === -13 && left === '0 -3 -5 -2',
  };
};

/**
 * Three sessions of sales, drops and a void: each Z report adds up to its drawer, and each device numbers its own without a gap; a sale that comes in after
 * a close changes none. The fault: somebody reads what the sessions took by now.
 */
const zReport: Play = async (firm, broken) => {
  const { office } = firm;
  const till = await firm.enlist('till', 'till');
  const sessions = [];
  for (let shift = 1; shift <= 3; shift++) {
    const { id: session } = must(await till.book.commit('session.open', { ...trade, floatMinor: 5_000 }));
    must(await till.book.commit('sale.complete', sold('tea', shift, { session })));
    const { id: document } = must(await till.book.commit('sale.complete', sold('cake', 1, { session })));
    must(await till.book.commit('sale.void', { document, day, reason: 'dropped' }));
    must(await till.book.commit('cash.drop', { session, day, amountMinor: 300, reason: 'safe' }));
    const moved = { session, day, account: '3000' };
    must(await till.book.commit('cash.receive', { ...moved, amountMinor: 200, reason: 'change' }));
    must(await till.book.commit('cash.pay', { ...moved, amountMinor: 50, reason: 'milk' }));
    await firm.meet(till.book, office);
    // The last is closed by the office while the till, which has not heard of it, sells on.
    const closer = shift === 3 ? office : till.book;
    must(await closer.commit('session.close', { session, day, countedMinor: 4_850 + 500 * shift }));
    if (shift === 3) {
      await firm.meet(office);
      must(await till.book.commit('sale.complete', sold('tea', 9, { session })));
    }
    sessions.push(session);
  }
  await firm.meet(till.book, office);
  const reports = sessions.flatMap((session) => sessionReport(office, session) ?? []);
  const late = reports.reduce((sum, report) => sum + report.late.documents, 0);
  const unequal = reports.filter((report) => {
    const { floatMinor, tenders, paidInMinor, paidOutMinor, droppedMinor, expectedMinor } = report;
    const lateMinor = broken ? report.late.totalMinor : 0;
    return floatMinor + tenders.cash + lateMinor + paidInMinor + paidOutMinor + droppedMinor !== expectedMinor;
  });
  const numbers = reports.map(({ number }) => number.split('/').at(-1)).join(' ');
  return {
    of: { reports: reports.length, late },
    facts: {
      unequal: unequal.length,
      over: reports.reduce((sum, { overMinor }) => sum + overMinor, 0),
      numbers: `"${numbers}"`,
    },
    // What was counted is what there must be: none is over or short.
    holds:
      unequal.length === 0 && numbers === '1 2 1' && late === 1 && reports.every(({ overMinor }) => overMinor === 0),
  };
};

/** The verbs of a program that looks at nothing that a sale claims. */
function carelessVerbs(): readonly Verb[] {
  const careless = defineVerb({
    ...saleComplete,
    plan: (view, op, { fiscal: _number, coupons: _codes, lines, ...args }: SaleCompleteArgs) => {
      const plain = lines.map(({ promotion: _promotion, ...line }) => line);
      return saleComplete.plan(view, op, { ...args, lines: plain });
    },
  });
  return verbs.map((verb) => (verb.ref === careless.ref ? (careless as Verb) : verb));
}

/**
 * A till whose program does not care uses a fiscal number twice, one of another's block, and the one after the last of its own. The sales stand, the number stands once, and
 * the others say who. The fault: they run that program, too.
 */
const fiscal: Play = async (firm, broken) => {
  const { office } = firm;
  const judge = await firm.enlist('judge', 'manager', broken ? { instead: carelessVerbs() } : {});
  const till = await firm.enlist('till', 'till', { instead: carelessVerbs() });
  must(await office.commit('fiscal.range', { series: 'A', first: 1, last: 200 }));
  const lease = { series: 'A', scope: 'hq', untilDay: day };
  must(await office.commit('fiscal.lease', { ...lease, device: till.book.device }));
  must(await office.commit('fiscal.lease', { ...lease, device: office.device }));
  await firm.meet(office, till.book);
  const mine = nextFiscalNumber(till.book, 'A', till.book.device);
  const theirs = nextFiscalNumber(till.book, 'A', office.device);
  if (mine === undefined || theirs === undefined) throw new Error('no numbers were leased');
  const past = { ...mine, number: mine.number + 50 };
  for (const number of [mine, mine, theirs, past])
    must(await till.book.commit('sale.complete', sold('tea', 1, { fiscal: number })));
  await firm.meet(till.book, judge.book);
  const alerts = fiscalAlerts(judge.book);
  const used = count(judge.book, 'SELECT count(*) AS n FROM fiscalUses');
  const attributed = alerts.filter(({ device }) => device === till.book.device).length;
  return {
    of: { tried: 4 },
    facts: { stand: sales(judge.book), alerts: alerts.length, attributed, used },
    holds: sales(judge.book) === 4 && attributed === 3 && used === 1,
  };
};

/** A till claims half off where a tenth is offered, and a coupon that nobody handed in. The fault: the judge does not look, either. */
const promotion: Play = async (firm, broken) => {
  const { office } = firm;
  const offer = { kind: 'percent', basisPoints: 1_000 } as const;
  const days = { fromDay: day, untilDay: day };
  must(await office.commit('promotion.set', { promotion: 'tenth', name: 'a tenth off', ...days, offer }));
  must(await office.commit('promotion.set', { promotion: 'secret', name: 'coupon', ...days, offer, coupon: 'XMAS' }));
  const judge = await firm.enlist('judge', 'manager', broken ? { instead: carelessVerbs() } : {});
  const till = await firm.enlist('till', 'till', { instead: carelessVerbs() });
  const claims = [
    ['tenth', 50],
    // A penny more than a tenth.
    ['tenth', 51],
    ['secret', 50],
  ] as const;
  for (const [name, discountMinor] of claims) {
    const line = { sku: 'tea', name: 'tea', quantity: 1, unitPriceMilliMinor: 500_000, promotion: name, discountMinor };
    const tenders = [{ kind: 'cash' as const, amountMinor: 500 - discountMinor }];
    must(await till.book.commit('sale.complete', sold('tea', 1, { lines: [line], tenders })));
  }
  await firm.meet(till.book, judge.book);
  const named = count(
    judge.book,
    "SELECT count(*) AS n FROM corrections WHERE code IN ('retail/promotion-exceeded', 'retail/promotion-coupon') AND device = ?",
    till.book.device,
  );
  return {
    of: { claims: claims.length },
    facts: { stand: sales(judge.book), named },
    holds: sales(judge.book) === 3 && named === 2,
  };
};

/** The shop's verbs as they were if whatever should not be done could not stand. */
function strictVerbs(): readonly Verb[] {
  const strict = (verb: Verb): Verb['plan'] => {
    return (view, op, args) => {
      const outcome = verb.plan(view, op, args);
      if (!('kind' in outcome) || outcome.kind !== 'contested') return outcome;
      return refuse(outcome.correction.code, outcome.correction.details);
    };
  };
  return verbs.map((verb: Verb) => ({ ...verb, plan: strict(verb) }));
}

/**
 * A till sells, takes a mug back and voids while it hears of nobody. Meanwhile the month is closed, sales are bound to another currency, a customer's credit and the
 * last lamp are gone, and the same sales were taken back at another till; all that is settled first. The fault: whoever folds knows no but no.
 */
const late: Play = async (firm, broken) => {
  const { office } = firm;
  must(await office.commit('product.set', { sku: 'lamp', name: 'lamp', ...goods, negativeStock: 'refuse' }));
  const delivered = [{ sku: 'lamp', name: 'lamp', quantity: 1, unitCostMilliMinor: 0 }];
  must(await office.commit('stock.receive', { ...trade, lines: delivered, reference: 'D-1' }));
  const [one, two] = [
    must(await office.commit('sale.complete', sold('tea', 2))),
    must(await office.commit('sale.complete', sold('tea', 1))),
  ];
  const till = await firm.enlist('till', 'till');
  const judge = await firm.enlist('judge', 'manager', broken ? { instead: strictVerbs() } : {});
  const back = {
    lines: [{ sku: 'tea', name: 'tea', quantity: 2, unitPriceMilliMinor: 500_000, line: 1 }],
    reason: 'back',
  };
  const refund = {
    ...trade,
    ...back,
    taxIncluded: true,
    original: one.id,
    tenders: [{ kind: 'cash' as const, amountMinor: 1_000 }],
  };
  const onAccount = { customer: 'c-1', tenders: [{ kind: 'account' as const, amountMinor: 500 }] };
  for (const book of [office, till.book]) {
    must(await book.commit('sale.complete', sold('lamp', 1)));
    must(await book.commit('sale.complete', sold('tea', 1, onAccount)));
    must(await book.commit('sale.refund', refund));
    must(await book.commit('sale.void', { document: two.id, day, reason: 'wrong' }));
  }
  const terms = { currency: 'GBP', limitMinor: 500, overLimit: 'refuse', termsDays: 30, active: 1 } as const;
  must(await office.commit('customer.set', { customer: 'c-1', ...terms }));
  must(await office.commit('account.open', { account: '4000', kind: 'income', name: 'Sales', currency: 'EUR' }));
  must(await office.commit('day.open', { day: '2026-11-22' }));
  must(await office.commit('period.close', { through: day, late: 'refuse' }));
  await firm.meet(office, till.book, judge.book);
  const refused = count(judge.book, 'SELECT count(*) AS n FROM refusals');
  const corrected = count(judge.book, 'SELECT count(*) AS n FROM corrections WHERE device = ?', till.book.device);
  const balance = count(judge.book, 'SELECT coalesce(sum(amountMinor), 0) AS n FROM balances');
  const owed = count(
    judge.book,
    'SELECT coalesce(sum(amountMinor), 0) AS n FROM sellerDebts WHERE seller = ?',
    till.book.device,
  );
  return {
    of: { done: 4 },
    facts: { refused, corrected, balance, owed },
    holds: refused === 0 && corrected === 4 && balance === 0 && owed === 1_500,
  };
};

/** A customer with a limit of 10.00 buys at two tills that are apart. The fault: nobody set the limit. */
const credit: Play = async (firm, broken) => {
  const { office } = firm;
  const terms = { currency: 'GBP', limitMinor: 1_000, overLimit: 'refuse', termsDays: 30, active: 1 } as const;
  if (!broken) must(await office.commit('customer.set', { customer: 'c-1', ...terms }));
  const tills = [await firm.enlist('till-1', 'till'), await firm.enlist('till-2', 'till')];
  for (const { book } of tills) {
    const tenders = [{ kind: 'account' as const, amountMinor: 1_000 }];
    must(await book.commit('sale.complete', sold('tea', 2, { customer: 'c-1', tenders })));
  }
  await firm.meet(...tills.map(({ book }) => book), office);
  const owed = count(office, 'SELECT coalesce(sum(owedMinor), 0) AS n FROM customerAccounts');
  const over = count(office, "SELECT count(*) AS n FROM corrections WHERE code = 'retail/over-credit'");
  return { of: { tills: tills.length }, facts: { owed, over }, holds: owed === 2_000 && over === 1 };
};

/** The last lamp is sold at two tills that are apart; the later sale stands and owes the lamp. The fault: the product's policy is to refuse. */
const backorder: Play = async (firm, broken) => {
  const { office } = firm;
  const lamp = { sku: 'lamp', name: 'lamp', ...goods, negativeStock: broken ? 'refuse' : 'backorder' } as const;
  must(await office.commit('product.set', lamp));
  const delivered = [{ sku: 'lamp', name: 'lamp', quantity: 1, unitCostMilliMinor: 0 }];
  must(await office.commit('stock.receive', { ...trade, lines: delivered, reference: 'D-1' }));
  const tills = [await firm.enlist('till-1', 'till'), await firm.enlist('till-2', 'till')];
  for (const { book } of tills) must(await book.commit('sale.complete', sold('lamp', 1)));
  await firm.meet(...tills.map(({ book }) => book), office);
  const owed = openBackorders(office).reduce((sum, { amountMinor }) => sum + amountMinor, 0);
  const posted = count(office, "SELECT coalesce(sum(amountMinor), 0) AS n FROM balances WHERE account = '2400'");
  const stand = sales(office);
  return {
    of: { tills: tills.length },
    facts: { stand, owed, posted },
    holds: stand === 2 && owed === 500 && posted === -500,
  };
};

/** What was put by is collected at one till and its deposit paid back at the other, apart: both stand, and who paid out what was used up owes it. The fault: the other is never heard. */
const layaway: Play = async (firm, broken) => {
  const { office } = firm;
  const tills = [await firm.enlist('till-1', 'till'), await firm.enlist('till-2', 'till')];
  const [one, two] = tills.map(({ book }) => book) as [ShopBook, ShopBook];
  const lines = [{ sku: 'lamp', name: 'lamp', quantity: 1, unitPriceMilliMinor: 500_000 }];
  const terms = { ...trade, taxIncluded: true, customer: 'c-1', lines };
  const { id } = must(await one.commit('layaway.open', terms));
  const paid = { layaway: id, day, currency: 'GBP', tenders: [{ kind: 'cash' as const, amountMinor: 500 }] };
  must(await one.commit('layaway.pay', paid));
  await firm.meet(one, two);
  must(await one.commit('layaway.collect', { ...paid, tenders: [] }));
  must(await two.commit('layaway.cancel', { ...paid, reason: 'moved away' }));
  await firm.meet(...(broken ? [one] : [one, two]), office);
  const balance = (account: string): number =>
    count(office, 'SELECT coalesce(sum(amountMinor), 0) AS n FROM balances WHERE account = ?', account);
  const [owed, deposits, sold] = [balance('1150'), balance('2300'), balance('4000')];
  const late = count(office, "SELECT count(*) AS n FROM corrections WHERE code = 'retail/late-layaway'");
  return {
    of: { tills: tills.length, layaways: count(office, "SELECT count(*) AS n FROM documents WHERE kind = 'layaway'") },
    facts: { owed, deposits, sold, late },
    holds: owed === 500 && deposits === 0 && sold === -500 && late === 1,
  };
};

/** Two managers name one product apart from each other. The fault: one of them never hands in what he did. */
const edits: Play = async (firm, broken) => {
  const { office } = firm;
  must(await office.commit('product.set', { sku: 'mug', name: 'mug', ...goods }));
  const managers = [await firm.enlist('one', 'manager'), await firm.enlist('two', 'manager')];
  for (const [index, { book }] of managers.entries()) {
    must(await book.commit('product.set', { sku: 'mug', name: `mug ${index + 1}`, ...goods }));
  }
  await firm.meet(...managers.slice(0, broken ? 1 : 2).map(({ book }) => book), office);
  const versions = count(office, "SELECT count(DISTINCT name) AS n FROM products_history WHERE sku = 'mug'");
  const stands = count(office, "SELECT count(*) AS n FROM products WHERE sku = 'mug' AND name LIKE 'mug %'");
  return { of: { edits: managers.length }, facts: { versions, stands }, holds: versions === 3 && stands === 1 };
};

/**
 * A sale of three tenders and tax is voided by the office: every account is where it was, and the till's drawer has what was put into it. The fault: nobody voids it.
 */
const voided: Play = async (firm, broken) => {
  const { office } = firm;
  const till = await firm.enlist('till', 'till');
  const { id: session } = must(await till.book.commit('session.open', { ...trade, floatMinor: 1_000 }));
  must(await till.book.commit('sale.complete', sold('tea', 1)));
  const balances = (): string =>
    JSON.stringify(till.book.query('SELECT account, amountMinor FROM balances ORDER BY account'));
  const before = balances();
  const lines = [{ sku: 'tea', name: 'tea', quantity: 3, unitPriceMilliMinor: 501_000, taxRateBasisPoints: 2_000 }];
  const tenders = [
    { kind: 'cash', amountMinor: 503 },
    { kind: 'card', amountMinor: 500 },
    { kind: 'account', amountMinor: 500 },
  ] as const;
  const { id: document } = must(await till.book.commit('sale.complete', sold('tea', 3, { lines, tenders, session })));
  const isMoved = balances() !== before;
  await office.import(await till.book.export());
  // The office has no drawer: the money comes out of none.
  if (!broken) must(await office.commit('sale.void', { document, day, reason: 'wrong goods' }));
  await till.book.import(await office.export());
  const stock = onHand(office, 'tea');
  const isBack = balances() === before;
  const inDrawer = count(office, 'SELECT amountMinor AS n FROM drawers WHERE session = ?', session);
  return {
    of: { documents: count(office, 'SELECT count(*) AS n FROM documents') },
    facts: { isMoved, isBack, stock, inDrawer },
    holds: isMoved && isBack && stock === -1 && inDrawer === 1_503,
  };
};

export const retail: Witness = playsOf('retail', {
  backflush,
  'z-report': zReport,
  fiscal,
  promotion,
  late,
  credit,
  backorder,
  layaway,
  edits,
  voided,
  ...deskPlays,
});
