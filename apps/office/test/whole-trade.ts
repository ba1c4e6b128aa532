// What an office leaves open, so that the tables of what is open have rows: a customer who owes, money in transit, numbers of a block
// that are used, a claim that stands, a return on trust, a device that stays revoked.
import type { Commit } from '@tallystick/kernel';
import { encodeHex, parseScope, type Scope } from '@tallystick/oplog';
import { deviceKey, type ShopBook } from '../src/book.ts';

const day = '2026-03-02';
const currency = 'GBP';
const trade = { day, currency, taxIncluded: true } as const;
const mug = { sku: 'A', name: 'Goods A', quantity: 1, unitPriceMilliMinor: 250_000, taxRateBasisPoints: 2_000 };
const claimed = { token: '70'.repeat(32), redemption: 'e1'.repeat(16) };

async function done(commit: Promise<Commit>): Promise<string> {
  const answer = await commit;
  if (!answer.ok) throw new Error(`${answer.code} ${JSON.stringify(answer.details)}`);
  return answer.id;
}

export async function leaveOpen(office: ShopBook): Promise<void> {
  await leaveMoneyInTransit(office);
  await leaveADebt(office);
  await useAFiscalNumber(office);
  await redeem(office);
}

async function leaveMoneyInTransit(office: ShopBook): Promise<void> {
  const terms = { currency, limit: 'credits-within-debits' } as const;
  await done(office.commit('account.open', { account: '1011', name: 'Second till', kind: 'asset', ...terms }));
  const held = { id: 'held', debit: '1000', credit: '1010', currency, amountMinor: 10, untilDay: '2026-03-31' };
  await done(office.commit('money.transfer', { day, memo: 'to the safe', transfers: [held] }));
}

async function leaveADebt(office: ShopBook): Promise<void> {
  const customer = 'c-1';
  const terms = { limitMinor: 1_000, overLimit: 'refuse', termsDays: 30, active: 1 } as const;
  await done(office.commit('customer.set', { customer, currency, ...terms }));
  const tenders = [{ kind: 'account', amountMinor: 250 }] as const;
  await done(office.commit('sale.complete', { ...trade, customer, lines: [mug], tenders }));
  await done(office.commit('returns.policy', { currency, allowed: 1, refundTo: 'account', mostMinor: 500 }));
  const lines = [{ ...mug, unitPriceMilliMinor: 50_000 }];
  const back = [{ kind: 'account', amountMinor: 50 }] as const;
  await done(office.commit('sale.refund', { ...trade, customer, lines, tenders: back, reason: 'no receipt' }));
}

async function useAFiscalNumber(office: ShopBook): Promise<void> {
  const { device } = office;
  await done(office.commit('fiscal.range', { series: 'A', first: 1, last: 100 }));
  const block = await done(office.commit('fiscal.lease', { series: 'A', scope: 'hq', device, untilDay: '2026-03-31' }));
  const fiscal = { series: 'A', number: 1, block };
  const tenders = [{ kind: 'card', amountMinor: 250 }] as const;
  await done(office.commit('sale.complete', { ...trade, lines: [mug], tenders, fiscal }));
}

async function redeem(office: ShopBook): Promise<void> {
  const { token } = claimed;
  const gift = { kind: 'gift', holder: 'bound', currency, amountMinor: 1_000, day, account: '2300' } as const;
  await done(office.commit('entitlement.issue', { token, keyId: office.device, ...gift }));
  const holder = { device: '01'.repeat(32), claim: '0b'.repeat(32), evidence: ['aa', 'bb'] } as const;
  const spent = { currency, amountMinor: 250, day, loss: 'receivable', holder } as const;
  await done(office.commit('claim.spend', { ...claimed, ...spent }));
  await done(office.commit('entitlement.tier', { kind: 'gift', currency, mostMinor: 500 }));
  const tender = { kind: 'entitlement', amountMinor: 250, entitlement: 'gift', ...claimed } as const;
  await done(office.commit('sale.complete', { ...trade, lines: [mug], tenders: [tender] }));
}

/** A till of a branch, which the office's own scope never knew and yet revokes. `lostKey`: where it keeps its key. */
export async function loseATill(office: ShopBook, lostKey: string): Promise<void> {
  const { device, publicKey } = await deviceKey(lostKey);
  const till = { device, key: encodeHex(publicKey), name: 'Lost till', role: 'till' } as const;
  await done(office.commit('device.enroll', till, { scope: parseScope('b/002') as Scope }));
  await done(office.commit('device.revoke', { device, reason: 'lost' }));
}
