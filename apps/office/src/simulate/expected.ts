// What a simulated year must come to, kept beside the books by plain sums over what happened: the books are compared with it.

/** Of one currency, in minor units. */
export interface Expected {
  sales: number;
  soldMinor: number;
  refunds: number;
  voids: number;
  returnedMinor: number;
  creditMinor: number;
  cashShortMinor: number;
}

export type Totals = keyof Expected;

export interface Expectations {
  add(currency: string, of: Totals, amount: number): void;
  move(scope: string, sku: string, quantity: number): void;
  readonly byCurrency: ReadonlyMap<string, Readonly<Expected>>;
  /** On hand, by scope and stock code. */
  readonly stock: ReadonlyMap<string, number>;
}

export function createExpectations(): Expectations {
  const byCurrency = new Map<string, Expected>();
  const stock = new Map<string, number>();
  const none: Expected = {
    sales: 0,
    soldMinor: 0,
    refunds: 0,
    voids: 0,
    returnedMinor: 0,
    creditMinor: 0,
    cashShortMinor: 0,
  };
  return {
    byCurrency,
    stock,
    add(currency, of, amount) {
      const totals = byCurrency.get(currency) ?? { ...none };
      totals[of] += amount;
      byCurrency.set(currency, totals);
    },
    move(scope, sku, quantity) {
      const key = `${scope} ${sku}`;
      stock.set(key, (stock.get(key) ?? 0) + quantity);
    },
  };
}
