// Trades the demo's day on simulated tills: each has its own key, chain and database, opens a cash session, sells, takes
// back, counts its drawer, and hands in what it did from time to time. What a till did before is not done again.
import type { RelayClient } from '@tallystick/relay-protocol';
import type { ShopBook } from '../book.ts';
import type { Step } from '../progress.ts';
import { floatMinor, type Planned, type PlannedReturn, type PlannedSale } from './plan.ts';
import { type DemoDay, mustCommit } from './seed.ts';
import { shopCurrency } from './shop.ts';

const pushEvery = 25;
/** One drawer is short by this much, as happens. */
const shortMinor = 20;
const closingMs = 8 * 3_600_000;

/** Trades what is left of the plan. Answers how many documents this run wrote. */
export async function tradeDay(
  tills: readonly ShopBook[],
  client: RelayClient,
  day: DemoDay,
  plan: readonly Planned[],
  step: Step,
): Promise<number> {
  const sessions = await Promise.all(tills.map((till) => sessionOf(till, day)));
  let written = 0;
  for (const [index, planned] of plan.entries()) {
    const till = tills[planned.till];
    const session = sessions[planned.till];
    if (till === undefined || session === undefined || session.isClosed) continue;
    if (await perform(till, session.id, planned, day)) written += 1;
    if (written % pushEvery === pushEvery - 1) await till.sync(client, { pull: false });
    step.reach(index + 1);
  }
  for (const [index, till] of tills.entries()) {
    const session = sessions[index];
    if (session !== undefined && !session.isClosed)
      await closeSession(till, session.id, day, index === 1 ? shortMinor : 0);
    await till.sync(client, { pull: false });
  }
  return written;
}

interface Session {
  readonly id: string;
  readonly isClosed: boolean;
}

async function sessionOf(till: ShopBook, { day, openedMs }: DemoDay): Promise<Session> {
  const [known] = till.query('SELECT id, state FROM sessions WHERE device = ? AND openedDay = ?', [till.device, day]);
  if (known !== undefined) return { id: String(known['id']), isClosed: known['state'] === 'closed' };
  const commit = await till.commit('session.open', { day, currency: shopCurrency, floatMinor }, { at: openedMs });
  mustCommit([commit]);
  return { id: commit.ok ? commit.id : '', isClosed: false };
}

/** Does one thing of the plan unless it is in the till's books. */
async function perform(
  till: ShopBook,
  session: string,
  planned: Planned,
  { day, openedMs }: DemoDay,
): Promise<boolean> {
  const at = openedMs + planned.afterMs;
  if (planned.kind === 'sale') return sell(till, session, planned, day, at);
  const sale = documentOf(till, planned.sale.external);
  if (sale === undefined) return false;
  return planned.kind === 'void'
    ? takeBack(till, session, sale, day, at)
    : refund(till, session, sale, planned, day, at);
}

async function sell(till: ShopBook, session: string, sale: PlannedSale, day: string, at: number): Promise<boolean> {
  if (documentOf(till, sale.external) !== undefined) return false;
  const { external, lines, tenders, changeMinor } = sale;
  const change = changeMinor === 0 ? {} : { changeMinor };
  const args = { day, currency: shopCurrency, session, external, taxIncluded: true, lines, tenders, ...change };
  mustCommit([await till.commit('sale.complete', args, { at })]);
  return true;
}

/** Gives back the first line of a sale, in the way it was paid. */
async function refund(
  till: ShopBook,
  session: string,
  original: string,
  planned: PlannedReturn,
  day: string,
  at: number,
): Promise<boolean> {
  if (documentOf(till, planned.external) !== undefined) return false;
  const [line] = planned.sale.lines;
  const [row] = till.query(
    'SELECT amountMinor + taxMinor AS paidMinor FROM documentLines WHERE document = ? AND line = 1',
    [original],
  );
  if (line === undefined || row === undefined) return false;
  const kind = planned.sale.tenders[0]?.kind ?? 'cash';
  const tenders = [{ kind, amountMinor: Number(row['paidMinor']) }];
  const { external } = planned;
  const args = {
    day,
    currency: shopCurrency,
    session,
    external,
    taxIncluded: true,
    original,
    lines: [{ ...line, line: 1 }],
    tenders,
    reason: 'changed their mind',
  };
  mustCommit([await till.commit('sale.refund', args, { at })]);
  return true;
}

async function takeBack(till: ShopBook, session: string, document: string, day: string, at: number): Promise<boolean> {
  if (till.query('SELECT document FROM voids WHERE document = ?', [document]).length > 0) return false;
  mustCommit([await till.commit('sale.void', { document, day, session, reason: 'rung twice' }, { at })]);
  return true;
}

async function closeSession(till: ShopBook, session: string, { day, openedMs }: DemoDay, short: number): Promise<void> {
  const [drawer] = till.query('SELECT amountMinor FROM drawers WHERE session = ? AND currency = ?', [
    session,
    shopCurrency,
  ]);
  const countedMinor = Math.max(0, Number(drawer?.['amountMinor'] ?? 0) - short);
  mustCommit([await till.commit('session.close', { session, day, countedMinor }, { at: openedMs + closingMs })]);
}

function documentOf(till: ShopBook, external: string): string | undefined {
  const [row] = till.query('SELECT id FROM documents WHERE device = ? AND external = ?', [till.device, external]);
  return row === undefined ? undefined : String(row['id']);
}
