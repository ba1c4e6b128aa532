/** A ledger as a bookkeeper would keep it on paper: lists that are added up anew for every question. What the real one is compared with. */
import type { Done, Lost, Sold } from './till-verbs.ts';

export interface PaperEntry {
  readonly day: string;
  readonly debit: string;
  readonly credit: string;
  readonly amountMinor: number;
  /** GBP where it is not said. */
  readonly currency?: 'EUR';
}

/** What one op posted by hand, or by an exchange: where it belongs now, where it stands, and what it did to the position. */
interface Posted {
  readonly entries: readonly PaperEntry[];
  readonly change?: Position;
  day: string;
  stands: string;
}

/** Of euros: how many are held, and what they cost in pounds. */
interface Position {
  readonly currencyMinor: number;
  readonly costMinor: number;
}

export interface Rate {
  readonly numerator: number;
  readonly denominator: number;
}

/** Half away from zero, in whole numbers of any size. */
function rounded(amountMinor: number, numerator: number, denominator: number): number {
  const [doubled, below] = [2n * BigInt(amountMinor) * BigInt(numerator), 2n * BigInt(denominator)];
  const half = doubled < 0n ? -BigInt(denominator) : BigInt(denominator);
  return Number((doubled + half) / below);
}

export interface Hold extends Omit<PaperEntry, 'day' | 'currency'> {
  readonly day: string;
  readonly untilDay: string;
  /** `direct`: posted at once, never pending. */
  state: 'direct' | 'pending' | 'posted' | 'voided' | 'expired';
  postedMinor: number;
  postedDay: string;
}

export type LinkedLeg = Omit<Hold, 'state' | 'postedMinor' | 'postedDay'> & { readonly id: string };

/** Pounds, and euros that are bought and sold at 1000, meet on 1900 and gain on 4000; gift balances 2310 and bank 1020 are limited. */
export class PaperLedger {
  readonly entries: PaperEntry[] = [];
  readonly holds = new Map<string, Hold>();
  /** What was posted by hand, in order; which of it was taken back; which accounts were opened; what was carried; what exchanges did. */
  readonly posted: Posted[] = [];
  readonly positions: Position[] = [];
  readonly reversed = new Set<number>();
  readonly opened = new Set<string>();
  /** `back` is the entry that took the carry back. */
  readonly carried: { through: string; entry: PaperEntry; back?: PaperEntry }[] = [];
  readonly ratesByClass = new Map<string, readonly { readonly from: string; readonly basisPoints: number }[]>();
  day = '';
  closed: { through: string; opens: string; late: 'route' | 'refuse' } | undefined;

  balance(account: string): number {
    return this.entries
      .filter(({ currency }) => currency === undefined)
      .reduce(
        (sum, { debit, credit, amountMinor }) =>
          sum + (debit === account ? amountMinor : 0) - (credit === account ? amountMinor : 0),
        0,
      );
  }

  /** What every account comes to on every day, where it comes to something. */
  dayBook(): Readonly<Record<string, number>> {
    const sums = new Map<string, number>();
    for (const { day, debit, credit, amountMinor, currency = 'GBP' } of this.entries) {
      for (const [account, minor] of [[debit, amountMinor] as const, [credit, -amountMinor] as const]) {
        const key = `${day} ${account} ${currency}`;
        sums.set(key, (sums.get(key) ?? 0) + minor);
      }
    }
    return Object.fromEntries([...sums].filter(([, minor]) => minor !== 0));
  }

  position(): Position {
    return {
      currencyMinor: this.positions.reduce((sum, { currencyMinor }) => sum + currencyMinor, 0),
      costMinor: this.positions.reduce((sum, { costMinor }) => sum + costMinor, 0),
    };
  }

  pending(account: string, side: 'debit' | 'credit'): number {
    return [...this.holds.values()]
      .filter((hold) => hold.state === 'pending' && hold[side] === account)
      .reduce((sum, { amountMinor }) => sum + amountMinor, 0);
  }

  /** Where both sides cross their limits, the one that is judged first is named: a reversal keeps the lines of its entry in their order. */
  post(entry: PaperEntry, first: 'debit' | 'credit' = 'debit'): string {
    const { closed } = this;
    const isLate = closed !== undefined && entry.day <= closed.through;
    const day = isLate && closed.late === 'route' ? closed.opens : entry.day;
    if (entry.debit === entry.credit) return 'ledger/empty-entry';
    this.entries.push({ ...entry, day });
    const crossed =
      first === 'debit'
        ? (this.overdrawn(entry) ?? this.overspent(entry))
        : (this.overspent(entry) ?? this.overdrawn(entry));
    const verdict = crossed ?? (isLate && closed.late === 'refuse' ? 'ledger/period-closed' : 'ok');
    if (verdict !== 'ok') this.entries.pop();
    return verdict;
  }

  postByHand(entry: PaperEntry): string {
    const verdict = this.post(entry);
    if (verdict === 'ok') this.posted.push({ entries: [entry], day: entry.day, stands: this.standsOn(entry.day) });
    return verdict;
  }

  /** Gives pounds for euros or the reverse, at a rate from what is given to what is taken. */
  exchange(given: 'GBP' | 'EUR', amountMinor: number, { numerator, denominator }: Rate, day: string): string {
    const takenMinor = rounded(amountMinor, numerator, denominator);
    if (takenMinor < 1) return 'ledger/amount-range';
    const isBought = given === 'GBP';
    const [eurMinor, gbpMinor] = isBought ? [takenMinor, amountMinor] : [amountMinor, takenMinor];
    const gainMinor = this.realised(isBought ? eurMinor : -eurMinor, isBought ? gbpMinor : -gbpMinor);
    const entries = [
      isBought ? two('1000', '1900', eurMinor, day, 'EUR') : two('1900', '1000', eurMinor, day, 'EUR'),
      isBought ? two('1900', '1000', gbpMinor, day) : two('1000', '1900', gbpMinor, day),
      two('1900', '4000', gainMinor, day),
    ];
    const costMinor = (isBought ? gbpMinor : -gbpMinor) + gainMinor;
    return this.postAll(entries, day, { currencyMinor: isBought ? eurMinor : -eurMinor, costMinor });
  }

  revalue({ numerator, denominator }: Rate, day: string): string {
    const { currencyMinor, costMinor } = this.position();
    const gainMinor = rounded(currencyMinor, numerator, denominator) - costMinor;
    if (gainMinor === 0) return 'ledger/empty-entry';
    return this.postAll([two('1900', '4000', gainMinor, day)], day, { currencyMinor: 0, costMinor: gainMinor });
  }

  /** What of the position is given up leaves at its average cost; the rest of the exchange is a new one. */
  realised(currencyMinor: number, paidMinor: number): number {
    const held = this.position();
    if (held.currencyMinor * currencyMinor >= 0) return 0;
    const [there, moved] = [Math.abs(held.currencyMinor), Math.abs(currencyMinor)];
    const closed = Math.min(there, moved);
    return -rounded(paidMinor, closed, moved) - rounded(held.costMinor, closed, there);
  }

  /** Of accounts without limits. */
  private postAll(entries: readonly PaperEntry[], day: string, change: Position): string {
    if (this.isShut(day)) return 'ledger/period-closed';
    const stands = this.standsOn(day);
    for (const entry of entries) this.entries.push({ ...entry, day: stands });
    this.positions.push(change);
    this.posted.push({ entries, day, stands, change });
    return 'ok';
  }

  private standsOn(day: string): string {
    const { closed } = this;
    return closed?.late === 'route' && day <= closed.through ? closed.opens : day;
  }

  reverse(index: number, day: string): string {
    const before = this.posted[index];
    if (before === undefined) return 'ledger/unknown-entry';
    if (this.reversed.has(index)) return 'ledger/already-reversed';
    const back = before.entries.map((entry) => ({ ...entry, debit: entry.credit, credit: entry.debit, day }));
    const { change, entries } = before;
    const verdict =
      change === undefined ? this.post(back[0] as PaperEntry, 'credit') : this.takeBack(back, day, change);
    if (verdict === 'ok' && entries.length > 0) this.reversed.add(index);
    return verdict;
  }

  private takeBack(back: readonly PaperEntry[], day: string, { currencyMinor, costMinor }: Position): string {
    const verdict = this.postAll(back, day, { currencyMinor: -currencyMinor, costMinor: -costMinor });
    // What takes back is no entry of somebody's hand.
    if (verdict === 'ok') this.posted.pop();
    return verdict;
  }

  /** Moves an entry to the day on which it was made. */
  redate(index: number, day: string): string {
    const { closed, posted } = this;
    const of = posted[index];
    if (of === undefined) return 'ledger/unknown-entry';
    if (of.day === day) return 'ledger/same-day';
    const [from, to] = [this.standsOn(of.stands), this.standsOn(day)];
    if (from !== to) {
      if (closed !== undefined && (from <= closed.through || to <= closed.through)) return 'ledger/period-closed';
      for (const entry of of.entries) {
        this.entries.push({ ...entry, debit: entry.credit, credit: entry.debit, day: from }, { ...entry, day: to });
      }
      of.stands = to;
    }
    of.day = day;
    return 'ok';
  }

  open(account: string, amountMinor: number, day: string): string {
    if (this.opened.has(account)) return 'ledger/already-opened';
    const verdict = this.post({ debit: account, credit: '3000', amountMinor, day });
    if (verdict === 'ok') this.opened.add(account);
    return verdict;
  }

  /** Takes what income 4000 came to through a day to 3900, less what was taken before. */
  carry(through: string): string {
    const { closed } = this;
    if (closed === undefined || closed.through < through) return 'ledger/period-open';
    if (this.carried.some((before) => before.back === undefined && before.through >= through))
      return 'ledger/already-carried';
    const carrying = new Set(this.carried.flatMap(({ entry, back }) => [entry, back]));
    const amountMinor = this.entries
      .filter((entry) => entry.day <= through || carrying.has(entry))
      .reduce(
        (sum, entry) => sum + entry.amountMinor * (Number(entry.credit === '4000') - Number(entry.debit === '4000')),
        0,
      );
    if (amountMinor === 0) return 'ledger/empty-entry';
    const entry = { debit: '4000', credit: '3900', amountMinor, day: closed.opens };
    this.entries.push(entry);
    this.carried.push({ through, entry });
    return 'ok';
  }

  takeBackCarry(index: number, day: string): string {
    const carry = this.carried[index];
    if (carry === undefined) return 'ledger/unknown-entry';
    if (carry.back !== undefined) return 'ledger/already-reversed';
    if (this.isShut(day)) return 'ledger/period-closed';
    const { entry } = carry;
    carry.back = { ...entry, debit: entry.credit, credit: entry.debit, day: this.standsOn(day) };
    this.entries.push(carry.back);
    return 'ok';
  }

  setRates(taxClass: string, rates: readonly { readonly from: string; readonly basisPoints: number }[]): string {
    this.ratesByClass.set(taxClass, rates);
    return 'ok';
  }

  /** Into the till 1000, as a sale 4000 and its tax 2200. */
  sell(sold: Sold): string {
    const { class: taxClass, amountMinor, included, day } = sold;
    const rates = this.ratesByClass.get(taxClass);
    if (rates === undefined) return 'ledger/unknown-tax-class';
    const rate = rates.findLast(({ from }) => from <= day)?.basisPoints;
    if (rate === undefined) return 'ledger/no-tax-rate';
    if (this.isShut(day)) return 'ledger/period-closed';
    const taxMinor = this.taxOf(amountMinor, rate, included);
    const netMinor = included ? amountMinor - taxMinor : amountMinor;
    const stands = this.standsOn(day);
    this.entries.push(two('1000', '4000', netMinor, stands), two('1000', '2200', taxMinor, stands));
    return 'ok';
  }

  taxOf(amountMinor: number, basisPoints: number, included: boolean): number {
    return rounded(amountMinor, basisPoints, included ? 10_000 + basisPoints : 10_000);
  }

  /** What an op that lost comes to: a debt to others where goods are owed, else a debt or a cost of the house. */
  lose({ as, account, against, amountMinor, day }: Lost): string {
    if (account === against) return 'ok';
    const isOwed = as === 'backorder';
    const sides = isOwed ? { debit: against, credit: account } : { debit: account, credit: against };
    return this.post({ ...sides, amountMinor, day }, isOwed ? 'credit' : 'debit');
  }

  /** It was done: what an account does not take stands on 1990, and what is late on the first open day. */
  done({ debit, credit, amountMinor, day }: Done): string {
    if (debit === credit) return 'ok';
    const isOverdrawn = debit === '2310' && this.balance('2310') + this.pending('2310', 'debit') + amountMinor > 0;
    const isOverspent = credit === '1020' && this.pending('1020', 'credit') + amountMinor > this.balance('1020');
    const sides = { debit: isOverdrawn ? '1990' : debit, credit: isOverspent ? '1990' : credit };
    const { closed } = this;
    const stands = closed !== undefined && day <= closed.through ? closed.opens : day;
    if (sides.debit !== sides.credit) this.entries.push({ ...sides, amountMinor, day: stands });
    return 'ok';
  }

  /** Whether days are closed so that what comes late is refused. */
  private isShut(day: string): boolean {
    const { closed } = this;
    return closed?.late === 'refuse' && day <= closed.through;
  }

  hold(id: string, asked: Omit<Hold, 'state' | 'postedMinor' | 'postedDay'>): string {
    const known = this.known(id, asked);
    if (known !== undefined) return known;
    if (asked.debit === asked.credit) return 'ledger/same-account';
    this.holds.set(id, { ...asked, state: 'pending', postedMinor: 0, postedDay: '' });
    const crossed = this.overdrawn(asked) ?? this.overspent(asked);
    if (crossed !== undefined) this.holds.delete(id);
    return crossed ?? 'ok';
  }

  /**
   * Two transfers of one op: both, or neither. `untilDay` is '' for one that is posted at once. Where a law is broken the answer is `a law`: which of several is
   * named first is the ledger's to say.
   */
  link(asked: readonly [LinkedLeg, LinkedLeg]): string {
    const ids = new Set<string>();
    for (const leg of asked) {
      const known = this.known(leg.id, leg);
      if (known !== undefined) return known;
      if (ids.has(leg.id)) return 'ledger/exists';
      ids.add(leg.id);
      if (leg.debit === leg.credit) return 'ledger/same-account';
    }
    const direct = asked.filter(({ untilDay }) => untilDay === '');
    const entriesBefore = this.entries.length;
    const { closed } = this;
    const isLate = closed !== undefined && (direct[0]?.day ?? '9999') <= closed.through;
    for (const leg of asked) {
      const isDirect = leg.untilDay === '';
      this.holds.set(leg.id, { ...leg, state: isDirect ? 'direct' : 'pending', postedMinor: 0, postedDay: '' });
      if (isDirect) this.entries.push({ ...leg, day: isLate ? closed.opens : leg.day });
    }
    const net = (account: string): number =>
      direct.reduce(
        (sum, { debit, credit, amountMinor }) =>
          sum + (Number(debit === account) - Number(credit === account)) * amountMinor,
        0,
      );
    const held = asked.filter(({ untilDay }) => untilDay !== '');
    const outgrows = net('2310') > 0 || held.some(({ debit }) => debit === '2310');
    const outspends = net('1020') < 0 || held.some(({ credit }) => credit === '1020');
    const isMoved = ['1000', '1020', '2310', '3000', '4000'].some((account) => net(account) !== 0);
    const isBroken =
      (outgrows && this.overdrawn({ debit: '2310' }) !== undefined) ||
      (outspends && this.overspent({ credit: '1020' }) !== undefined) ||
      (isMoved && isLate && closed.late === 'refuse');
    if (!isBroken) return 'ok';
    this.entries.length = entriesBefore;
    for (const id of ids) this.holds.delete(id);
    return 'a law';
  }

  private known(id: string, asked: Omit<Hold, 'state' | 'postedMinor' | 'postedDay'>): string | undefined {
    const before = this.holds.get(id);
    if (before === undefined) return undefined;
    if (before.debit !== asked.debit) return 'ledger/exists-different-debit';
    if (before.credit !== asked.credit) return 'ledger/exists-different-credit';
    if (before.amountMinor !== asked.amountMinor) return 'ledger/exists-different-amount';
    if (before.untilDay !== asked.untilDay) return 'ledger/exists-different-until';
    return before.day === asked.day ? 'ledger/exists' : 'ledger/exists-different-day';
  }

  end(id: string, state: 'posted' | 'voided' | 'expired', day: string, amountMinor?: number): string {
    const hold = this.holds.get(id);
    if (hold === undefined) return 'ledger/unknown-transfer';
    if (hold.state === 'direct') return 'ledger/not-pending';
    const minor = state === 'posted' ? (amountMinor ?? hold.amountMinor) : 0;
    if (hold.state !== 'pending') {
      if (hold.state !== state) return `ledger/already-${hold.state}`;
      if (hold.postedMinor !== minor) return 'ledger/exists-different-amount';
      return hold.postedDay === day ? 'ledger/exists' : 'ledger/exists-different-day';
    }
    if (state === 'posted' && minor > hold.amountMinor) return 'ledger/exceeds-pending';
    if (state === 'expired' && this.day <= hold.untilDay) return 'ledger/not-over';
    hold.state = state;
    hold.postedMinor = minor;
    hold.postedDay = day;
    if (state !== 'posted') return 'ok';
    const verdict = this.post({ debit: hold.debit, credit: hold.credit, amountMinor: minor, day });
    if (verdict !== 'ok') hold.state = 'pending';
    return verdict;
  }

  close(through: string, opens: string, late: 'route' | 'refuse'): string {
    if (this.closed !== undefined && through <= this.closed.through) return 'ledger/period-closed';
    if (through >= this.day) return 'ledger/period-open';
    this.closed = { through, opens, late };
    return 'ok';
  }

  openDay(day: string): string {
    if (day <= this.day) return 'kernel/day';
    this.day = day;
    return 'ok';
  }

  private overdrawn({ debit }: { debit: string }): string | undefined {
    const isOver = debit === '2310' && this.balance('2310') + this.pending('2310', 'debit') > 0;
    return isOver ? 'ledger/exceeds-credits' : undefined;
  }

  private overspent({ credit }: { credit: string }): string | undefined {
    const isOver = credit === '1020' && this.pending('1020', 'credit') > this.balance('1020');
    return isOver ? 'ledger/exceeds-debits' : undefined;
  }
}

/** Two sides of an amount, which may be negative. */
function two(debit: string, credit: string, amountMinor: number, day: string, currency?: 'EUR'): PaperEntry {
  const sides = amountMinor < 0 ? { debit: credit, credit: debit } : { debit, credit };
  return { ...sides, amountMinor: Math.abs(amountMinor), day, ...(currency && { currency }) };
}
