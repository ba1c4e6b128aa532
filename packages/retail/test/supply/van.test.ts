/** A day of a van by example: loaded in the morning, sold by scans, settled in the evening; and what became of the lot. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Scene } from '../../../guards/test/scene.ts';
import { provenance, recall, stockPositions } from '../../src/supply.ts';
import {
  balances,
  branch,
  depot,
  dispatch,
  head,
  idOf,
  manager as seller,
  mugs,
  office,
  openChain,
  receipt,
  stockIn,
  warehouse,
} from './chain.ts';

const van = 'v/7';
const scan = (rest: object = {}) => ({
  ...head,
  sku: 'MUG',
  name: 'Mug',
  unitPriceMilliMinor: 500_000,
  taxIncluded: true,
  tender: 'cash',
  ...rest,
});
const count = (counted: number, rest: object = {}) => ({
  ...head,
  seller: 'E-7',
  lines: [{ sku: 'MUG', name: 'Mug', counted, unitPriceMilliMinor: 200_000 }],
  ...rest,
});

describe('a van', () => {
  let scene: Scene;
  let session = '';
  beforeAll(async () => {
    scene = await openChain();
    const lines = [mugs(6, { lot: 'L-1' }), mugs(1, { lot: 'S-9' }), mugs(13)];
    await scene.must(warehouse, 'stock.receive', { ...head, reference: 'D-7', lines }, depot);
    const load = await dispatch(scene, [mugs(5, { lot: 'L-1' }), mugs(1, { lot: 'S-9' }), mugs(4)], { to: van });
    await scene.settle();
    await scene.must(seller, 'transfer.receive', receipt(scene.books[seller]!, load, [4, 1, 4]), van);
    const opened = await scene.must(seller, 'session.open', { ...head, floatMinor: 1000 }, van);
    session = await idOf(scene.books[seller]!, opened);
  });
  afterAll(() => scene.close());

  it('sells one unit by each scan', async () => {
    await scene.must(seller, 'van.scan', scan({ session, lot: 'S-9' }), van);
    await scene.must(seller, 'van.scan', scan({ session, lot: 'L-1' }), van);
    await scene.must(seller, 'van.scan', scan({ tender: 'card', taxRateBasisPoints: 2000 }), van);
    expect(stockIn(scene.books[seller]!, van)).toEqual({ MUG: 6 });
    const sales = scene.books[seller]!.query(
      "SELECT number, totalMinor FROM documents WHERE kind = 'sale' ORDER BY id",
    );
    expect(sales.map(({ totalMinor }) => totalMinor)).toEqual([500, 500, 500]);
  });

  it('sells nothing that is not on board', async () => {
    const attempt = (rest: object) => scene.commit(seller, 'van.scan', scan(rest), van);
    expect(await attempt({ lot: 'S-9' })).toBe('retail/not-on-board');
    expect(await attempt({ lot: 'L-2' })).toBe('retail/not-on-board');
    expect(await attempt({ sku: 'TEA', quantityScale: 3 })).toBe('retail/not-on-board');
    expect(await scene.commit(warehouse, 'van.scan', scan(), van)).toBe('kernel/role');
  });

  it('is settled by somebody else, and what is missing is the seller’s', async () => {
    await scene.settle();
    const settle = (device: number, rest: object, counted = 5) =>
      scene.commit(device, 'van.settle', count(counted, rest), van);
    expect(await settle(office, { session })).toBe('retail/cash-without-session');
    expect(await settle(office, { session: 'nothing', cashMinor: 0 })).toBe('retail/unknown-session');
    expect(await settle(office, { session, cashMinor: 0, currency: 'EUR' })).toBe('retail/currency-mismatch');
    const [line] = count(5).lines;
    expect(await settle(office, { lines: [line, line] })).toBe('retail/counted-twice');
    // A warehouse counts vans; the drawer of a till, or of an office, is none of its business.
    expect(await settle(warehouse, { session, cashMinor: 1950 })).toBe('retail/foreign-session');
    // Of 6 mugs 5 are there, of 20.00 in the drawer 19.50.
    expect(await settle(office, { session, cashMinor: 1950 })).toBe('ok');
    expect(await settle(office, { session, cashMinor: 1950 })).toBe('retail/session-closed');
    await scene.settle();
    const book = scene.books[warehouse]!;
    expect(balances(book)).toMatchObject({ 1000: 950, 1150: 250, 5950: 200 });
    expect(book.query('SELECT seller, amountMinor FROM sellerDebts')).toEqual([{ seller: 'E-7', amountMinor: 250 }]);
    expect(book.query('SELECT shortMinor, overMinor, cashShortMinor, cashOverMinor FROM vanSettlements')).toEqual([
      { shortMinor: 200, overMinor: 0, cashShortMinor: 50, cashOverMinor: 0 },
    ]);
    expect(stockIn(book, van)).toEqual({ MUG: 5 });
  });

  it('shows what is over, which makes good nothing that is missing', async () => {
    const before = balances(scene.books[office]!);
    const opened = await scene.must(seller, 'session.open', { ...head, floatMinor: 0 }, van);
    await scene.settle();
    const lines = [
      ...count(7).lines,
      { sku: 'TEA', name: 'Tea', counted: 0, quantityScale: 3, unitPriceMilliMinor: 9 },
    ];
    const later = { session: await idOf(scene.books[seller]!, opened), cashMinor: 30, lines };
    await scene.must(office, 'van.settle', count(7, later), van);
    const after = balances(scene.books[office]!);
    const change = (account: string) => (after[account] ?? 0) - (before[account] ?? 0);
    expect(['1000', '1150', '5000', '5900', '6900'].map(change)).toEqual([30, 0, 400, -400, -30]);
  });

  it('is paid for by its seller, and no more than is owed', async () => {
    const pay = (amountMinor: number, account = '1000') =>
      scene.commit(office, 'seller.pay', { ...head, seller: 'E-7', amountMinor, account }, van);
    expect(await pay(251)).toBe('retail/over-paid');
    expect(await pay(250, '1150')).toBe('retail/pay-account');
    expect(await pay(250)).toBe('ok');
    expect(balances(scene.books[office]!)['1150']).toBe(undefined);
    expect(scene.books[office]!.query('SELECT * FROM sellerDebts')).toEqual([]);
  });

  it('carried a lot that is traced from where it came in to every place and sale', async () => {
    await scene.settle();
    const book = scene.books[office]!;
    expect(provenance(book, 'L-1')).toMatchObject({
      origins: [{ scope: depot, kind: 'receipt', external: 'D-7', quantity: 6 }],
      transfers: [
        { scope: depot, kind: 'dispatch', otherScope: van, quantity: -5 },
        { scope: van, kind: 'arrival', otherScope: depot, quantity: 4 },
      ],
    });
    const found = recall(book, 'L-1');
    expect(found).toMatchObject({
      onHand: [
        { scope: depot, quantity: 1 },
        { scope: van, quantity: 3 },
      ],
      inTransit: [],
      trade: [{ scope: van, kind: 'sale', quantity: -1 }],
      lost: [{ scope: van, quantity: 1 }],
      corrections: [],
    });
    const away = await dispatch(scene, [mugs(1, { lot: 'L-1' })]);
    const [sold] = recall(book, 'L-1').trade;
    await scene.must(office, 'sale.void', { document: sold!.document, day: head.day, reason: 'recalled' }, van);
    const lines = [{ sku: 'MUG', name: 'Mug', quantity: -4, unitPriceMilliMinor: 0, lot: 'L-1' }];
    await scene.must(office, 'stock.adjust', { ...head, lines, reason: 'destroyed' }, van);
    await scene.settle();
    const after = recall(book, 'L-1');
    const sum = (rows: readonly { readonly quantity: number }[]) =>
      rows.reduce((all, { quantity }) => all + quantity, 0);
    expect(after.inTransit).toEqual([{ scope: 'b/042', sku: 'MUG', quantity: 1 }]);
    expect([sum(after.onHand), sum(after.trade), sum(after.lost), sum(after.corrections)]).toEqual([0, 0, 1, -4]);
    // What came in is somewhere: on hand, in transit, sold, lost, or written off.
    const everywhere =
      sum(after.onHand) + sum(after.inTransit) - sum(after.trade) + sum(after.lost) - sum(after.corrections);
    expect(everywhere).toBe(sum(provenance(book, 'L-1').origins));
    expect(provenance(book, 'L-1').transfers.some(({ transfer }) => transfer === away)).toBe(true);
    expect(recall(book, 'nothing')).toEqual({ onHand: [], inTransit: [], trade: [], lost: [], corrections: [] });
    expect(stockPositions(book).length).toBeGreaterThan(0);
  });
});

/** A van of its own device with two mugs, its session open; the others are synced. */
async function openVan(): Promise<{ scene: Scene; session: string; phone: number }> {
  const scene = await openChain('van');
  const phone = 5;
  await scene.must(office, 'stock.receive', { ...head, reference: 'D-1', lines: [mugs(2)] }, van);
  const opened = await scene.must(phone, 'session.open', { ...head, floatMinor: 100 }, van);
  await scene.settle();
  return { scene, session: await idOf(scene.books[phone]!, opened), phone };
}

const refused = (scene: Scene) => scene.refusedCodes(office).filter((code) => code.startsWith('retail/'));
const late = (scene: Scene) => ({
  ...balances(scene.books[office]!),
  stock: stockIn(scene.books[office]!, van)['MUG'] ?? 0,
  owed: scene.books[office]!.query<{ n: number }>('SELECT coalesce(sum(amountMinor), 0) AS n FROM sellerDebts')[0]!.n,
  drawer: scene.books[office]!.query<{ n: number }>('SELECT coalesce(sum(amountMinor), 0) AS n FROM drawers')[0]!.n,
});

it.each([
  ['cash that was in the drawer', 'cash', 600, 0],
  ['cash that was not, which is short instead', 'cash', 100, 500],
  ['a card', 'card', 100, 0],
] as const)(
  'a scan that comes in after its van was settled is not charged twice: %s',
  async (_what, tender, cashMinor, shortMinor) => {
    const { scene, session, phone } = await openVan();
    await scene.must(phone, 'van.scan', scan({ session, tender }), van);
    // One mug was sold, one is still there; the warehouse does not know of the scan, and charges for a mug that is missing.
    await scene.must(warehouse, 'van.settle', count(1, { session, cashMinor }), van);
    await scene.sync(warehouse);
    await scene.settle();
    expect(refused(scene)).toEqual([]);
    expect(scene.books[office]!.query('SELECT code FROM corrections')).toEqual([{ code: 'retail/late-scan' }]);
    expect(late(scene)).toEqual({
      ...(tender === 'cash' ? {} : { 1010: 500 }),
      ...(cashMinor === 600 ? { 1000: 500 } : {}),
      ...(shortMinor === 0 ? {} : { 1150: shortMinor }),
      2100: -400,
      4000: -500,
      5000: 400,
      stock: 1,
      owed: shortMinor,
      drawer: 0,
    });
    await scene.close();
  },
);

it('what a seller scans afterwards for less than it was charged at is still owed, and no more is made good than was missing', async () => {
  const { scene, session, phone } = await openVan();
  for (const unitPriceMilliMinor of [50_000, 500_000, 500_000])
    await scene.commit(phone, 'van.scan', scan({ session, tender: 'card', unitPriceMilliMinor }), van);
  await scene.must(warehouse, 'van.settle', count(0, { session, cashMinor: 100 }), van);
  await scene.sync(warehouse);
  await scene.settle();
  expect(late(scene)).toMatchObject({ 1150: 150, owed: 150, stock: 0 });
  await scene.close();
});

it('goods that were scanned on board here and elsewhere missing stand, though the scan could not be made now', async () => {
  const { scene, session, phone } = await openVan();
  await scene.must(phone, 'van.scan', scan({ session }), van);
  const lines = [{ sku: 'MUG', name: 'Mug', quantity: -2, unitPriceMilliMinor: 0 }];
  await scene.must(office, 'stock.adjust', { ...head, lines, reason: 'broken' }, van);
  await scene.sync(office);
  await scene.settle();
  expect(refused(scene)).toEqual([]);
  expect(scene.books[office]!.query('SELECT code FROM corrections')).toEqual([{ code: 'retail/not-on-board' }]);
  expect(late(scene)).toMatchObject({ 1000: 500, stock: -1 });
  expect(await scene.commit(phone, 'van.scan', scan({ session }), van)).toBe('retail/not-on-board');
  await scene.close();
});

it('a settlement that finds the drawer counted by somebody else stands: the first count has the cash, the seller owes the goods', async () => {
  const { scene, session, phone } = await openVan();
  await scene.must(phone, 'van.scan', scan({ session }), van);
  // The manager finds 6.00 where the books know of the float; the warehouse, apart, takes the same money in and misses a mug.
  await scene.must(office, 'session.close', { session, countedMinor: 600, day: head.day }, van);
  await scene.must(warehouse, 'van.settle', count(1, { session, cashMinor: 600 }), van);
  await scene.sync(office);
  await scene.sync(warehouse);
  await scene.settle();
  expect(refused(scene)).toEqual([]);
  expect(scene.books[office]!.query('SELECT code FROM corrections ORDER BY code')).toEqual([
    { code: 'retail/late-scan' },
    { code: 'retail/session-closed' },
  ]);
  // The scan came last of all: the mug was sold, and its cash is what was over.
  expect(late(scene)).toEqual({ 1000: 500, 2100: -400, 4000: -500, 5000: 400, stock: 1, owed: 0, drawer: 0 });
  await scene.close();
});

it('a van whose own ops wait in quarantine is settled all the same: its goods and its cash are here', async () => {
  const scene = await openChain('van');
  const phone = 5;
  await scene.must(office, 'stock.receive', { ...head, reference: 'D-1', lines: [mugs(2)] }, van);
  await scene.settle();
  const session = await idOf(
    scene.books[phone]!,
    await scene.must(phone, 'session.open', { ...head, floatMinor: 0 }, van),
  );
  await scene.deliver(phone, warehouse);
  await scene.must(warehouse, 'van.settle', count(1, { session, cashMinor: 500 }), van);
  await scene.must(office, 'device.revoke', { device: scene.device(phone), reason: 'stolen' });
  await scene.sync(office);
  await scene.must(office, 'stock.receive', { ...head, reference: 'D-2', lines: [mugs(1)] }, van);
  await scene.sync(office);
  await scene.sync(phone).catch(() => undefined);
  await scene.sync(warehouse);
  await scene.sync(office);
  expect(refused(scene)).toEqual([]);
  expect(scene.books[office]!.query('SELECT code FROM corrections')).toEqual([{ code: 'retail/unknown-session' }]);
  expect(late(scene)).toMatchObject({ 1000: 500, 6900: -500, 1150: 400, owed: 400, stock: 1 });
  await scene.close();
});

it('a warehouse counts no till’s drawer, and money that a seller has paid twice is his', async () => {
  const { scene, session } = await openVan();
  const till = await scene.must(branch, 'session.open', { ...head, floatMinor: 100 }, van);
  await scene.settle();
  const foreign = { session: await idOf(scene.books[branch]!, till), cashMinor: 0 };
  expect(await scene.commit(warehouse, 'van.settle', count(2, foreign), van)).toBe('retail/foreign-session');
  await scene.must(warehouse, 'van.settle', count(1, { session, cashMinor: 100 }), van);
  await scene.settle();
  const pay = { ...head, seller: 'E-7', amountMinor: 200, account: '1000' };
  for (const device of [office, seller]) await scene.must(device, 'seller.pay', pay, van);
  await scene.settle();
  expect(scene.books[office]!.query('SELECT code FROM corrections')).toEqual([{ code: 'retail/over-paid' }]);
  expect(late(scene)).toMatchObject({ 1150: -200, owed: -200 });
  await scene.close();
});

it('a van that sells on after it was counted is not settled by that count, and where that was apart it is said', async () => {
  const { scene, session, phone } = await openVan();
  await scene.must(phone, 'van.scan', scan({ session }), van);
  await scene.settle();
  const handedOver = count(1, { session, cashMinor: 600, documents: 1 });
  await scene.must(phone, 'van.scan', scan({ session }), van);
  const apart = warehouse;
  await scene.must(apart, 'van.settle', handedOver, van);
  await scene.sync(phone);
  await scene.sync(office);
  expect(await scene.commit(office, 'van.settle', handedOver, van)).toBe('retail/sold-on');
  await scene.settle();
  expect(refused(scene)).toEqual([]);
  const said = scene.books[office]!.query<{ code: string; details: string }>('SELECT code, details FROM corrections');
  expect(said.map(({ code, details }) => [code, JSON.parse(details) as unknown])).toEqual([
    ['retail/sold-on', { session, counted: 1, here: 2 }],
  ]);
  await scene.close();
});

it('a settlement says that sales of the van are not here yet, and each of them when it comes', async () => {
  const { scene, session, phone } = await openVan();
  await scene.must(phone, 'van.scan', scan({ session }), van);
  await scene.must(warehouse, 'van.settle', count(1, { session, cashMinor: 600, documents: 1 }), van);
  await scene.sync(warehouse);
  await scene.settle();
  const codes = scene.books[office]!.query('SELECT code FROM corrections ORDER BY code');
  expect(codes).toEqual([{ code: 'retail/late-scan' }, { code: 'retail/sales-missing' }]);
  expect(late(scene)).toMatchObject({ owed: 0, stock: 1 });
  await scene.close();
});

it('goods that were loaded for one van are not counted in by another that reads their note', async () => {
  const { scene, phone } = await openVan();
  await scene.must(office, 'stock.receive', { ...head, reference: 'D-2', lines: [mugs(3)] }, depot);
  const load = await dispatch(scene, [mugs(3)], { to: 'v/8' });
  await scene.settle();
  const args = receipt(scene.books[office]!, load, [3]);
  expect(await scene.commit(phone, 'transfer.receive', args, van)).toBe('retail/not-for-here');
  await scene.close();
});
