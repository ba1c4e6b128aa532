// A small shop made by the real parts in which every table of the office's database has rows: two tills with cash sessions, sales, a
// refund, a void, a sale that another till's sale makes a refused one, a branch with a scope of its own, ops that wait for a position,
// a receipt, and a record that was held back because what comes before it never came.
import { parseScope, type Scope } from '@tallystick/oplog';
import { encodeBundle } from '@tallystick/oplog/transport';
import type { SaleLine } from '@tallystick/retail';
import { custodyOffer, transferNote } from '@tallystick/retail/supply';
import { type Commit, openBook } from '@tallystick/kernel';
import { createOrganisationIdentity } from '@tallystick/custody';
import { nodeStore } from '@tallystick/kernel/node';
import { dirname, join } from 'node:path';
import { mkdirSync } from 'node:fs';
import {
  deviceKey,
  enrolDevice,
  keysFolder,
  openOrCreateOffice,
  openTill,
  type ShopBook,
  shopVerbs,
} from '../src/book.ts';
import { type Home, homeAt, writeSettings } from '../src/home.ts';
import { type OpenRelay, openEmbeddedRelay } from '../src/relay.ts';
import { leaveOpen, loseATill } from './whole-trade.ts';

const day = '2026-03-02';
const currency = 'GBP';
const branch = parseScope('b/001') as Scope;

function line(sku: string, quantity: number, unitPriceMilliMinor: number): SaleLine {
  return { sku, name: `Goods ${sku}`, quantity, unitPriceMilliMinor, taxRateBasisPoints: 2_000 };
}

async function done(commit: Promise<Commit>): Promise<string> {
  const answer = await commit;
  if (!answer.ok) throw new Error(`${answer.code} ${JSON.stringify(answer.details)}`);
  return answer.id;
}

/** Makes the shop in `root` and closes everything. */
export async function makeWholeShop(root: string): Promise<Home> {
  const home = homeAt(root);
  const relay = await openEmbeddedRelay(home);
  const office = await openOrCreateOffice(home, 'Whole shop');
  await stockTheShop(office);
  await buy(office);
  await settleVan(office);
  await putBy(office);
  await backUpItsKey(office);
  await leaveOpen(office);
  const tills = await openTills(home, office, relay);
  const [front, back] = tills as [ShopBook, ShopBook];
  await tradeOn(front);
  // Both tills sell the last one before they hear of each other: whichever the relay places second is refused by the fold.
  await sellLast(front);
  await sellLast(back);
  await front.sync(relay.client, { pull: false });
  await back.sync(relay.client, { pull: false });
  await office.sync(relay.client);
  await loseATill(office, join(root, 'lost', 'till.db'));
  await sellWhileRevoked(office, join(root, 'stolen', 'till.db'), relay);
  await tradeInBranch(home, office, relay);
  await office.sync(relay.client);
  await leaveWaiting(office, front, back, relay);
  writeSettings(home, { version: 1, book: office.id, currency, tills: 2, relay: { kind: 'embedded' } });
  for (const book of [office, front, back, relay]) await book.close();
  return home;
}

async function stockTheShop(office: ShopBook): Promise<void> {
  const product = { category: 'Shelf', unitScale: 0, taxRateBasisPoints: 2_000, active: 1 } as const;
  for (const [sku, negativeStock] of [
    ['A', 'allow'],
    ['B', 'allow'],
    ['LAST', 'refuse'],
  ] as const) {
    await done(office.commit('product.set', { sku, name: `Goods ${sku}`, negativeStock, ...product }));
    await done(office.commit('price.set', { sku, currency, unitPriceMilliMinor: 250_000 }));
  }
  const goods = { quantity: 1, unitCostMilliMinor: 100_000, lot: 'L-1' };
  const lines = ['A', 'LAST'].map((sku) => ({ sku, name: `Goods ${sku}`, ...goods }));
  await done(office.commit('stock.receive', { day, currency, reference: 'DELIVERY-1', lines }));
}

async function backUpItsKey(office: ShopBook): Promise<void> {
  const { recipient } = await createOrganisationIdentity();
  const { device } = office;
  await done(office.commit('escrow.set', { recipients: [recipient] }));
  await done(office.commit('key.backup', { device, keyId: device, kind: 'file', sealed: '' }));
}

async function openTills(home: Home, office: ShopBook, relay: OpenRelay): Promise<ShopBook[]> {
  const files = [home.tillFile(0), home.tillFile(1)];
  for (const [index, file] of files.entries())
    await enrolDevice(office, await deviceKey(file), `Till ${index}`, 'manager');
  await office.sync(relay.client);
  const tills: ShopBook[] = [];
  for (const file of files) {
    const till = await openTill(file, office.id);
    await till.sync(relay.client);
    tills.push(till);
  }
  return tills;
}

/** A session in which goods are sold for cash and by card, one line is given back, one sale is voided, and the drawer is counted. */
async function tradeOn(till: ShopBook): Promise<void> {
  const session = await done(till.commit('session.open', { day, currency, floatMinor: 5_000 }));
  const sale = { day, currency, session, taxIncluded: true } as const;
  const lines = [line('A', 2, 250_000), line('B', 1, 99_500)];
  const sold = await done(
    till.commit('sale.complete', { ...sale, lines, tenders: [{ kind: 'cash', amountMinor: 700 }], changeMinor: 100 }),
  );
  const back = [{ ...line('A', 1, 250_000), line: 1 }];
  const given = [{ kind: 'cash', amountMinor: 250 }] as const;
  await done(
    till.commit('sale.refund', { ...sale, original: sold, lines: back, tenders: given, reason: 'changed their mind' }),
  );
  const twice = await done(
    till.commit('sale.complete', { ...sale, lines, tenders: [{ kind: 'card', amountMinor: 600 }] }),
  );
  await done(till.commit('sale.void', { document: twice, day, session, reason: 'rung twice' }));
  await done(
    till.commit('stock.adjust', { day, currency, reason: 'broken', lines: [line('B', -1, 99_500)].map(withoutTax) }),
  );
}

function withoutTax({ sku, name, quantity, unitPriceMilliMinor }: SaleLine): Omit<SaleLine, 'taxRateBasisPoints'> {
  return { sku, name, quantity, unitPriceMilliMinor };
}

async function sellLast(till: ShopBook): Promise<void> {
  await till.commit('sale.complete', {
    day,
    currency,
    taxIncluded: true,
    lines: [line('LAST', 1, 250_000)],
    tenders: [{ kind: 'card', amountMinor: 250 }],
  });
}

/** A till that is enrolled in the scope of a branch and takes notice of `hq` by a mark. */
async function tradeInBranch(home: Home, office: ShopBook, relay: OpenRelay): Promise<void> {
  const file = join(dirname(home.tillFile(0)), '..', 'branch', 'till.db');
  mkdirSync(dirname(file), { recursive: true });
  const { device, publicKey } = await deviceKey(file);
  const key = Buffer.from(publicKey).toString('hex');
  await done(office.commit('device.enroll', { device, key, name: 'Branch till', role: 'till' }, { scope: branch }));
  await office.sync(relay.client);
  const store = nodeStore(file, { keysDir: keysFolder(file) });
  const till = await openBook({ store, verbs: shopVerbs, book: office.id, scope: branch });
  await till.sync(relay.client);
  await done(
    till.commit('sale.complete', {
      day,
      currency,
      taxIncluded: true,
      lines: [line('A', 1, 250_000)],
      tenders: [{ kind: 'card', amountMinor: 250 }],
    }),
  );
  await till.sync(relay.client);
  await supplyBranch(office, till, relay);
  await till.close();
}

/** A purchase that is billed, paid in part, and closed. */
async function buy(office: ShopBook): Promise<void> {
  const lines = [{ sku: 'A', name: 'Goods A', quantity: 5, unitCostMilliMinor: 100_000 }];
  const bill = { supplier: 'S-1', reference: 'BILL-1' };
  await done(office.commit('purchase.tolerance', { priceBasisPoints: 100, quantityBasisPoints: 0 }));
  const order = await done(office.commit('purchase.order', { day, currency, supplier: bill.supplier, lines }));
  const { quantity: _, ...goods } = lines[0] as (typeof lines)[number];
  const came = [{ line: 1, quantity: 4, damaged: 1, goods }];
  await done(office.commit('purchase.receive', { order, day, currency, reference: 'DELIVERY-2', lines: came }));
  const billed = [{ line: 1, quantity: 4, unitCostMilliMinor: 101_000 }];
  await done(office.commit('purchase.bill', { ...bill, order, day, lines: billed }));
  await done(office.commit('purchase.pay', { ...bill, day, currency, amountMinor: 100, account: '1000' }));
  await done(office.commit('purchase.close', { order, reason: 'that was all' }));
}

/** A van whose seller is short of one. */
async function settleVan(office: ShopBook): Promise<void> {
  const lines = [{ sku: 'A', name: 'Goods A', counted: 4, unitPriceMilliMinor: 100_000 }];
  await done(office.commit('van.settle', { day, currency, seller: 'E-7', lines }));
}

/** Goods that are put by, paid in part, and cancelled for a fee; and others that wait. */
async function putBy(office: ShopBook): Promise<void> {
  const terms = { day, currency, taxIncluded: true, customer: 'c-1', lines: [line('B', 1, 99_500)] };
  await done(office.commit('layaway.policy', { currency, mostFeeMinor: 10 }));
  const [dropped, waiting] = [
    await done(office.commit('layaway.open', terms)),
    await done(office.commit('layaway.open', terms)),
  ];
  for (const layaway of [dropped, waiting]) {
    await done(office.commit('layaway.pay', { layaway, day, currency, tenders: [{ kind: 'card', amountMinor: 60 }] }));
  }
  const back = [{ kind: 'card', amountMinor: 40 }] as const;
  await done(
    office.commit('layaway.cancel', { layaway: dropped, day, currency, tenders: back, feeMinor: 10, reason: 'none' }),
  );
}

/** Goods that `hq` orders and sends to the branch, under a tally; one of them never comes. */
async function supplyBranch(office: ShopBook, till: ShopBook, relay: OpenRelay): Promise<void> {
  const head = { day, currency };
  const goods = { sku: 'A', name: 'Goods A', quantity: 3 };
  await done(office.commit('stock.level', { branch, sku: 'A', minimum: 2, maximum: 4, source: 'hq' }));
  await done(office.commit('transfer.order', { ...head, from: 'hq', to: branch, round: 1, lines: [goods] }));
  const lines = [{ ...goods, unitCostMilliMinor: 100_000, lot: 'L-1' }];
  const transfer = await done(office.commit('transfer.dispatch', { ...head, to: branch, round: 1, lines }));
  const dispatch = transferNote(office, transfer)?.dispatch ?? '';
  const terms = custodyOffer(transfer, till.device, { after: dispatch, took: [3], gave: [3] });
  const offered = await office.commit('tally.offer', terms, { scope: branch });
  if (!offered.ok) throw new Error(offered.code);
  await office.sync(relay.client);
  await till.sync(relay.client);
  await done(till.commit('tally.accept', { offer: offered.hash }));
  const received = [{ ...lines[0], received: 2 }] as never;
  const note = { transfer, dispatch, from: 'hq', delivery: offered.hash, ...head };
  await done(till.commit('transfer.receive', { ...note, lines: received }));
  await till.sync(relay.client);
}

/** Leaves the office with a record held back, an op the relay has and nobody placed here, and one nobody else has. */
async function leaveWaiting(office: ShopBook, front: ShopBook, back: ShopBook, relay: OpenRelay): Promise<void> {
  await back.sync(relay.client);
  const price = { sku: 'A', currency, unitPriceMilliMinor: 275_000 };
  await sellB(back);
  await back.sync(relay.client, { pull: false });
  await done(office.commit('price.set', price));
  await office.sync(relay.client, { pull: false });
  await done(office.commit('price.set', { ...price, unitPriceMilliMinor: 280_000 }));
  await sellB(front);
  await sellB(front);
  const last = (await front.log.pending(hq())).at(-1);
  if (last === undefined) throw new Error('the front till wrote nothing');
  const header = new TextEncoder().encode(`${JSON.stringify({ tallystick: 'book/1', book: office.id, scopes: [] })}\n`);
  await office.import(Buffer.concat([header, encodeBundle([last])]));
}

/** A till that sells before it hears that it is revoked: its sale waits for a person, and keeps the number that it was printed with. */
async function sellWhileRevoked(office: ShopBook, file: string, relay: OpenRelay): Promise<void> {
  const key = await deviceKey(file);
  await enrolDevice(office, key, 'Stolen till', 'till');
  await office.sync(relay.client);
  const till = await openTill(file, office.id);
  await till.sync(relay.client);
  await sellB(till);
  await done(office.commit('device.revoke', { device: key.device, reason: 'stolen' }));
  await office.sync(relay.client);
  await till.sync(relay.client, { pull: false });
  await office.sync(relay.client);
  await till.close();
}

async function sellB(till: ShopBook): Promise<void> {
  await done(
    till.commit('sale.complete', {
      day,
      currency,
      taxIncluded: true,
      lines: [line('B', 1, 99_500)],
      tenders: [{ kind: 'card', amountMinor: 100 }],
    }),
  );
}

function hq(): Scope {
  return parseScope('hq') as Scope;
}
