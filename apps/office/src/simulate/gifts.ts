// Gift balances of a simulated firm: the office sells and issues them in `claims`; a till that can ask has the claim made first, and one that is cut off takes
// what its tier allows on trust. What was taken on trust is claimed afterwards, and what a balance did not cover is owed.
import { encodeHex, type Scope } from '@tallystick/oplog';
import { retailAccounts } from '@tallystick/retail';
import type { Expectations } from './expected.ts';
import { commitAll, commitOne, type Firm } from './firm.ts';
import { type Currency, goods, lineOf, soldEntry, worthOf } from './goods.ts';
import type { Counter } from './till.ts';

const { cardClearing, cash, giftBalances, receivables } = retailAccounts;
export const claims = 'claims' as Scope;
/** The most that a till takes on trust. */
export const tierMinor = 2_000;

interface Gift {
  readonly token: string;
  readonly currency: Currency;
  leftMinor: number;
}

interface Taken {
  readonly gift: Gift;
  readonly redemption: string;
  readonly amountMinor: number;
}

export interface Gifts {
  /** The office sells one for cash. */
  issue(day: string, currency: Currency): Promise<void>;
  /** Somebody pays with one at a till; nothing where none of its currency was sold. */
  redeem(counter: Counter): Promise<void>;
  /** Claims what tills took on trust. */
  reconcile(day: string): Promise<void>;
}

export function createGifts({ office, dice }: Firm, expected: Expectations): Gifts {
  const gifts: Gift[] = [];
  const onTrust: Taken[] = [];

  const claim = async ({ gift, redemption, amountMinor }: Taken, day: string): Promise<string> => {
    const { token, currency } = gift;
    const args = { token, redemption, currency, amountMinor, day, loss: 'receivable' };
    const { hash } = await commitOne(office, 'claim.spend', args, claims);
    const coveredMinor = Math.min(gift.leftMinor, amountMinor);
    const lostMinor = amountMinor - coveredMinor;
    gift.leftMinor -= coveredMinor;
    if (lostMinor > 0) expected.tick('lostClaims');
    expected.post(currency, { [receivables]: lostMinor, [giftBalances]: 0 - lostMinor });
    return hash;
  };

  return {
    async issue(day, currency) {
      const amountMinor = 1_000 * (1 + dice.below(5));
      const token = encodeHex(dice.bytes(32));
      const { device } = office.book;
      const terms = { kind: 'gift', holder: 'bearer', currency, amountMinor, day, account: cash };
      await commitAll(office, [{ verb: 'entitlement.issue', args: { token, keyId: device, ...terms }, scope: claims }]);
      expected.post(currency, { [cash]: amountMinor, [giftBalances]: 0 - amountMinor });
      gifts.push({ token, currency, leftMinor: amountMinor });
    },
    async redeem({ till, day, session }) {
      const { device, currency } = till;
      const open = gifts.filter((gift) => gift.currency === currency && gift.leftMinor > 0);
      if (open.length === 0) return;
      const gift = dice.pick(open);
      const lines = [lineOf(dice.pick(goods), currency, 1_000)].map((line) =>
        line.quantityScale === 0 ? { ...line, quantity: 2 } : line,
      );
      const { totalMinor } = worthOf(lines);
      const mostMinor = device.cutOff === 0 ? gift.leftMinor : tierMinor;
      const amountMinor = Math.min(mostMinor, totalMinor);
      const taken = { gift, redemption: encodeHex(dice.bytes(16)), amountMinor };
      const { token } = gift;
      const gifted = { kind: 'entitlement', amountMinor, token, entitlement: 'gift', redemption: taken.redemption };
      const answer = device.cutOff === 0 ? { claim: await claim(taken, day) } : {};
      if (device.cutOff > 0) onTrust.push(taken);
      const restMinor = totalMinor - amountMinor;
      const rest = restMinor === 0 ? [] : [{ kind: 'card', amountMinor: restMinor }];
      const args = { day, currency, session, taxIncluded: true, lines, tenders: [{ ...gifted, ...answer }, ...rest] };
      await commitAll(device, [{ verb: 'sale.complete', args }]);
      expected.issue(currency, 'sale', totalMinor);
      expected.post(currency, { [giftBalances]: amountMinor, [cardClearing]: restMinor, ...soldEntry(lines) });
      for (const { sku, quantity } of lines) expected.move(device.scope, sku, 0 - quantity);
    },
    async reconcile(day) {
      for (const taken of onTrust.splice(0)) await claim(taken, day);
    },
  };
}
