// Paying: what is still due, what a tender adds, what change goes back. Change comes out of cash only.

/** What a refund pays out. */
export type MoneyKind = 'cash' | 'card' | 'account';

/** `entitlement` is a coupon, gift or credit that the customer showed, `deposit` what was paid of a layaway before. */
export type TenderKind = MoneyKind | 'entitlement' | 'deposit';

export interface Tender {
  readonly kind: TenderKind;
  readonly amountMinor: number;
  /** The link of an entitlement. */
  readonly url?: string;
  /** It was taken knowing that it cannot be claimed first. */
  readonly isOnTrust?: boolean;
}

export interface Payment {
  readonly totalMinor: number;
  readonly tenders: readonly Tender[];
  /** On whose account a part of it goes; an opaque reference. */
  readonly customer?: string;
  /** The total goes to the customer: more comes back than leaves. */
  readonly isPaidBack?: boolean;
}

/** Still to pay; 0 when paid or overpaid. */
export function dueMinor(payment: Payment): number {
  return Math.max(0, payment.totalMinor - paidMinor(payment));
}

/** Goes back to the customer: whatever cash went beyond the total. */
export function changeMinor(payment: Payment): number {
  return Math.max(0, paidMinor(payment) - payment.totalMinor);
}

export function isPaid(payment: Payment): boolean {
  return paidMinor(payment) >= payment.totalMinor;
}

function paidMinor(payment: Payment): number {
  return payment.tenders.reduce((sum, tender) => sum + tender.amountMinor, 0);
}

/** Adds a tender. Only cash takes more than is due; an amount of nothing pays what is due. */
export function addTender(payment: Payment, kind: TenderKind, amountMinor?: number): Payment {
  const due = dueMinor(payment);
  const offered = amountMinor ?? due;
  const taken = kind === 'cash' ? offered : Math.min(offered, due);
  if (taken <= 0 && due > 0) return payment;
  return { ...payment, tenders: mergeTender(payment.tenders, { kind, amountMinor: Math.max(0, taken) }) };
}

export function removeTender(payment: Payment, kind: TenderKind, url?: string): Payment {
  const tenders = payment.tenders.filter((tender) => tender.kind !== kind || tender.url !== url);
  if (kind !== 'account') return { ...payment, tenders };
  return { totalMinor: payment.totalMinor, tenders };
}

/** Puts an amount on a customer's account; a payment has one customer. */
export function addOnAccount(payment: Payment, customer: string, amountMinor: number): Payment {
  const before = payment.customer === customer ? payment : removeTender(payment, 'account');
  return { ...addTender(before, 'account', amountMinor), customer };
}

/** What a customer shows; shown again it is another amount of the same. Nothing beyond what is due is taken of it. */
export function addEntitlement(payment: Payment, url: string, amountMinor: number, isOnTrust = false): Payment {
  const before = removeTender(payment, 'entitlement', url);
  const taken = Math.min(amountMinor, dueMinor(before));
  if (taken <= 0) return before;
  const tender = { kind: 'entitlement', amountMinor: taken, url, ...(isOnTrust ? { isOnTrust } : {}) } as const;
  return { ...before, tenders: [...before.tenders, tender] };
}

function mergeTender(tenders: readonly Tender[], added: Tender): readonly Tender[] {
  const before = tenders.find((tender) => tender.kind === added.kind);
  if (before === undefined) return [...tenders, added];
  const merged: Tender = { kind: added.kind, amountMinor: before.amountMinor + added.amountMinor };
  return tenders.map((tender) => (tender === before ? merged : tender));
}

/**
 * Amounts a customer is likely to hand over for what is due, smallest first, without the exact amount: the next whole
 * unit and the next multiples of common notes. `digits` are the currency's decimals.
 */
export function quickCash(due: number, digits: number, most = 3): readonly number[] {
  if (due <= 0) return [];
  const unit = 10 ** digits;
  const steps = digits === 0 ? [100, 500, 1_000, 5_000, 10_000] : [1, 5, 10, 20, 50, 100].map((note) => note * unit);
  const amounts = new Set<number>();
  for (const step of steps) {
    const amount = Math.ceil(due / step) * step;
    if (amount > due && Number.isSafeInteger(amount)) amounts.add(amount);
  }
  return [...amounts].sort((a, b) => a - b).slice(0, most);
}
