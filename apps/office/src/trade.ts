// Trades a file in the Online Retail format: every invoice goes to one of N tills, each with its own key, chain and database;
// the tills hand their ops to the relay, the office pulls, verifies and folds them, and the books are rebuilt and compared.
// Every step can be taken again: what a till's own documents already hold is not written twice.
import { existsSync } from 'node:fs';
import { deviceKey, enrolDevice, openOrCreateOffice, openTill, type ShopBook } from './book.ts';
import { OfficeError } from './errors.ts';
import { type Home, readSettings, type Settings, writeSettings } from './home.ts';
import { type Invoice, readInvoices, type Survey, tillOf } from './invoices.ts';
import { mapInvoice } from './mapping.ts';
import { grouped, type Progress } from './progress.ts';
import { type OpenRelay, openRelay } from './relay.ts';
import type { RetailFile } from './retail-file.ts';
import { createTradingTill, type TradingTill } from './trading-till.ts';

/** Rows of the file that are shared out among the tills at once. */
const sliceRows = 25_000;
/** Ops without a settled position that all open tills together may hold from one slice to the next. */
const maxPendingOps = 2_000;

/** What is to be traded, where, and through which relay. */
export interface TradeOrder {
  readonly home: Home;
  readonly file: RetailFile;
  readonly survey: Survey;
  readonly tills: number;
  /** As asked for on the command line; a directory keeps to what it began with. */
  readonly relay: { readonly kind: 'embedded' } | { readonly kind: 'url'; readonly url: string } | undefined;
  readonly progress: Progress;
}

/** What is open after trading; the tills are closed by then. The caller closes the office before the relay. */
export interface TradedBooks {
  readonly settings: Settings;
  readonly office: ShopBook;
  readonly relay: OpenRelay;
  /** Ops written by this run; 0 when everything was in the books before. */
  readonly written: number;
}

/** The settings the directory trades with: those it has, or the first ones. Throws `office/settings` when they do not fit the order. */
export function settleSettings(order: TradeOrder): Settings {
  const { home, tills, file, relay } = order;
  const known = readSettings(home);
  const asked =
    relay ?? (known === undefined || known.relay.kind === 'none' ? { kind: 'embedded' as const } : known.relay);
  const fresh = known === undefined || known.tills === 0;
  if (!fresh && known.tills !== tills) {
    throw new OfficeError(
      'office/settings',
      `${home.root} trades on ${known.tills} tills, not ${tills}: the number decides which till an invoice belongs to`,
    );
  }
  if (known !== undefined && known.currency !== file.currency) {
    throw new OfficeError('office/settings', `${home.root} keeps its books in ${known.currency}, not ${file.currency}`);
  }
  // A relay may get another address: its key, which every database here has pinned, says whether it is the same one.
  if (known !== undefined && known.relay.kind !== 'none' && known.relay.kind !== asked.kind) {
    const name = known.relay.kind === 'url' ? known.relay.url : 'its embedded relay';
    throw new OfficeError('office/settings', `${home.root} follows ${name}; its log cannot move to another relay`);
  }
  return {
    version: 1,
    ...(known?.book === undefined ? {} : { book: known.book }),
    currency: file.currency,
    tills,
    relay: asked,
  };
}

/** Trades the whole file and brings the office up to date. */
export async function trade(order: TradeOrder): Promise<TradedBooks> {
  const { home, progress } = order;
  const settings = settleSettings(order);
  const relay = await openRelay(home, settings.relay);
  if (relay === undefined) throw new OfficeError('office/relay', `${home.root} has no relay`);
  const opened: { close(): Promise<void> }[] = [relay];
  try {
    const office = await openOrCreateOffice(home, 'Online Retail');
    opened.unshift(office);
    // The first exchange pins the relay's key, or finds it to be another: only then is the relay one to remember.
    await office.sync(relay.client, { pull: false });
    writeSettings(home, settings);
    const written = await tradeOnTills(order, office, relay);
    const step = progress.begin('office');
    const { settled } = await office.sync(relay.client);
    step.finish(`pulled, verified and folded ${grouped(settled)} ops`);
    writeSettings(home, { ...settings, book: office.id });
    return { settings, office, relay, written };
  } catch (error) {
    for (const resource of opened) await resource.close();
    throw error;
  }
}

async function tradeOnTills(order: TradeOrder, office: ShopBook, relay: OpenRelay): Promise<number> {
  const tills: TradingTill[] = [];
  try {
    await openTills(order, office, relay, tills);
    await checkInvoices(order, tills);
    return await tradeInvoices(order, tills);
  } finally {
    for (const till of tills) await till.close();
  }
}

/** Enrols the tills that are not, and sees to it that each has its enrolment settled in its own log. */
async function openTills(order: TradeOrder, office: ShopBook, relay: OpenRelay, opened: TradingTill[]): Promise<void> {
  const { home, tills, progress, file } = order;
  const step = progress.begin('tills', tills);
  const paths = Array.from({ length: tills }, (_, index) => home.tillFile(index));
  for (const [index, path] of paths.entries()) {
    // The file's write-offs and bad debts are a manager's to book; a till that only sells could not trade it whole.
    await enrolDevice(office, await deviceKey(path), `Till ${index + 1}`, 'manager');
  }
  await office.sync(relay.client, { pull: false });
  const { relayKey } = office.status();
  const open = async (path: string): Promise<ShopBook> => {
    const book = await openTill(path, office.id, relayKey);
    // Only what stands before its enrolment is pulled: what other tills sell is no business of this one.
    if (book.status().role === undefined || !book.status().anchored) await book.sync(relay.client);
    return book;
  };
  for (const [index, path] of paths.entries()) {
    const till = createTradingTill(() => open(path), relay.client, file.path);
    opened.push(till);
    await till.finish();
    step.reach(index + 1);
  }
  step.finish(`${tills} enrolled, each with its own key, chain and database`);
}

/** Where there are books already: finds an invoice that is another there before anything is written. */
async function checkInvoices({ file, survey }: TradeOrder, tills: readonly TradingTill[]): Promise<void> {
  let booked = 0;
  for (const till of tills) booked += await till.booked();
  if (booked === 0) return;
  for await (const invoice of readInvoices(file, survey))
    await tills[tillOf(invoice.number, tills.length)]?.check(mapInvoice(invoice, file.currency));
}

/**
 * The file mixes the tills' invoices. A till's ops keep their place in its memory until it hears what the others sold in between,
 * which it does not here; so the tills take turns on a slice of the file, and those with much in memory are closed until the next.
 */
async function tradeInvoices(order: TradeOrder, tills: readonly TradingTill[]): Promise<number> {
  const { file, survey, progress } = order;
  const step = progress.begin('trade', survey.totals.rows);
  const slice: Invoice[][] = tills.map(() => []);
  let held = 0;
  let rows = 0;
  const tradeSlice = async (): Promise<void> => {
    for (const [index, till] of tills.entries()) {
      for (const invoice of slice[index]?.splice(0) ?? []) {
        await till.take(mapInvoice(invoice, file.currency));
        rows += invoice.rows.length;
        step.reach(rows);
      }
      await till.finish();
      if (till.pending() > maxPendingOps / tills.length) await till.close();
    }
    held = 0;
  };
  for await (const invoice of readInvoices(file, survey)) {
    slice[tillOf(invoice.number, tills.length)]?.push(invoice);
    held += invoice.rows.length;
    if (held >= sliceRows) await tradeSlice();
  }
  await tradeSlice();
  const written = tills.reduce((sum, till) => sum + till.written(), 0);
  const known = tills.reduce((sum, till) => sum + till.known(), 0);
  const before = known === 0 ? '' : `, ${grouped(known)} were in the books already`;
  step.finish(`${grouped(survey.totals.invoices)} invoices, ${grouped(written)} ops written${before}`);
  return written;
}

/** Closes what `trade` left open. */
export async function closeBooks({ office, relay }: TradedBooks): Promise<void> {
  await office.close();
  await relay.close();
}

/** Whether a directory holds an office already. */
export function hasOffice(home: Home): boolean {
  return existsSync(home.officeFile);
}
