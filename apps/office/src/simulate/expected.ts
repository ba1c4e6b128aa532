// What a simulated year must come to, kept beside the books as a shopkeeper would on paper: by plain sums over what happened. The books are
// compared with all of it.

/** What an act does to accounts: debits positive, by account number. */
export type PaperEntry = Readonly<Record<string, number>>;

/** Documents of one kind and currency. */
export interface PaperDocuments {
  count: number;
  totalMinor: number;
}

export interface Expectations {
  /** An act in a currency and what it posts. Throws where it does not come to zero, because then the paper is wrong. */
  post(currency: string, entry: PaperEntry): void;
  /** A document of this kind. */
  issue(currency: string, kind: string, totalMinor: number): void;
  move(scope: string, sku: string, quantity: number): void;
  /** A fact that is counted and belongs to no currency, such as a fiscal number that was used. */
  tick(what: Tick): void;
  /** By `CURRENCY ACCOUNT`. */
  readonly balances: ReadonlyMap<string, number>;
  /** By `CURRENCY KIND`. */
  readonly documents: ReadonlyMap<string, Readonly<PaperDocuments>>;
  /** On hand, by scope and stock code. */
  readonly stock: ReadonlyMap<string, number>;
  readonly ticks: Readonly<Record<Tick, number>>;
}

export type Tick = 'fiscalNumbers' | 'lostClaims' | 'tallies' | 'heldBills';

export function createExpectations(): Expectations {
  const balances = new Map<string, number>();
  const documents = new Map<string, PaperDocuments>();
  const stock = new Map<string, number>();
  const ticks = { fiscalNumbers: 0, lostClaims: 0, tallies: 0, heldBills: 0 };
  const add = (map: Map<string, number>, key: string, amount: number): void =>
    void map.set(key, (map.get(key) ?? 0) + amount);
  return {
    balances,
    documents,
    stock,
    ticks,
    post(currency, entry) {
      const lines = Object.entries(entry);
      const sumMinor = lines.reduce((sum, [, amountMinor]) => sum + amountMinor, 0);
      if (sumMinor !== 0) throw new RangeError(`on paper ${JSON.stringify(entry)} comes to ${sumMinor}`);
      for (const [account, amountMinor] of lines) add(balances, `${currency} ${account}`, amountMinor);
    },
    issue(currency, kind, totalMinor) {
      const key = `${currency} ${kind}`;
      const before = documents.get(key) ?? { count: 0, totalMinor: 0 };
      documents.set(key, { count: before.count + 1, totalMinor: before.totalMinor + totalMinor });
    },
    move: (scope, sku, quantity) => add(stock, `${scope} ${sku}`, quantity),
    tick: (what) => void (ticks[what] += 1),
  };
}
