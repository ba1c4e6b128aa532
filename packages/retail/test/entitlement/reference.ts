/**
 * A naive reference for entitlements: it walks the ops in their order, works out what is left from the whole list of claims each time, and names the
 * verdict on each op. What the accounts come to is said in closed form, from how things stand at the end and not from what was posted on the way.
 */
import type { EntitlementKind } from '../../src/entitlement.ts';

export interface ReferenceOp {
  readonly verb: string;
  readonly device: string;
  readonly isManager: boolean;
  readonly args: Readonly<Record<string, unknown>>;
}

interface Goods {
  readonly sku: string;
  readonly quantity: number;
}

interface Claim {
  readonly redemption: string;
  readonly device: string;
  readonly amount: number;
  readonly loss: string;
  readonly day: string;
  readonly goods: Goods | undefined;
  covered: number;
  isReleased: boolean;
}

class Entitlement {
  issued: { kind: EntitlementKind; amount: number; untilDay: string | undefined; goods: Goods | undefined } | undefined;
  isCancelled = false;
  readonly claims: Claim[] = [];

  left(): number {
    if (this.issued === undefined || this.isCancelled) return 0;
    const { kind, amount } = this.issued;
    const covered = this.claims.map((claim) => claim.covered);
    if (kind === 'coupon' || kind === 'prize') return covered.some((minor) => minor > 0) ? 0 : amount;
    return amount - covered.reduce((sum, minor) => sum + minor, 0);
  }

  /** Why a claim is none of what was promised: it comes after the last day, or is for other goods or for more of them. */
  misfit({ day, goods }: Claim): string | undefined {
    const { untilDay, goods: promised } = this.issued ?? {};
    if (untilDay !== undefined && Date.parse(untilDay) < Date.parse(day)) return 'retail/expired';
    if (promised === undefined) return undefined;
    const isWithin = goods?.sku === promised.sku && goods.quantity <= promised.quantity;
    return isWithin ? undefined : 'retail/other-goods';
  }

  cover(claim: Claim): void {
    claim.covered = this.misfit(claim) === undefined ? Math.min(this.left(), claim.amount) : 0;
  }
}

export class ReferenceDesk {
  readonly #byToken = new Map<string, Entitlement>();

  /** The verdict on the next op: `ok`, why it is corrected, or why it is refused. */
  take({ verb, device, isManager, args }: ReferenceOp): string {
    const one = this.#of(String(args['token']));
    const claim = one.claims.find(({ redemption }) => redemption === args['redemption']);
    switch (verb) {
      case 'entitlement.issue@1':
        return issue(one, args);
      case 'entitlement.cancel@1':
        if (one.issued === undefined) return 'retail/unknown-entitlement';
        if (one.isCancelled) return 'retail/cancelled';
        one.isCancelled = true;
        return 'ok';
      case 'claim.spend@1':
        return claim === undefined ? spend(one, device, args) : 'retail/claim-exists';
      default:
        if (claim === undefined) return 'retail/unknown-claim';
        if (claim.device !== device && !isManager) return 'retail/foreign-claim';
        if (claim.isReleased) return 'retail/released';
        Object.assign(claim, { isReleased: true, covered: 0 });
        return 'ok';
    }
  }

  /** What each claim has come to, by token and redemption. */
  outcomes(): Record<string, readonly [coveredMinor: number, lostMinor: number]> {
    const all = [...this.#byToken].flatMap(([token, { claims }]) =>
      claims
        .filter(isStanding)
        .map((claim) => [`${token} ${claim.redemption}`, [claim.covered, lostOf(claim)]] as const),
    );
    return Object.fromEntries(all);
  }

  /** What the accounts come to where entitlements are issued against `account` and what is cancelled goes to 4000. */
  balances(accountOf: Readonly<Record<EntitlementKind, string>>): Record<string, number> {
    const balances: Record<string, number> = {};
    const add = (account: string, minor: number): void => {
      balances[account] = (balances[account] ?? 0) + minor;
    };
    for (const { issued, isCancelled, claims } of this.#byToken.values()) {
      const covered = claims.reduce((sum, claim) => sum + claim.covered, 0);
      for (const claim of claims.filter(isStanding)) {
        add(claim.loss === 'receivable' ? '1100' : '6200', lostOf(claim));
        add('2310', -lostOf(claim));
      }
      if (issued === undefined) continue;
      const { kind, amount } = issued;
      if (kind === 'coupon' || kind === 'credit') {
        add(kind === 'coupon' ? '6200' : '1100', covered);
        add('2310', -covered);
        continue;
      }
      const isUsed = kind === 'prize' && covered > 0;
      // What was owed and is spent is in the account of the redeeming op, which this scope does not see.
      add('2310', isUsed || isCancelled ? -covered : -amount);
      add(accountOf[kind], isUsed ? covered : amount);
      if (isCancelled && !isUsed) add('4000', covered - amount);
    }
    return Object.fromEntries(Object.entries(balances).filter(([, minor]) => minor !== 0));
  }

  #of(token: string): Entitlement {
    const known = this.#byToken.get(token) ?? new Entitlement();
    this.#byToken.set(token, known);
    return known;
  }
}

const isStanding = ({ isReleased }: Claim): boolean => !isReleased;
const lostOf = ({ amount, covered }: Claim): number => amount - covered;

function issue(one: Entitlement, args: ReferenceOp['args']): string {
  if (one.issued !== undefined) return 'retail/issued';
  one.issued = {
    kind: args['kind'] as EntitlementKind,
    amount: Number(args['amountMinor']),
    untilDay: args['untilDay'] as string | undefined,
    goods: args['goods'] as Goods | undefined,
  };
  const waiting = one.claims.filter(isStanding);
  for (const claim of waiting) one.cover(claim);
  return waiting.some(({ covered }) => covered > 0) ? 'retail/claimed-before-issue' : 'ok';
}

function spend(one: Entitlement, device: string, args: ReferenceOp['args']): string {
  const left = one.left();
  const [amount, loss, day] = [Number(args['amountMinor']), String(args['loss']), String(args['day'])];
  const facts = { redemption: String(args['redemption']), device, amount, loss, day };
  const claim = { ...facts, goods: args['goods'] as Goods | undefined, covered: 0, isReleased: false };
  one.cover(claim);
  one.claims.push(claim);
  if (one.issued === undefined) return 'retail/not-issued';
  if (one.isCancelled) return 'retail/cancelled';
  const misfit = one.misfit(claim);
  if (misfit !== undefined) return misfit;
  if (claim.covered === amount) return 'ok';
  const isUsed = one.issued.kind === 'coupon' || one.issued.kind === 'prize';
  return isUsed && left === 0 ? 'retail/claimed' : 'retail/overspent';
}
