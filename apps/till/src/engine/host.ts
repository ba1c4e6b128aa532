// The engine in its worker: answers the page's calls out of the shop that it holds (held-shop.ts).
import { entries } from './entries.ts';
import { type Entry, enter, lookUp, unknown } from './entry.ts';
import { chooseSeries } from './fiscal.ts';
import { HeldShop, noBook } from './held-shop.ts';
import type { CallName, EntryName, Notice } from './messages.ts';
import type { Outcome, Receipt, Saved, TillEngine } from './port.ts';
import type { SaleRequest } from './requests.ts';
import { reads } from './reads.ts';
import { type Found, joinShop, openOwnShop, restoreFromBackup, restoreShop } from './shop-opening.ts';

export type EngineCalls = Pick<TillEngine, CallName>;

/** How long somebody who asks what became of an entry waits for the book to be open. */
const openingMs = 10_000;
/** They read nothing of old documents, where nobody says otherwise. */
const atOnce: ReadonlySet<unknown> = new Set([entries.sell, entries.openSession]);
const isAtOnce = (entry: unknown, request: unknown): boolean =>
  atOnce.has(entry) && (request as Partial<SaleRequest> | undefined)?.isOlderThanBook !== true;

export class TillHost implements EngineCalls {
  readonly #held: HeldShop;
  /** The backup that was looked at last. */
  #found: Found | undefined;

  constructor(tell: (notice: Notice) => void) {
    this.#held = new HeldShop(tell);
  }

  /** An entry: writes it, says how the till stands, and remembers a storage that failed. */
  async #record<Request, Shown>(
    entry: Entry<Request, Shown>,
    request: Request,
    touched?: (shown: Shown) => readonly string[],
  ): Promise<Outcome<Saved<Shown>>> {
    const missing = isAtOnce(entry, request) ? undefined : await this.#held.whole();
    if (missing !== undefined) return missing;
    return this.#held.inTurn(async () => {
      const before = await this.#held.current();
      if (!before.ok) return before;
      const outcome = await enter(entry, request, before.value, () => this.#held.openAgain());
      this.#held.noteStorage(outcome);
      const shop = this.#held.shop;
      // A book that is lost shows what it showed last.
      if (shop === undefined) return outcome;
      this.#held.show(() => {
        if (outcome.ok) shop.progress.wrote(outcome.value.id);
        if (shop !== before.value) return this.#held.tellAll();
        if (outcome.ok && outcome.value.shown !== undefined && touched !== undefined)
          this.#held.tellStock(shop, touched(outcome.value.shown));
        this.#held.tellState();
      });
      shop.sync?.nudge();
      shop.backup?.entered();
      shop.later.entered();
      return outcome;
    });
  }

  join: EngineCalls['join'] = (request) => this.#held.enter((place) => joinShop(place, request));
  openAlone: EngineCalls['openAlone'] = (request) =>
    this.#held.enter(async (place) => ({ ok: true, value: await openOwnShop(place, request) }));
  restore: EngineCalls['restore'] = (request) => this.#held.enter((place) => restoreShop(place, request));
  lookAtBackup: EngineCalls['lookAtBackup'] = async (request) => {
    const { lookAtBackup } = await import('./backup-restore.ts');
    const found = await lookAtBackup(request, await this.#held.sqlite);
    this.#found = found.ok ? found.value.chosen : undefined;
    return found.ok ? { ok: true, value: found.value.shown } : found;
  };
  restoreBackup: EngineCalls['restoreBackup'] = async (request) => {
    const outcome = await this.#held.enter((place) => restoreFromBackup(place, this.#found, request));
    // The next start is as quick as any then; without it the rows of the backup are read again.
    if (outcome.ok) void this.#held.inTurn(async () => this.#held.shop?.book.saveImage().catch(() => undefined));
    // What was begun would be taken for a shop by the next attempt.
    else await this.#held.inTurn(() => this.#held.dropBegun());
    return outcome;
  };
  makeBackup: EngineCalls['makeBackup'] = () =>
    this.#held.read(async ({ backup }) => (await backup?.makeFile()) ?? noBook);
  backupTaken: EngineCalls['backupTaken'] = (file) =>
    this.#held.change(async ({ backup }) => done(backup?.taken(file)));
  nameOpener: EngineCalls['nameOpener'] = (opener) =>
    this.#held.change(async ({ backup }) => done(backup?.nameOpener(opener)));
  nameBucket: EngineCalls['nameBucket'] = (settings) =>
    this.#held.read(async ({ backup }) => (await backup?.nameBucket(settings)) ?? noBook);
  changeKey: EngineCalls['changeKey'] = (made) =>
    this.#held.change(async (shop) => (await import('./key-life.ts')).changeKey(shop, made));
  /** Everything that counts by device is read anew. */
  goOnAsNew: EngineCalls['goOnAsNew'] = (request) =>
    this.#held.change(async (shop) => {
      const { goOnAsNew } = await import('./key-life.ts');
      const outcome = await goOnAsNew(shop, request);
      await this.#held.openAgain();
      return outcome;
    });

  sell: EngineCalls['sell'] = (request) => this.#record(entries.sell, request, skusOf);
  refund: EngineCalls['refund'] = (request) => this.#record(entries.refund, request, skusOf);
  refundAsNote: EngineCalls['refundAsNote'] = (request) =>
    this.#record(entries.refundAsNote, request, ({ skus }) => skus);
  exchange: EngineCalls['exchange'] = (request) => this.#record(entries.exchange, request, skusOf);
  returnGoods: EngineCalls['returnGoods'] = (request) => this.#record(entries.returnGoods, request, skusOf);
  voidSale: EngineCalls['voidSale'] = (request) => this.#record(entries.voidSale, request, skusOf);
  openSession: EngineCalls['openSession'] = (float) => this.#record(entries.openSession, float);
  closeSession: EngineCalls['closeSession'] = async (request) => {
    const outcome = await this.#record(entries.closeSession, request);
    if (outcome.ok) void this.rest();
    return outcome;
  };

  moveCash: EngineCalls['moveCash'] = (request) => this.#record(entries.moveCash, request);

  openLayaway: EngineCalls['openLayaway'] = (request) => this.#record(entries.openLayaway, request);
  payLayaway: EngineCalls['payLayaway'] = (request) => this.#record(entries.payLayaway, request);
  collectLayaway: EngineCalls['collectLayaway'] = (request) => this.#record(entries.collectLayaway, request, skusOf);
  cancelLayaway: EngineCalls['cancelLayaway'] = (request) => this.#record(entries.cancelLayaway, request);
  scanSale: EngineCalls['scanSale'] = (request) => this.#record(entries.scanSale, request, skusOf);
  countGoods: EngineCalls['countGoods'] = async (request) => {
    const outcome = await this.#record(entries.countGoods, request);
    if (outcome.ok) await this.#held.count(false);
    return outcome;
  };
  receiveGoods: EngineCalls['receiveGoods'] = (request) =>
    this.#record(entries.receiveGoods, request, ({ skus }) => skus);
  payAccount: EngineCalls['payAccount'] = (request) => this.#record(entries.payAccount, request);

  /** Waits for the book of a worker that has just been started. */
  lookUp: EngineCalls['lookUp'] = (async (name: EntryName, request: unknown) => {
    await Promise.race([this.#held.opened, new Promise((resolve) => setTimeout(resolve, openingMs))]);
    const missing = isAtOnce(entries[name], request) ? undefined : await this.#held.whole();
    if (missing !== undefined) return unknown(missing.message);
    return this.#held.inTurn(async () => {
      const shop = await this.#held.current();
      if (!shop.ok) return unknown(shop.message);
      return lookUp<never, unknown>(entries[name], request as never, shop.value);
    });
  }) as EngineCalls['lookUp'];

  findSale: EngineCalls['findSale'] = (key) => this.#held.readWhole((shop) => reads.findSale(shop, key));
  customer: EngineCalls['customer'] = (customer) => this.#held.read((shop) => reads.customer(shop, customer));
  customerName: EngineCalls['customerName'] = (customer) =>
    this.#held.read((shop) => reads.customerName(shop, customer));
  nameCustomer: EngineCalls['nameCustomer'] = (customer, name) =>
    this.#held.read((shop) => reads.nameCustomer(shop, customer, name));
  customerPrices: EngineCalls['customerPrices'] = (customer) =>
    this.#held.read((shop) => reads.customerPrices(shop, customer));
  couponOffers: EngineCalls['couponOffers'] = (code) => this.#held.read((shop) => reads.couponOffers(shop, code));
  scan: EngineCalls['scan'] = (text) => this.#held.read((shop) => reads.scan(shop, text));
  shownEntitlement: EngineCalls['shownEntitlement'] = (url, answer) =>
    this.#held.read((shop) => reads.shownEntitlement(shop, url, answer));
  askWallet: EngineCalls['askWallet'] = (url) => this.#held.read((shop) => reads.askWallet(shop, url));
  returnTerms: EngineCalls['returnTerms'] = (customer) => this.#held.read((shop) => reads.returnTerms(shop, customer));
  newestDocument: EngineCalls['newestDocument'] = () => this.#held.readWhole(reads.newestDocument);
  countList: EngineCalls['countList'] = async () => {
    const list = await this.#held.readWhole(reads.countList);
    if (list.ok) await this.#held.count(true);
    return list;
  };
  endCount: EngineCalls['endCount'] = () => this.#held.count(false);
  deliveries: EngineCalls['deliveries'] = () => this.#held.readWhole(reads.deliveries);
  delivery: EngineCalls['delivery'] = (text) => this.#held.readWhole((shop) => reads.delivery(shop, text));
  vanCount: EngineCalls['vanCount'] = (request) => this.#held.read((shop) => reads.vanCount(shop, request));
  layaways: EngineCalls['layaways'] = () => this.#held.readWhole(reads.layaways);
  receipt: EngineCalls['receipt'] = (document) => this.#held.readWhole((shop) => reads.receipt(shop, document));
  stageOf: EngineCalls['stageOf'] = (document) => this.#held.read((shop) => reads.stageOf(shop, document));
  day: EngineCalls['day'] = (day, most) => this.#held.readWhole((shop) => reads.day(shop, day, most));
  drawerReport: EngineCalls['drawerReport'] = (session) =>
    this.#held.readWhole((shop) => reads.drawerReport(shop, session));
  findDocuments: EngineCalls['findDocuments'] = (text) =>
    this.#held.readWhole((shop) => reads.findDocuments(shop, text));
  status: EngineCalls['status'] = (most) => this.#held.read((shop) => reads.status(shop, most));
  seeCorrections: EngineCalls['seeCorrections'] = (ops) =>
    this.#held.note(async (shop) => {
      const { seeCorrections } = await import('./see-corrections.ts');
      await seeCorrections(shop, ops);
      return { ok: true, value: undefined };
    });
  chooseFiscalSeries: EngineCalls['chooseFiscalSeries'] = (use, series) =>
    this.#held.note(async (shop) =>
      (await chooseSeries(shop, use, series))
        ? { ok: true, value: undefined }
        : { ok: false, code: 'till/fiscal-series', message: series },
    );
  syncNow: EngineCalls['syncNow'] = () =>
    this.#held.read(async (shop) => {
      await shop.sync?.syncNow();
      return { ok: true, value: undefined };
    });

  /** The book as a file; where no book can be opened, the bytes of the log as they are. */
  exportLog: EngineCalls['exportLog'] = () => this.#held.handOut();
  /** Only a till whose log is damaged, and whose bytes a person was given. */
  startAnew: EngineCalls['startAnew'] = () => this.#held.beginAnew();

  rest: EngineCalls['rest'] = () => {
    // Not in turn: what is sealed already has only to be written, and nobody must wait for it.
    void this.#held.shop?.backup?.hide();
    this.#held.shop?.later.rest();
    return this.#held.inTurn(async () => {
      await this.#held.shop?.image.keep();
      return { ok: true, value: undefined };
    });
  };

  takeOver: EngineCalls['takeOver'] = async () => {
    this.#held.takeOver();
    return { ok: true, value: undefined };
  };
}

async function done(work: Promise<void> | undefined): Promise<Outcome<void>> {
  if (work === undefined) return noBook;
  await work;
  return { ok: true, value: undefined };
}

function skusOf(receipt: Receipt): readonly string[] {
  return receipt.lines.map((line) => line.sku);
}
