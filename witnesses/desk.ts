/** More of a day at the counter: what is scanned, numbered, given back, put by and handed out for a token, and who answers for it. */
import { entitlementAlarms } from '@tallystick/retail/entitlement';
import { scan } from '@tallystick/retail/scan';
import { count, must, type Play } from './firm.ts';
import type { ShopBook } from './shop.ts';

const day = '2026-11-21';
const trade = { day, currency: 'GBP' } as const;
const tea = { sku: 'tea', name: 'tea', quantity: 1, unitPriceMilliMinor: 500_000 } as const;
const cash = [{ kind: 'cash', amountMinor: 500 }] as const;

const balance = (book: ShopBook, account: string): number =>
  count(book, 'SELECT coalesce(sum(amountMinor), 0) AS n FROM balances WHERE account = ?', account);
const debtOf = (book: ShopBook, seller: string): number =>
  count(book, 'SELECT coalesce(sum(amountMinor), 0) AS n FROM sellerDebts WHERE seller = ?', seller);
const corrections = (book: ShopBook, code: string): number =>
  count(book, 'SELECT count(*) AS n FROM corrections WHERE code = ?', code);

/** One product's code as an element string, in brackets and as a link, each of them also with a smudged digit, which is no code. The fault: the smudge goes unseen. */
const scanned: Play = async (_firm, broken) => {
  const gtin = '09506000134352';
  const textsOf = (code: string): readonly string[] => [
    `]C101${code}10LOT7`,
    `(01)${code}(10)LOT7`,
    `https://id.gs1.org/01/${code}/10/LOT7?17=301231`,
  ];
  const read = textsOf(gtin).map((text) => scan(text));
  const alike = read.filter((one) => one.ok && one.value.gtin === gtin && one.value.lot === 'LOT7').length;
  const smudged = textsOf(broken ? gtin : '09506000134353').map((text) => scan(text));
  const refused = smudged.filter((one) => !one.ok).length;
  await Promise.resolve();
  return { of: { codes: read.length }, facts: { alike, refused }, holds: alike === 3 && refused === 3 };
};

/** A till is lost, one sale of it is refused and one adopted: no number is missing. The fault: somebody looks at what stands alone. */
const numbers: Play = async (firm, broken) => {
  const { office } = firm;
  const till = await firm.enlist('till-1', 'till');
  const sell = async (): Promise<void> =>
    void must(await till.book.commit('sale.complete', { ...trade, taxIncluded: true, lines: [tea], tenders: cash }));
  await sell();
  await firm.meet(till.book, office);
  must(await office.commit('device.revoke', { device: till.book.device, reason: 'lost' }));
  await office.sync(firm.relay.client());
  for (let sale = 2; sale <= 4; sale++) await sell();
  await till.book.sync(firm.relay.client()).catch(() => undefined);
  await office.sync(firm.relay.client());
  const waiting = [...office.quarantine()].sort((left, right) => (left.id < right.id ? -1 : 1));
  must(await office.commit('device.recover', { op: waiting[2]?.hash ?? '' }));
  must(await office.commit('device.dismiss', { op: waiting[0]?.hash ?? '', reason: 'sold by a thief' }));
  const kept = broken ? '' : ' UNION SELECT number FROM refusedDocuments';
  const rows = office.query<{ number: string }>(`SELECT number FROM documents WHERE kind = 'sale'${kept}`);
  const given = rows.map(({ number }) => Number(number.split('/').at(-1))).sort();
  return {
    of: { waited: waiting.length },
    facts: { numbers: given.join(' ') },
    holds: given.join(' ') === '1 2 3 4',
  };
};

/**
 * Goods come back without a receipt, against the owner's policy, at a till that has not heard: it owes what it gave. Where he allows some, a customer's day is summed. The fault:
 * there is no such policy.
 */
const openReturn: Play = async (firm, broken) => {
  const { office } = firm;
  const till = await firm.enlist('till-1', 'till');
  const args = { ...trade, taxIncluded: true, lines: [tea], tenders: cash, reason: 'no receipt' };
  must(await till.book.commit('sale.refund', args));
  if (!broken) must(await office.commit('returns.policy', { currency: 'GBP', allowed: 0, refundTo: 'any' }));
  await firm.meet(office, till.book);
  const asked = await till.book.commit('sale.refund', args);
  const owed = debtOf(office, till.book.device);
  if (!broken)
    must(await office.commit('returns.policy', { currency: 'GBP', allowed: 1, refundTo: 'any', mostMinor: 700 }));
  await firm.meet(office, till.book);
  const answers: string[] = [];
  for (let time = 1; time <= 2; time++) {
    const one = await till.book.commit('sale.refund', { ...args, customer: 'c-1' });
    answers.push(one.ok ? 'ok' : one.code);
  }
  return {
    of: { refunds: 3 },
    facts: { owed, again: asked.ok ? 'ok' : asked.code, summed: answers.join() },
    holds:
      owed === 500 &&
      !asked.ok &&
      asked.code === 'retail/open-return' &&
      answers.join() === 'ok,retail/open-return' &&
      balance(office, '1150') === 500,
  };
};

/** One customer's deposit is paid back at two tills apart. The fault: the second is never heard. */
const paidBack: Play = async (firm, broken) => {
  const { office } = firm;
  const tills = [await firm.enlist('till-1', 'till'), await firm.enlist('till-2', 'till')];
  const [one, two] = tills.map(({ book }) => book) as [ShopBook, ShopBook];
  const paid = { ...trade, customer: 'c-1', tenders: cash };
  must(await one.commit('account.pay', paid));
  await firm.meet(one, two);
  for (const till of broken ? [one] : [one, two]) must(await till.commit('account.return', paid));
  await firm.meet(one, two, office);
  const [owed, customer] = [debtOf(office, two.device), balance(office, '1100')];
  return { of: { tills: 2 }, facts: { owed, customer }, holds: owed === 500 && customer === 0 };
};

/** What a coupon paid half of is given back whole, half at each of two tills apart, and what a gift paid is asked back in cash. The fault: the second is never heard. */
const givenBack: Play = async (firm, broken) => {
  const { office } = firm;
  const [one, two] = [await firm.enlist('till-1', 'till'), await firm.enlist('till-2', 'till')].map(
    ({ book }) => book,
  ) as [ShopBook, ShopBook];
  const [token, redemption, claim] = ['70'.repeat(32), 'e1'.repeat(16), '0'.repeat(64)] as const;
  const coupon = { kind: 'entitlement', amountMinor: 500, entitlement: 'coupon', token, redemption, claim } as const;
  const sold = { ...trade, taxIncluded: true, lines: [{ ...tea, quantity: 2 }] } as const;
  const { id: original } = must(await one.commit('sale.complete', { ...sold, tenders: [coupon, ...cash] }));
  await firm.meet(one, two);
  const back = { ...trade, taxIncluded: true, original, reason: 'unwanted', lines: [{ ...tea, line: 1 }] } as const;
  for (const till of broken ? [one] : [one, two]) must(await till.commit('sale.refund', { ...back, tenders: cash }));
  const third = await one.commit('sale.refund', { ...back, tenders: cash });
  // What a gift paid all of comes back on account, and not in cash.
  const gift = { ...coupon, token: '71'.repeat(32), redemption: 'e2'.repeat(16), entitlement: 'gift' } as const;
  const given = must(await one.commit('sale.complete', { ...sold, lines: [tea], tenders: [gift] }));
  const ofGift = await one.commit('sale.refund', { ...back, original: given.id, tenders: cash });
  await firm.meet(one, two, office);
  const owed = debtOf(office, two.device);
  return {
    of: { tills: 2 },
    facts: { owed, third: third.ok ? 'ok' : third.code, corrected: corrections(office, 'retail/refund-tender') },
    holds:
      owed === 500 &&
      !third.ok &&
      third.code === 'retail/refund-tender' &&
      !ofGift.ok &&
      ofGift.code === 'retail/refund-tender',
  };
};

/** A layaway is paid at one till while the till that opened it is lost: the deposit is there when a person adopts it. The fault: nobody adopts it. */
const quarantined: Play = async (firm, broken) => {
  const { office } = firm;
  const [lost, till] = [await firm.enlist('till-1', 'till'), await firm.enlist('till-2', 'till')];
  const put = { ...trade, taxIncluded: true, customer: 'c-1', lines: [tea] };
  const { id: layaway } = must(await lost.book.commit('layaway.open', put));
  await till.book.import(await lost.book.export());
  must(await till.book.commit('layaway.pay', { layaway, ...trade, tenders: cash }));
  must(await office.commit('device.revoke', { device: lost.book.device, reason: 'lost' }));
  await office.sync(firm.relay.client());
  await lost.book.sync(firm.relay.client()).catch(() => undefined);
  await firm.meet(till.book, office);
  const deposit = 0 - balance(office, '2300');
  const waited = office.quarantine().length;
  if (!broken) must(await office.commit('device.recover', { op: office.quarantine()[0]?.hash ?? '' }));
  const collected = await office.commit('layaway.collect', { layaway, ...trade, tenders: [] });
  return {
    of: { waited },
    facts: { deposit, collected: collected.ok ? 'ok' : collected.code, sold: 0 - balance(office, '4000') },
    holds: deposit === 500 && collected.ok && balance(office, '2300') === 0 && balance(office, '4000') === -500,
  };
};

/**
 * A gift, a coupon, a prize and a credit line are issued, redeemed and claimed, each after a claim that was given up: each ends on its account, and nothing is left over. The
 * fault: one is not claimed.
 */
const kinds: Play = async (firm, broken) => {
  const { office } = firm;
  const terms = [
    { kind: 'gift', account: '2300', ends: '2300' },
    { kind: 'prize', account: '6200', ends: '6200' },
    { kind: 'coupon', ends: '6200' },
    { kind: 'credit', customer: 'c-1', ends: '1100' },
  ] as const;
  for (const [index, { kind, ends: _ends, ...rest }] of terms.entries()) {
    const token = String(index + 1).repeat(64);
    const issue = { token, keyId: office.device, kind, holder: 'bearer', amountMinor: 500, ...trade, ...rest } as const;
    must(await office.commit('entitlement.issue', issue));
    must(await office.commit('entitlement.tier', { kind, currency: 'GBP', mostMinor: 500 }));
    const spent = { token, redemption: String(index + 1).repeat(32), amountMinor: 500 };
    const tenders = [{ kind: 'entitlement', entitlement: kind, ...spent }] as const;
    must(await office.commit('sale.complete', { ...trade, taxIncluded: true, lines: [tea], tenders }));
    const given = { ...spent, redemption: String(index + 5).repeat(32) };
    must(await office.commit('claim.spend', { ...given, ...trade, loss: 'receivable' }));
    must(await office.commit('claim.release', { token, redemption: given.redemption, day }));
    const isLeft = broken && kind === 'coupon';
    if (!isLeft) must(await office.commit('claim.spend', { ...spent, ...trade, loss: 'receivable' }));
  }
  const [left, promotion, owed, alarms] = [
    balance(office, '2310'),
    balance(office, '6200'),
    balance(office, '1100'),
    entitlementAlarms(office).length,
  ];
  return {
    of: { kinds: terms.length },
    facts: { left, promotion, owed, alarms },
    holds: left === 0 && promotion === 1_000 && owed === 500 && alarms === 0,
  };
};

/** A till opens business days ahead, which would begin its next spending period: no further than the owner says. The fault: he says another number. */
const dayPolicy: Play = async (firm, broken) => {
  const { office } = firm;
  must(await office.commit('day.open', { day }));
  must(await office.commit('policy.day', { role: 'till', aheadDays: broken ? 40 : 1 }));
  const till = await firm.enlist('till-1', 'till');
  const opened: string[] = [];
  for (const next of ['2026-11-22', '2026-11-23', '2026-12-21']) {
    const commit = await till.book.commit('day.open', { day: next });
    opened.push(commit.ok ? 'ok' : commit.code);
  }
  return {
    of: { days: 3 },
    facts: { opened: opened.join(' ') },
    holds: opened.join(' ') === 'ok kernel/day kernel/day',
  };
};

/** Two tills are enrolled under one name, which would make two papers of one number: the later gets a name of its own. The fault: they are named apart. */
const names: Play = async (firm, broken) => {
  const { office } = firm;
  const one = await firm.enlist('till', 'till');
  const two = await firm.enlist(broken ? 'till-2' : 'till', 'till', { path: `${firm.dir}/other.db` });
  for (const { book } of [one, two])
    must(await book.commit('sale.complete', { ...trade, taxIncluded: true, lines: [tea], tenders: cash }));
  await firm.meet(one.book, two.book, office);
  const distinct = count(office, "SELECT count(DISTINCT number) AS n FROM documents WHERE kind = 'sale'");
  const taken = corrections(office, 'kernel/name-taken');
  return { of: { sales: 2 }, facts: { distinct, taken }, holds: distinct === 2 && taken === 1 };
};

export const deskPlays: Readonly<Record<string, Play>> = {
  scan: scanned,
  numbers,
  'open-return': openReturn,
  'paid-back': paidBack,
  'given-back': givenBack,
  quarantined,
  kinds,
  'day-policy': dayPolicy,
  names,
};
