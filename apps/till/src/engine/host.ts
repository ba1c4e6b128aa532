// The engine in its worker: holds the log and the book while this tab may write, answers the page's calls, and tells it
// everything that changes.
import { loadParts, type SyncReport } from '@tallystick/kernel';
import type { BrowserLog } from '@tallystick/kernel/browser';
import { promotionsInForce } from '@tallystick/retail';
import type { SqlJsStatic } from 'sql.js';
import { businessDay } from '../model/business-day.ts';
import { isDamage } from '../model/log-faults.ts';
import { readCatalogue, readStock } from './catalogue.ts';
import { closedState } from './closed-state.ts';
import { loadEntitlements } from './entitlements.ts';
import { isCounting, noteCounting } from './counting.ts';
import { entries } from './entries.ts';
import { type Entry, enter, type Failed, faultOf, lookUp, unknown } from './entry.ts';
import { chooseSeries } from './fiscal.ts';
import { codeOf, messageOf } from './link.ts';
import type { CallName, EntryName, Notice } from './messages.ts';
import { describeShop, type OpenShop, readSession } from './open-shop.ts';
import {
  type Outcome,
  outcomeUnknown,
  type Phase,
  type Receipt,
  type SaleRequest,
  type Saved,
  type TillEngine,
  type TillState,
} from './port.ts';
import { reads } from './reads.ts';
import { loadScanner } from './scanning.ts';
import {
  type Found,
  joinShop,
  openKnownShop,
  openOwnShop,
  restoreFromBackup,
  restoreShop,
  restoringNote,
  type ShopPlace,
} from './shop-opening.ts';
import { createSingleWriter, type SingleWriter } from './single-writer.ts';
import { emptiedLog, loadSqlite, openLog, readLog } from './storage.ts';
import { openState, waitingState } from './till-state.ts';

export type EngineCalls = Pick<TillEngine, CallName>;

const dayWatchMs = 30_000;
/** How long somebody who asks what became of an entry waits for the book to be open. */
const openingMs = 10_000;
/** They read nothing of old documents, where nobody says otherwise. */
const atOnce: ReadonlySet<unknown> = new Set([entries.sell, entries.openSession]);
const isAtOnce = (entry: unknown, request: unknown): boolean =>
  atOnce.has(entry) && (request as Partial<SaleRequest> | undefined)?.isOlderThanBook !== true;
const noBook = { ok: false, code: 'till/no-book', message: 'The till is not open in this tab.' } as const;

export class TillHost implements EngineCalls {
  readonly #tell: (notice: Notice) => void;
  readonly #writer: SingleWriter;
  readonly #sqlite: Promise<SqlJsStatic> = loadSqlite();
  #phase: Exclude<Phase, { kind: 'open' }> = { kind: 'starting' };
  #log: BrowserLog | undefined;
  #shop: OpenShop | undefined;
  /** The book was let go of after a failed write, and could not be opened again yet. */
  #isLost = false;
  #opened = Promise.withResolvers<void>();
  #storageFault: string | undefined;
  /** The bytes of a log that does not open were given out. */
  #isHandedOut = false;
  #isBehind = false;
  /** The backup that was looked at last. */
  #found: Found | undefined;
  #catalogueCurrency = '';
  #catalogueDay = '';
  #queue: Promise<unknown> = Promise.resolve();

  constructor(tell: (notice: Notice) => void) {
    this.#tell = tell;
    this.#writer = createSingleWriter({
      write: (letGo) => this.#write(letGo),
      wait: (shown) => this.#tell({ kind: 'state', state: waitingState(shown) }),
    });
    // The business day turns without anybody doing anything.
    setInterval(() => this.#shop !== undefined && this.#show(() => this.#watchDay()), dayWatchMs);
    const networkChanged = (): void => this.#shop?.sync?.networkChanged();
    addEventListener('online', networkChanged);
    addEventListener('offline', networkChanged);
  }

  /** Everything this tab does while it is the one that writes. */
  async #write(letGo: Promise<void>): Promise<void> {
    try {
      this.#log = await openLog();
      if (this.#log.meta(restoringNote) === '1') this.#log = await emptiedLog(this.#log);
      this.#shop = await openKnownShop(await this.#place(this.#log));
      this.#phase = { kind: 'first-run' };
      this.#tellAll();
    } catch (error) {
      this.#fail((await findDamage(this.#log)) ?? error);
    }
    this.#opened.resolve();
    void this.#inTurn(async () => this.#shop?.image.opened());
    // Another tab may take up a new version, whose files take the place of those that this one has not asked for yet.
    void loadParts().catch(() => undefined);
    void loadScanner().catch(() => undefined);
    void loadEntitlements().catch(() => undefined);
    void import('./till-status.ts').catch(() => undefined);
    void import('./drawer-report.ts').catch(() => undefined);
    void import('./find-documents.ts').catch(() => undefined);
    void import('./put-aside.ts').catch(() => undefined);
    void this.#recheck();
    await letGo;
    await this.#inTurn(() => this.#close());
  }

  #fail(error: unknown): void {
    const code = codeOf(error) === '' ? 'till/failed' : codeOf(error);
    this.#phase = { kind: 'failed', code, message: messageOf(error) };
    this.#isHandedOut = false;
    this.#tellPage(closedState(this.#phase));
  }

  /** A till whose log is damaged does not go on, whether or not its start had to read that part. */
  async #recheck(): Promise<void> {
    const log = this.#log;
    const damage = await findDamage(log);
    if (damage === undefined) return;
    await this.#inTurn(async () => {
      // The damage of a file that was let go of meanwhile is that it cannot be read any more.
      if (this.#shop === undefined || this.#log !== log) return;
      await this.#close();
      this.#opened.resolve();
      this.#fail(damage);
    });
  }

  async #close(): Promise<void> {
    this.#shop?.sync?.stop();
    this.#shop?.backup?.stop();
    this.#shop?.later.stop();
    if (this.#shop === undefined) await this.#log?.close();
    else await this.#shop.book.close();
    this.#shop = undefined;
    this.#isLost = false;
    this.#log = undefined;
    this.#phase = { kind: 'starting' };
    this.#opened = Promise.withResolvers();
  }

  /** Lets go of the book and folds it again from its log: what is there then is what was saved. */
  async #openAgain(): Promise<OpenShop> {
    this.#shop?.sync?.stop();
    this.#shop?.backup?.stop();
    this.#shop?.later.stop();
    await this.#shop?.book.close().catch(() => undefined);
    await this.#log?.close();
    this.#shop = undefined;
    this.#log = undefined;
    this.#isLost = true;
    const log = await openLog();
    try {
      this.#shop = await openKnownShop(await this.#place(log));
    } finally {
      if (this.#shop === undefined) await log.close();
    }
    if (this.#shop === undefined) throw new Error('the log on this device names no shop any more');
    this.#log = log;
    this.#isLost = false;
    // This start, too, may have passed something over.
    void this.#recheck();
    return this.#shop;
  }

  async #dropBegun(): Promise<void> {
    if (this.#shop === undefined && this.#log?.meta(restoringNote) === '1') this.#log = await emptiedLog(this.#log);
  }

  async #place(log: BrowserLog): Promise<ShopPlace> {
    const onBackup = (): void => void (this.#shop !== undefined && this.#show(() => this.#tellState()));
    return {
      log,
      sqlite: await this.#sqlite,
      onSync: (report) => this.#synced(report),
      onBackup,
      onRows: () => this.#rowsCame(),
    };
  }

  #rowsCame(): void {
    if (this.#shop === undefined) return;
    this.#show(() => this.#tellState());
    if (!this.#shop.later.isComing) void this.#inTurn(async () => this.#shop?.image.keep());
  }

  #synced(report: SyncReport | undefined): void {
    const shop = this.#shop;
    if (shop === undefined) return;
    this.#show(() => {
      if (report !== undefined) shop.progress.refresh();
      if (report !== undefined && report.refolded > 0) shop.sums.forget();
      // Somebody has settled what this van handed over.
      if (isCounting(shop) && describeShop(shop).isVan === true && readSession(shop) === undefined)
        void this.#count(false);
      if (report !== undefined && report.settled + report.refolded > 0) this.#tellCatalogue(shop);
      this.#tellState();
    });
  }

  /**
   * Tells the page how things stand. What is saved is saved whether or not that works, so its failure is told by itself, and the
   * next time everything is told anew.
   */
  #show(tell: () => void): void {
    try {
      tell();
      if (!this.#isBehind) return;
      this.#tellAll();
      this.#tell({ kind: 'trouble', message: undefined });
      this.#isBehind = false;
    } catch (error) {
      this.#isBehind = true;
      this.#tell({ kind: 'trouble', message: messageOf(error) });
    }
  }

  #tellAll(): void {
    if (this.#shop !== undefined) this.#tellCatalogue(this.#shop);
    this.#tellState();
  }

  #watchDay(): void {
    // Prices and offers begin and end on days.
    if (this.#shop !== undefined && dayOf(this.#shop) !== this.#catalogueDay) this.#tellCatalogue(this.#shop);
    this.#tellState();
  }

  #tellState(): void {
    this.#tellPage(this.#shop === undefined ? closedState(this.#phase) : openState(this.#shop, this.#storageFault));
  }

  #tellPage(state: TillState): void {
    this.#tell({ kind: 'state', state });
    this.#writer.show(state);
  }

  #tellCatalogue(shop: OpenShop): void {
    this.#catalogueCurrency = describeShop(shop).currency;
    this.#catalogueDay = dayOf(shop);
    this.#tell({ kind: 'offers', offers: promotionsInForce(shop.book, { day: this.#catalogueDay }) });
    this.#tell({ kind: 'catalogue', products: readCatalogue(shop, this.#catalogueCurrency) });
  }

  #tellStock(shop: OpenShop, skus: readonly string[]): void {
    const levels = readStock(shop, this.#catalogueCurrency, skus);
    this.#tell({ kind: 'stock', levels });
  }

  /** One writing call at a time, in the order they were made. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#queue.then(work, work);
    this.#queue = turn.catch(() => undefined);
    return turn;
  }

  /** An entry: writes it, says how the till stands, and remembers a storage that failed. */
  async #record<Request, Shown>(
    entry: Entry<Request, Shown>,
    request: Request,
    touched?: (shown: Shown) => readonly string[],
  ): Promise<Outcome<Saved<Shown>>> {
    const missing = isAtOnce(entry, request) ? undefined : await this.#whole();
    if (missing !== undefined) return missing;
    return this.#inTurn(async () => {
      const before = await this.#current();
      if (!before.ok) return before;
      const outcome = await enter(entry, request, before.value, () => this.#openAgain());
      if (outcome.ok) this.#storageFault = undefined;
      else if (outcome.code === 'till/storage' || outcome.code === outcomeUnknown) this.#storageFault = outcome.message;
      const shop = this.#shop;
      // A book that is lost shows what it showed last.
      if (shop === undefined) return outcome;
      this.#show(() => {
        if (outcome.ok) shop.progress.wrote(outcome.value.id);
        if (shop !== before.value) return this.#tellAll();
        if (outcome.ok && outcome.value.shown !== undefined && touched !== undefined)
          this.#tellStock(shop, touched(outcome.value.shown));
        this.#tellState();
      });
      shop.sync?.nudge();
      shop.backup?.entered();
      shop.later.entered();
      return outcome;
    });
  }

  /** The open shop, opened again where it was lost: an answer about it must not rest on what could not be read. */
  async #current(): Promise<Outcome<OpenShop>> {
    if (this.#shop !== undefined) return { ok: true, value: this.#shop };
    if (!this.#isLost) return noBook;
    try {
      const value = await this.#openAgain();
      this.#storageFault = undefined;
      this.#show(() => this.#tellAll());
      return { ok: true, value };
    } catch (error) {
      return unknown(error);
    }
  }

  async #read<T>(work: (shop: OpenShop) => Outcome<T> | Promise<Outcome<T>>): Promise<Outcome<T>> {
    if (this.#shop !== undefined) return work(this.#shop);
    // Being opened again, or to be.
    const shop = await this.#inTurn(() => this.#current());
    return shop.ok ? work(shop.value) : shop;
  }

  /** What reads of old documents waits for them, where they are still to come. */
  async #whole(): Promise<Failed | undefined> {
    try {
      await this.#shop?.later.all();
      return undefined;
    } catch (error) {
      return { ok: false, code: 'till/rows', message: messageOf(error) };
    }
  }

  async #readWhole<T>(work: (shop: OpenShop) => Outcome<T> | Promise<Outcome<T>>): Promise<Outcome<T>> {
    return (await this.#whole()) ?? this.#read(work);
  }

  #enter(open: (place: ShopPlace) => Promise<Outcome<OpenShop>>): Promise<Outcome<void>> {
    return this.#inTurn(async () => {
      if (this.#log === undefined || this.#shop !== undefined) return noBook;
      try {
        const opened = await open(await this.#place(this.#log));
        if (!opened.ok) return opened;
        this.#shop = opened.value;
        this.#show(() => this.#tellAll());
        return { ok: true, value: undefined };
      } catch (error) {
        return { ok: false, ...faultOf(error) };
      }
    });
  }

  /** What changes who this till is. */
  #change(work: (shop: OpenShop) => Promise<Outcome<void>>): Promise<Outcome<void>> {
    return this.#inTurn(async () => {
      const shop = await this.#current();
      if (!shop.ok) return shop;
      try {
        return await work(shop.value);
      } catch (error) {
        return { ok: false, ...faultOf(error) };
      } finally {
        this.#show(() => this.#tellAll());
        this.#shop?.sync?.nudge();
      }
    });
  }

  /** Whether goods are being counted, and so whether the screen says what there should be. */
  #count(isNow: boolean): Promise<Outcome<void>> {
    return this.#note(async (shop) => {
      if (await noteCounting(shop, isNow)) this.#show(() => this.#tellCatalogue(shop));
      return { ok: true, value: undefined };
    });
  }

  /** What the till remembers beside its book. */
  #note(work: (shop: OpenShop) => Promise<Outcome<void>>): Promise<Outcome<void>> {
    return this.#inTurn(async () => {
      const shop = await this.#current();
      if (!shop.ok) return shop;
      const done = await work(shop.value);
      this.#show(() => this.#tellState());
      return done;
    });
  }

  join: EngineCalls['join'] = (request) => this.#enter((place) => joinShop(place, request));
  openAlone: EngineCalls['openAlone'] = (request) =>
    this.#enter(async (place) => ({ ok: true, value: await openOwnShop(place, request) }));
  restore: EngineCalls['restore'] = (request) => this.#enter((place) => restoreShop(place, request));
  lookAtBackup: EngineCalls['lookAtBackup'] = async (request) => {
    const { lookAtBackup } = await import('./backup-restore.ts');
    const found = await lookAtBackup(request, await this.#sqlite);
    this.#found = found.ok ? found.value.chosen : undefined;
    return found.ok ? { ok: true, value: found.value.shown } : found;
  };
  restoreBackup: EngineCalls['restoreBackup'] = async (request) => {
    const outcome = await this.#enter((place) => restoreFromBackup(place, this.#found, request));
    // The next start is as quick as any then; without it the rows of the backup are read again.
    if (outcome.ok) void this.#inTurn(async () => this.#shop?.book.saveImage().catch(() => undefined));
    // What was begun would be taken for a shop by the next attempt.
    else await this.#inTurn(() => this.#dropBegun());
    return outcome;
  };
  makeBackup: EngineCalls['makeBackup'] = () => this.#read(async ({ backup }) => (await backup?.makeFile()) ?? noBook);
  backupTaken: EngineCalls['backupTaken'] = (file) => this.#change(async ({ backup }) => done(backup?.taken(file)));
  nameOpener: EngineCalls['nameOpener'] = (opener) =>
    this.#change(async ({ backup }) => done(backup?.nameOpener(opener)));
  nameBucket: EngineCalls['nameBucket'] = (settings) =>
    this.#read(async ({ backup }) => (await backup?.nameBucket(settings)) ?? noBook);
  changeKey: EngineCalls['changeKey'] = (made) =>
    this.#change(async (shop) => (await import('./key-life.ts')).changeKey(shop, made));
  /** Everything that counts by device is read anew. */
  goOnAsNew: EngineCalls['goOnAsNew'] = (request) =>
    this.#change(async (shop) => {
      const { goOnAsNew } = await import('./key-life.ts');
      const outcome = await goOnAsNew(shop, request);
      await this.#openAgain();
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
    if (outcome.ok) await this.#count(false);
    return outcome;
  };
  receiveGoods: EngineCalls['receiveGoods'] = (request) =>
    this.#record(entries.receiveGoods, request, ({ skus }) => skus);
  payAccount: EngineCalls['payAccount'] = (request) => this.#record(entries.payAccount, request);

  /** Waits for the book of a worker that has just been started. */
  lookUp: EngineCalls['lookUp'] = (async (name: EntryName, request: unknown) => {
    await Promise.race([this.#opened.promise, new Promise((resolve) => setTimeout(resolve, openingMs))]);
    const missing = isAtOnce(entries[name], request) ? undefined : await this.#whole();
    if (missing !== undefined) return unknown(missing.message);
    return this.#inTurn(async () => {
      const shop = await this.#current();
      if (!shop.ok) return unknown(shop.message);
      return lookUp<never, unknown>(entries[name], request as never, shop.value);
    });
  }) as EngineCalls['lookUp'];

  findSale: EngineCalls['findSale'] = (key) => this.#readWhole((shop) => reads.findSale(shop, key));
  customer: EngineCalls['customer'] = (customer) => this.#read((shop) => reads.customer(shop, customer));
  customerName: EngineCalls['customerName'] = (customer) => this.#read((shop) => reads.customerName(shop, customer));
  nameCustomer: EngineCalls['nameCustomer'] = (customer, name) =>
    this.#read((shop) => reads.nameCustomer(shop, customer, name));
  customerPrices: EngineCalls['customerPrices'] = (customer) =>
    this.#read((shop) => reads.customerPrices(shop, customer));
  couponOffers: EngineCalls['couponOffers'] = (code) => this.#read((shop) => reads.couponOffers(shop, code));
  scan: EngineCalls['scan'] = (text) => this.#read((shop) => reads.scan(shop, text));
  shownEntitlement: EngineCalls['shownEntitlement'] = (url, answer) =>
    this.#read((shop) => reads.shownEntitlement(shop, url, answer));
  askWallet: EngineCalls['askWallet'] = (url) => this.#read((shop) => reads.askWallet(shop, url));
  returnTerms: EngineCalls['returnTerms'] = (customer) => this.#read((shop) => reads.returnTerms(shop, customer));
  newestDocument: EngineCalls['newestDocument'] = () => this.#readWhole(reads.newestDocument);
  countList: EngineCalls['countList'] = async () => {
    const list = await this.#readWhole(reads.countList);
    if (list.ok) await this.#count(true);
    return list;
  };
  endCount: EngineCalls['endCount'] = () => this.#count(false);
  deliveries: EngineCalls['deliveries'] = () => this.#readWhole(reads.deliveries);
  delivery: EngineCalls['delivery'] = (text) => this.#readWhole((shop) => reads.delivery(shop, text));
  vanCount: EngineCalls['vanCount'] = (request) => this.#read((shop) => reads.vanCount(shop, request));
  layaways: EngineCalls['layaways'] = () => this.#readWhole(reads.layaways);
  receipt: EngineCalls['receipt'] = (document) => this.#readWhole((shop) => reads.receipt(shop, document));
  stageOf: EngineCalls['stageOf'] = (document) => this.#read((shop) => reads.stageOf(shop, document));
  day: EngineCalls['day'] = (day, most) => this.#readWhole((shop) => reads.day(shop, day, most));
  drawerReport: EngineCalls['drawerReport'] = (session) => this.#readWhole((shop) => reads.drawerReport(shop, session));
  findDocuments: EngineCalls['findDocuments'] = (text) => this.#readWhole((shop) => reads.findDocuments(shop, text));
  status: EngineCalls['status'] = (most) => this.#read((shop) => reads.status(shop, most));
  seeCorrections: EngineCalls['seeCorrections'] = (ops) =>
    this.#note(async (shop) => {
      const { seeCorrections } = await import('./see-corrections.ts');
      await seeCorrections(shop, ops);
      return { ok: true, value: undefined };
    });
  chooseFiscalSeries: EngineCalls['chooseFiscalSeries'] = (use, series) =>
    this.#note(async (shop) =>
      (await chooseSeries(shop, use, series))
        ? { ok: true, value: undefined }
        : { ok: false, code: 'till/fiscal-series', message: series },
    );
  syncNow: EngineCalls['syncNow'] = () =>
    this.#read(async (shop) => {
      await shop.sync?.syncNow();
      return { ok: true, value: undefined };
    });

  /** The book as a file; where no book can be opened, the bytes of the log as they are. */
  exportLog: EngineCalls['exportLog'] = () =>
    this.#inTurn(async () => {
      try {
        if (this.#shop !== undefined) return { ok: true, value: await this.#shop.book.export() };
        const bytes = await (await readLog())?.arrayBuffer();
        this.#isHandedOut = bytes !== undefined;
        return bytes === undefined ? noBook : { ok: true, value: new Uint8Array(bytes) };
      } catch (error) {
        return { ok: false, ...faultOf(error) };
      }
    });

  /** Only a till whose log is damaged, and whose bytes a person was given. */
  startAnew: EngineCalls['startAnew'] = () =>
    this.#inTurn(async () => {
      if (this.#phase.kind !== 'failed' || !isDamage(this.#phase.code) || !this.#isHandedOut) return noBook;
      try {
        await this.#log?.close();
        this.#log = undefined;
        await (await import('./put-aside.ts')).putLogAside(Date.now());
        this.#log = await openLog();
      } catch (error) {
        return { ok: false, ...faultOf(error) };
      }
      this.#phase = { kind: 'first-run' };
      this.#tellState();
      return { ok: true, value: undefined };
    });

  rest: EngineCalls['rest'] = () => {
    // Not in turn: what is sealed already has only to be written, and nobody must wait for it.
    void this.#shop?.backup?.hide();
    this.#shop?.later.rest();
    return this.#inTurn(async () => {
      await this.#shop?.image.keep();
      return { ok: true, value: undefined };
    });
  };

  takeOver: EngineCalls['takeOver'] = async () => {
    this.#writer.takeOver();
    return { ok: true, value: undefined };
  };
}

/** Reads what the start passed over, bit by bit so that nobody has to wait for it. */
async function findDamage(log: BrowserLog | undefined): Promise<unknown> {
  try {
    for (const _ of log?.recheck() ?? []) await new Promise((resolve) => setTimeout(resolve));
    return undefined;
  } catch (damage) {
    return damage;
  }
}

function dayOf(shop: OpenShop): string {
  return businessDay(new Date(), readSession(shop)?.openedDay);
}

async function done(work: Promise<void> | undefined): Promise<Outcome<void>> {
  if (work === undefined) return noBook;
  await work;
  return { ok: true, value: undefined };
}

function skusOf(receipt: Receipt): readonly string[] {
  return receipt.lines.map((line) => line.sku);
}
