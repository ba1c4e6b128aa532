/** Tax by class: what rate a class has on a day is data of `hq`; what a sum comes to without and with it is exact (docs/decisions/010-rounding.md). */
import { type Refusal, refuse, type RegisterTable, registerTable, type View } from '@tallystick/kernel';
import { addMinor, scaleHalfAway } from './money.ts';

type Text = 'text';

/** In `hq`: the rates of a tax class by the day they begin, as `2026-01-01=2000 2027-07-01=1900` in basis points, earliest first. */
export const taxClasses: RegisterTable<{ class: Text }, { name: Text; rates: Text }> = registerTable('taxClasses', {
  key: { class: 'text' },
  columns: { name: 'text', rates: 'text' },
});

export interface TaxRate {
  /** The first day `YYYY-MM-DD` of this rate. */
  readonly from: string;
  /** Hundredths of a percent: 2000 is 20 %. */
  readonly basisPoints: number;
}

/** The text of a class's rates. */
export function encodeTaxRates(rates: readonly TaxRate[]): string {
  return rates.map(({ from, basisPoints }) => `${from}=${basisPoints}`).join(' ');
}

/** The rate of a class on a day in basis points, or `ledger/unknown-tax-class`, or `ledger/no-tax-rate` before its first day. */
export function taxRateOn(view: View, taxClass: string, day: string): number | Refusal {
  const row = view.hq.get(taxClasses, { class: taxClass });
  if (row === undefined) return refuse('ledger/unknown-tax-class', { class: taxClass });
  return taxRateIn(row.rates, day) ?? refuse('ledger/no-tax-rate', { class: taxClass, day });
}

/** The rate on a day by the text of a class's row; undefined before its first day. */
export function taxRateIn(rates: string, day: string): number | undefined {
  let basisPoints: number | undefined;
  for (const rate of rates.split(' ')) {
    const [from = '', points] = rate.split('=');
    if (points !== undefined && from <= day) basisPoints = Number(points);
  }
  return basisPoints;
}

export interface TaxSplit {
  readonly netMinor: number;
  readonly taxMinor: number;
  readonly grossMinor: number;
}

/** An amount with its tax taken out (`included`) or put on top, rounded once; net and tax always add up to gross. Undefined where it leaves +-(2^53-1). */
export function splitTax(amountMinor: number, basisPoints: number, included: boolean): TaxSplit | undefined {
  const taxMinor = scaleHalfAway(amountMinor, basisPoints, included ? 10_000 + basisPoints : 10_000);
  if (taxMinor === undefined) return undefined;
  const other = addMinor(amountMinor, included ? 0 - taxMinor : taxMinor);
  if (other === undefined) return undefined;
  return included
    ? { netMinor: other, taxMinor, grossMinor: amountMinor }
    : { netMinor: amountMinor, taxMinor, grossMinor: other };
}

export interface TaxedLine {
  readonly class: string;
  readonly basisPoints: number;
  readonly amountMinor: number;
}

export interface TaxTotal extends TaxSplit {
  readonly class: string;
  readonly basisPoints: number;
}

/**
 * The lines of a document by class and rate, in the order in which they first come: each line is split by itself, so the totals are what the printed lines
 * add up to. Undefined where a sum leaves +-(2^53-1).
 */
export function taxByClass(lines: readonly TaxedLine[], included: boolean): readonly TaxTotal[] | undefined {
  const totals = new Map<string, TaxTotal>();
  for (const line of lines) {
    const split = splitTax(line.amountMinor, line.basisPoints, included);
    if (split === undefined) return undefined;
    const key = `${line.basisPoints} ${line.class}`;
    const before = totals.get(key) ?? { netMinor: 0, taxMinor: 0, grossMinor: 0 };
    const netMinor = addMinor(before.netMinor, split.netMinor);
    const taxMinor = addMinor(before.taxMinor, split.taxMinor);
    const grossMinor = addMinor(before.grossMinor, split.grossMinor);
    if (netMinor === undefined || taxMinor === undefined || grossMinor === undefined) return undefined;
    totals.set(key, { class: line.class, basisPoints: line.basisPoints, netMinor, taxMinor, grossMinor });
  }
  return [...totals.values()];
}
