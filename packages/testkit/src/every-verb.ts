/**
 * A history in which every verb of the packages has effect: a trading day of a shop with a branch, and what happens to keys, devices and the book
 * itself. From one seed it is the same history everywhere, so its digest tells whether a store, an engine or a release folds as the others do.
 */
import { guardVerbs } from '@tallystick/guards';
import { type BookStore, builtinVerbs, type Commit, type CryptoProvider, type Verb } from '@tallystick/kernel';
import { escrowVerbs } from '@tallystick/kernel/escrow';
import { subjectVerbs } from '@tallystick/kernel/subjects';
import { tallyVerbs } from '@tallystick/kernel/tally';
import { encodeHex, type OpHash, parseScope, type Scope } from '@tallystick/oplog';
import { createDice, type Dice } from './dice.ts';
import { drawShop, drawStep } from './draw.ts';
import { catalogue, counter, customers } from './every-counter.ts';
import { createFleet, type Fleet, ofShop } from './fleet.ts';
import { createSeededKeys } from './keys.ts';
import { keepLedger } from './every-ledger-verb.ts';
import { perform, shopVerbs } from './trader.ts';
import { bookFileOf, createWriter } from './writer.ts';

/** Every verb that the packages define. */
export const everyVerb: readonly Verb[] = [
  ...builtinVerbs,
  ...tallyVerbs,
  ...escrowVerbs,
  ...subjectVerbs,
  ...guardVerbs,
  ...shopVerbs,
];

export interface EveryVerbOptions {
  readonly seed: number;
  readonly crypto: CryptoProvider;
  /** A new, empty store for each of the four members. */
  store(member: number): BookStore;
  /** Of trade, spread over the other acts; 120 when left out. */
  readonly steps?: number;
}

const OFFICE = 0;
const SAFE = 1;
const TILL = 2;

/** Lives the history and answers its fleet, settled: every member shows the same books. Throws when an act is refused that must not be. */
export async function liveEveryVerb({ seed, crypto, store, steps = 120 }: EveryVerbOptions): Promise<Fleet> {
  const dice = createDice(seed);
  const opened = await createFleet({
    seed,
    crypto,
    store,
    shop: drawShop(dice),
    verbs: [...tallyVerbs, ...escrowVerbs, ...subjectVerbs, ...guardVerbs],
    members: [
      { name: 'office', role: 'owner' },
      { name: 'safe', role: 'owner' },
      { name: 'till-1', role: 'manager', skewMs: 90_000 },
      { name: 'till-2', role: 'till', scope: 'b/1', skewMs: -3_600_000 },
    ],
  });
  const fleet = ofShop(opened);
  const acts = actsOf(fleet, crypto);
  for (let act = 0; act < acts.length; act++) {
    await trade(fleet, dice, Math.ceil(steps / acts.length));
    await fleet.settle();
    fleet.clock.advance(60_000);
    await acts[act]?.();
  }
  await fleet.settle();
  await fleet.exchange();
  await fleet.settle();
  return fleet;
}

async function trade(fleet: Fleet, dice: Dice, steps: number): Promise<void> {
  for (let step = 0; step < steps; step++) {
    const { device, afterMs, action } = drawStep(dice, fleet.members.length);
    fleet.clock.advance(afterMs);
    await perform(fleet.trader(device, 'shared'), action);
    if (dice.chance(6)) await fleet.sync(dice.below(fleet.members.length));
  }
}

type Act = () => Promise<void>;
/** What the office does, which must be accepted. */
export type Office = (verb: string, args: object, scope?: Scope) => Promise<OpHash>;

/** What shops do now and then, in an order in which all of it is allowed. */
function actsOf(fleet: Fleet, crypto: CryptoProvider): readonly Act[] {
  const book = fleet.book(OFFICE);
  const office: Office = async (verb, args, scope) => done(await commit(fleet, OFFICE, verb, args, scope));
  const day = (day: string): Promise<OpHash> => office('day.open', { day });
  const line = (account: string, amountMinor: number): object => ({ account, currency: 'GBP', amountMinor });
  return [
    async () => {
      await office('recovery.set', { keys: [fleet.book(SAFE).device, book.device], windowDays: 30 });
      await office('policy.revoke', { role: 'manager', revokes: ['till', 'van'] });
      await office('policy.day', { role: 'till', aheadDays: 7 });
      // The same relay once more: every device goes over to its new epoch.
      done(await book.appointRelay({ vkey: fleet.relay.vkey }));
    },
    async () => {
      await day('2026-11-21');
      await office('journal.post', {
        day: '2026-11-21',
        memo: 'capital',
        lines: [line('1000', 90_000), line('3000', -90_000)],
      });
    },
    async () => {
      for (const { book: witness } of fleet.members) done(await witness.attest());
    },
    () => workOfOneRevoked(fleet, crypto, office),
    async () => {
      await tally(fleet);
      await forget(fleet, office);
    },
    () => workOfACourier(fleet, crypto, office),
    () => handoff(fleet, office),
    () => entitle(fleet, office),
    () => keepLedger(fleet, office),
    () => lease(fleet, office),
    () => spend(fleet, office),
    () => catalogue(office),
    () => counter(book, office),
    () => customers(book, office),
    () => supply(fleet, office),
    () => purchase(fleet, office),
    () => van(fleet, office),
    async () => {
      const rule = { verb: 'sale.complete', rule: 'nothing' };
      await office('rule.set', { ...rule, expr: '{"constExpr":{"boolValue":true}}' });
      await office('rule.drop', rule);
    },
    async () => {
      await day('2026-11-22');
      await office('manifest.adopt', { verbs: fleet.verbs.map(({ ref }) => ref).sort() });
      for (const rotated of await fleet.book(TILL).rotate()) done(rotated);
    },
  ];
}

/** A helper is revoked while it works on: one op is recovered, one dismissed, and then the safe takes the revocation back. */
async function workOfOneRevoked(fleet: Fleet, crypto: CryptoProvider, office: Office): Promise<void> {
  const book = fleet.book(OFFICE);
  const key = await createSeededKeys('helper', crypto).create('device');
  const { device, publicKey } = key;
  const after = await office('device.enroll', { device, key: encodeHex(publicKey), name: 'helper', role: 'manager' });
  const { hasher } = crypto;
  const writer = createWriter({ key, book: book.id, after, hasher, atMs: fleet.clock.nowMs() + 120_000 });
  const open = (account: string) =>
    writer.write({
      verb: 'account.open@1',
      args: { account, name: `opened by a helper, ${account}`, kind: 'expense' },
    });
  await book.import(bookFileOf(book.id, [await open('9001')]));
  fleet.clock.advance(240_000);
  const revoked = await office('device.revoke', { device, reason: 'lost' });
  await fleet.settle();
  await book.import(bookFileOf(book.id, [await open('9002'), await open('9003')]));
  await fleet.settle();
  const [one, two] = book.quarantine();
  await office('device.recover', { op: one?.hash });
  await office('device.dismiss', { op: two?.hash, reason: 'nobody knows what this was' });
  await fleet.settle();
  done(await commit(fleet, SAFE, 'key.overrule', { act: revoked }));
}

/** A courier is of the branch, is admitted where claims are made, and has a key that is kept in a file. */
async function workOfACourier(fleet: Fleet, crypto: CryptoProvider, office: Office): Promise<void> {
  const { device, publicKey } = await createSeededKeys('courier', crypto).create('device');
  const courier = { device, key: encodeHex(publicKey), name: 'courier', role: 'carrier' };
  const enrolment = await office('device.enroll', courier, parseScope('b/1'));
  await fleet.settle();
  await office('device.admit', { ...courier, enrolment }, parseScope('claims'));
  await office('escrow.set', { recipients: [`age1${'q'.repeat(58)}`] });
  await office('key.backup', { device, keyId: device, kind: 'file', sealed: '' });
}

/** A parcel that the office takes from the till, and one that it does not. */
async function tally(fleet: Fleet): Promise<void> {
  const offer = async (subject: string): Promise<OpHash> => {
    const to = fleet.book(OFFICE).device;
    return done(await commit(fleet, TILL, 'tally.offer', { to, kind: 'custody', subject, terms: { parcels: 1 } }));
  };
  const [taken, refused] = [await offer('P-1'), await offer('P-2')];
  await fleet.settle();
  done(await commit(fleet, OFFICE, 'tally.accept', { offer: taken }));
  done(await commit(fleet, OFFICE, 'tally.decline', { offer: refused, reason: 'wet' }));
}

/** A customer who is described, kept by law for a while, and forgotten. Sealed once and recorded here, so that the history stays the same. */
async function forget(fleet: Fleet, office: Office): Promise<void> {
  const [subject, day] = ['5a'.repeat(16), '2026-11-21'];
  await office('subject.open', { subject, generation: 1, keyId: 'ab'.repeat(32), kind: 'customer', day });
  await office('reader.offer', { recipient: `age1${'q'.repeat(58)}` });
  await office('reader.grant', { of: 'device', name: fleet.book(TILL).device, access: 1 });
  await office('person.describe', { customer: 'c-9', subject, name: sealedName });
  await office('retention.set', { kind: 'customer', days: 3_650 });
  await office('subject.request', { subject, kind: 'erasure', day });
  for (const held of [1, 0]) await office('subject.hold', { subject, held, basis: 'tax-records', untilDay: '' });
  await office('subject.shred', { subject, basis: 'request', day });
  await fleet.settle();
  done(await commit(fleet, TILL, 'subject.acknowledge', { subjects: [subject], day }));
}

/** An envelope of that subject, of a field of an op that is no more. */
const sealedName = `env1.${'5a'.repeat(16)}.1.${'A'.repeat(224)}`;

/** A job that goes from the till to the office, is offered back in vain, and is moved. */
async function handoff(fleet: Fleet, office: Office): Promise<void> {
  const [home, till] = [fleet.book(OFFICE).device, fleet.book(TILL).device];
  const entity = 'job-1';
  await office('work.dispatch', { entity, to: till });
  await fleet.settle();
  const offer = done(await commit(fleet, TILL, 'handoff.offer', { entity, to: home }));
  await fleet.settle();
  await office('handoff.accept', { entity, offer });
  await office('handoff.cancel', { entity, offer: await office('handoff.offer', { entity, to: till }) });
  await office('handoff.move', { entity, to: till, reason: 'the office closes' });
}

/** A gift that is claimed, given up and taken back, where claims are made. */
async function entitle(fleet: Fleet, office: Office): Promise<void> {
  const claims = parseScope('claims');
  const [token, redemption, day] = ['70'.repeat(32), 'e1'.repeat(16), '2026-11-21'];
  await office('entitlement.tier', { kind: 'gift', currency: 'GBP', mostMinor: 500 });
  const gift = { kind: 'gift', holder: 'bearer', currency: 'GBP', amountMinor: 1000, day, account: '2300' };
  await office('entitlement.issue', { token, keyId: fleet.book(OFFICE).device, ...gift }, claims);
  const spent = { currency: 'GBP', amountMinor: 400, day, loss: 'receivable' };
  await office('claim.spend', { token, redemption, ...spent }, claims);
  await office('claim.release', { token, redemption, day }, claims);
  await office('entitlement.cancel', { token, day, account: '4000', reason: 'never fetched' }, claims);
}

/** A lease of the branch that nobody draws on. */
async function lease(fleet: Fleet, office: Office): Promise<void> {
  const pool = 'numbers';
  await office('pool.fill', { pool, quantity: 100 });
  const granted = await office('lease.grant', { pool, scope: 'b/1', quantity: 50, untilDay: '2026-11-20' });
  const stored = await fleet.book(OFFICE).log.get(granted);
  await fleet.settle();
  const id = stored?.record.op.id;
  const act = await office('lease.expire', { lease: id }, parseScope('b/1'));
  await office('lease.return', { lease: id, drawn: 0, act });
}

/** Three plans of the till, which end in the three ways that there are. */
async function spend(fleet: Fleet, office: Office): Promise<void> {
  const till = fleet.book(TILL);
  await office('spender.set', { device: till.device, subject: 'till' });
  const limit = { subject: 'till', scope: 'hq', currency: 'GBP', limitMinor: 30, period: 'ever' };
  await office('spend.limit', limit);
  await fleet.settle();
  const plan = async (): Promise<object> => {
    const args = { currency: 'GBP', amountMinor: 10, untilDay: '2026-11-20' };
    const stored = await till.log.get(done(await commit(fleet, TILL, 'spend.plan', args)));
    return { plan: stored?.record.op.id };
  };
  const [posted, expired, voided] = [await plan(), await plan(), await plan()];
  done(await commit(fleet, TILL, 'spend.void', voided));
  await fleet.settle();
  await office('spend.post', posted);
  await office('spend.expire', expired);
}

/** Goods that the branch is to have, are sent to it, and come in but for one; and an order that is taken back. */
async function supply(fleet: Fleet, office: Office): Promise<void> {
  const branch = parseScope('b/1');
  const [day, currency, sku] = ['2026-11-21', 'GBP', 'SUPPLIED'];
  const goods = { sku, name: 'Supplied', quantity: 4 };
  const product = { category: 'goods', unitScale: 0, taxRateBasisPoints: 0, negativeStock: 'allow', active: 1 };
  await office('product.set', { sku, name: 'Supplied', ...product });
  await office('stock.level', { branch, sku, minimum: 1, maximum: 9, source: 'hq' });
  const order = { day, currency, from: 'hq', to: branch, lines: [goods] };
  for (const round of [1, 2]) await office('transfer.order', { ...order, round });
  await office('transfer.cancel', { from: 'hq', to: branch, round: 2, reason: 'nobody asks for it' });
  const line = { ...goods, unitCostMilliMinor: 150_000, lot: 'L-1' };
  const dispatch = await office('transfer.dispatch', { day, currency, to: branch, round: 1, lines: [line] });
  const stored = await fleet.book(OFFICE).log.get(dispatch);
  const note = { transfer: stored?.record.op.id, dispatch, from: 'hq', day, currency };
  await fleet.settle();
  await office('transfer.receive', { ...note, lines: [{ ...line, received: 3 }] }, branch);
}

/** An order of which less comes than was ordered, and bills that match at last, are approved, sent back and paid. */
async function purchase(fleet: Fleet, office: Office): Promise<void> {
  const [day, supplier] = ['2026-11-21', 'S-1'];
  const goods = { sku: 'SUPPLIED', name: 'Supplied', unitCostMilliMinor: 150_000 };
  const line = { ...goods, quantity: 9 };
  await office('purchase.tolerance', { supplier, priceBasisPoints: 100, quantityBasisPoints: 0 });
  const ordered = await office('purchase.order', { day, currency: 'GBP', supplier, lines: [line] });
  const order = (await fleet.book(OFFICE).log.get(ordered))?.record.op.id;
  const receive = (quantity: number) =>
    office('purchase.receive', {
      order,
      day,
      currency: 'GBP',
      reference: 'DN-3',
      lines: [{ line: 1, quantity, damaged: 1, goods }],
    });
  const bill = async (reference: string, quantity: number): Promise<object> => {
    const lines = [{ line: 1, quantity, unitCostMilliMinor: 151_000, taxRateBasisPoints: 2_000 }];
    await office('purchase.bill', { order, supplier, reference, day, lines });
    return { supplier, reference };
  };
  await receive(5);
  const [early, more, wrong] = [await bill('B-1', 6), await bill('B-2', 7), await bill('B-3', 90)];
  await receive(1);
  await office('purchase.match', { ...early, day });
  await office('purchase.approve', { ...more, day, reason: 'the rest is on its way' });
  await office('purchase.reject', { ...wrong, reason: 'ninety' });
  await office('purchase.pay', { ...early, day, currency: 'GBP', amountMinor: 500, account: '1000' });
  await office('purchase.close', { order, reason: 'no more comes' });
  await askForOrders(fleet, office, { day, currency: 'GBP', supplier, lines: [line] });
}

/** Orders that a till asks for: one is approved, one turned down. */
async function askForOrders(fleet: Fleet, office: Office, wanted: object): Promise<void> {
  const ask = async (): Promise<object> => {
    const hash = done(await commit(fleet, TILL, 'order.ask', wanted));
    return { asked: (await fleet.book(TILL).log.get(hash))?.record.op.id, hash };
  };
  const [needed, other] = [await ask(), await ask()];
  await fleet.settle();
  await office('order.approve', { ...needed, day: '2026-11-21' });
  await office('order.reject', { ...other, reason: 'enough of them' });
}

/** A van's scan, its settlement with a mug and some cash missing, and the seller who pays for them. */
async function van(fleet: Fleet, office: Office): Promise<void> {
  const scope = parseScope('v/7');
  const head = { day: '2026-11-21', currency: 'GBP' };
  const goods = { sku: 'SUPPLIED', name: 'Supplied' };
  const price = { unitPriceMilliMinor: 200_000 };
  const loaded = [{ ...goods, quantity: 5, unitCostMilliMinor: 150_000 }];
  await office('stock.receive', { ...head, reference: 'DN-4', lines: loaded }, scope);
  const opened = await office('session.open', { ...head, floatMinor: 100 }, scope);
  const session = (await fleet.book(OFFICE).log.get(opened))?.record.op.id;
  await office('van.scan', { ...head, session, ...goods, ...price, taxIncluded: true, tender: 'cash' }, scope);
  const seller = 'E-7';
  const lines = [{ ...goods, ...price, counted: 3 }];
  await office('van.settle', { ...head, seller, session, cashMinor: 290, documents: 1, lines }, scope);
  await office('seller.pay', { ...head, seller, amountMinor: 210, account: '1000' }, scope);
}

async function commit(
  fleet: Fleet,
  member: number,
  verb: string,
  args: object,
  scope?: Scope,
): Promise<Commit | undefined> {
  const place = scope === undefined ? {} : { scope };
  const [made] = await fleet.book(member).commitAll([{ verb, args, ...place } as never]);
  return made;
}

function done(commit: Commit | undefined): OpHash {
  if (commit?.ok !== true) throw new Error(`an act of the history was refused: ${JSON.stringify(commit)}`);
  return commit.hash;
}
