/** Shops whose devices work apart and then meet, at a relay, in an order that the test chooses. */
import type { Outcome, Verb } from '@tallystick/kernel';
import { refuse } from '@tallystick/kernel';
import { trialBalance } from '@tallystick/ledger';
import { expect } from 'vitest';
import { ruleVerbs } from '@tallystick/guards';
import {
  createTestRelay,
  drivers,
  exchange,
  joinReplica,
  openShop,
  type ShopBook,
  verbs as shopVerbs,
} from './shop.ts';

/** Those of a shop; the rules of its owner are set by verbs that it brings itself. */
const verbs = [...shopVerbs, ...ruleVerbs] as unknown as typeof shopVerbs;

export interface Apart {
  readonly office: ShopBook;
  readonly tills: readonly [ShopBook, ShopBook];
  /** Everybody hands in what it did and takes in the rest; who comes first has its ops settled first. */
  meet(...order: readonly ShopBook[]): Promise<void>;
  close(): Promise<void>;
}

/** The same verbs as they would be if nothing that is wrong could stand. */
export const strictVerbs = verbs.map((verb: Verb) => ({
  ...verb,
  plan: (...asked: Parameters<Verb['plan']>): Outcome => {
    const outcome = verb.plan(...asked);
    if (!('kind' in outcome) || outcome.kind !== 'contested') return outcome;
    return refuse(outcome.correction.code, outcome.correction.details);
  },
})) as unknown as typeof verbs;

/** An office and two tills, which know all that `before` did. */
export async function openApart(before: (office: ShopBook) => Promise<void>, isStrict = false): Promise<Apart> {
  const [{ store }] = drivers as [(typeof drivers)[number]];
  const used = isStrict ? strictVerbs : verbs;
  const office = await openShop(store(), used);
  await before(office);
  const join = (deviceName: string, seed: number): Promise<ShopBook> =>
    joinReplica(office, { store: store(), verbs: used, role: 'till', deviceName, seed });
  const tills = [await join('till-4', 2), await join('till-5', 3)] as const;
  const all = [office, ...tills];
  for (const till of tills) await exchange(office, till);
  const relay = await createTestRelay();
  return {
    office,
    tills,
    async meet(...order) {
      for (const book of [...order, ...all]) await book.sync(relay).catch(unlessRevoked);
    },
    async close() {
      for (const book of all) await book.close();
    },
  };
}

/** A revoked device hands in what it has, and reads no more. */
function unlessRevoked(cause: unknown): void {
  if ((cause as { readonly code?: unknown }).code !== 'relay/revoked') throw cause;
}

/** What holds of all books whatever came first: they agree, they balance, and they are what their log says. */
export async function expectSound({ office, tills }: Apart): Promise<void> {
  const revoked = new Set(
    office.query("SELECT device FROM devices WHERE status = 'revoked'").map((row) => row['device']),
  );
  const reading = [office, ...tills].filter(({ device }) => !revoked.has(device));
  const [first, ...others] = reading.map((book) => book.digest());
  for (const digest of others) expect(digest).toEqual(first);
  expect(trialBalance(office).reduce((net, { amountMinor }) => net + amountMinor, 0)).toBe(0);
  const totals =
    "SELECT coalesce(sum(totalMinor), 0) AS n FROM documents WHERE kind IN ('sale', 'refund', 'void', 'exchange')";
  // What was paid back of an account or a layaway is no document of these, so neither is what is owed for it.
  const worth = `SELECT coalesce(0 - sum(amountMinor), 0) AS n FROM postings p WHERE account IN ('4000', '2200', '2400', '1150', '1990')
    AND NOT EXISTS (SELECT 1 FROM documents d WHERE d.id = p.op AND d.kind IN ('account-payment', 'layaway-payment', 'layaway-end'))`;
  // Whatever a document says it came to is income, tax, owed to a customer, owed by whoever paid it out, or waits for somebody to look. With a limit on
  // cash some of that waits, too, and so do claims where promotions, or tenders where cards, are in another currency.
  if (office.query("SELECT account FROM accountTerms WHERE [limit] <> '' OR account IN ('6200', '1010')").length === 0)
    expect(office.query(totals)).toEqual(office.query(worth));
  const owed = office.query('SELECT coalesce(sum(amountMinor), 0) AS n FROM sellerDebts');
  expect(office.query("SELECT coalesce(sum(amountMinor), 0) AS n FROM balances WHERE account = '1150'")).toEqual(owed);
  const [{ store }] = drivers as [(typeof drivers)[number]];
  const fresh = store();
  expect(await office.prove(fresh)).toMatchObject({ ok: true });
  await fresh.close();
}

export function refusalsOf(book: ShopBook): readonly unknown[] {
  return book.query('SELECT verb, code, details FROM refusals ORDER BY id');
}

export function correctionsOf(book: ShopBook): readonly string[] {
  return book.query('SELECT code FROM corrections ORDER BY id').map(({ code }) => String(code));
}
