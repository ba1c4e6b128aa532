// The shop as the worker holds it while this tab may write: opened from its log, lost and opened again, worked on by one call at a time, and told to the page
// whenever it may have changed. What the page may ask of it is in host.ts.
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
import { type Failed, faultOf, unknown } from './entry.ts';
import { codeOf, messageOf } from './link.ts';
import type { Notice } from './messages.ts';
import { describeShop, type OpenShop, readSession } from './open-shop.ts';
import { type Outcome, outcomeUnknown, type Phase, type TillState } from './port.ts';
import { loadScanner } from './scanning.ts';
import { openKnownShop, restoringNote, type ShopPlace } from './shop-opening.ts';
import { createSingleWriter, type SingleWriter } from './single-writer.ts';
import { emptiedLog, loadSqlite, openLog, readLog } from './storage.ts';
import { openState, waitingState } from './till-state.ts';

const dayWatchMs = 30_000;
export const noBook = { ok: false, code: 'till/no-book', message: 'The till is not open in this tab.' } as const;

export class HeldShop {
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
    setInterval(() => this.#shop !== undefined && this.show(() => this.#watchDay()), dayWatchMs);
    const networkChanged = (): void => this.#shop?.sync?.networkChanged();
    addEventListener('online', networkChanged);
    addEventListener('offline', networkChanged);
  }

  /** Undefined before it is opened, while it is opened again, and in a tab that may not write. */
  get shop(): OpenShop | undefined {
    return this.#shop;
  }

  get sqlite(): Promise<SqlJsStatic> {
    return this.#sqlite;
  }

  /** Resolves once the start has found a shop, or none. */
  get opened(): Promise<void> {
    return this.#opened.promise;
  }

  /** Everything this tab does while it is the one that writes. */
  async #write(letGo: Promise<void>): Promise<void> {
    try {
      this.#log = await openLog();
      if (this.#log.meta(restoringNote) === '1') this.#log = await emptiedLog(this.#log);
      this.#shop = await openKnownShop(await this.#place(this.#log));
      this.#phase = { kind: 'first-run' };
      this.tellAll();
    } catch (error) {
      this.#fail((await findDamage(this.#log)) ?? error);
    }
    this.#opened.resolve();
    void this.inTurn(async () => this.#shop?.image.opened());
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
    await this.inTurn(() => this.#close());
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
    await this.inTurn(async () => {
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
  async openAgain(): Promise<OpenShop> {
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

  /** Empties a log in which a backup that failed had begun to be put. */
  async dropBegun(): Promise<void> {
    if (this.#shop === undefined && this.#log?.meta(restoringNote) === '1') this.#log = await emptiedLog(this.#log);
  }

  async #place(log: BrowserLog): Promise<ShopPlace> {
    const onBackup = (): void => void (this.#shop !== undefined && this.show(() => this.tellState()));
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
    this.show(() => this.tellState());
    if (!this.#shop.later.isComing) void this.inTurn(async () => this.#shop?.image.keep());
  }

  #synced(report: SyncReport | undefined): void {
    const shop = this.#shop;
    if (shop === undefined) return;
    this.show(() => {
      if (report !== undefined) shop.progress.refresh();
      if (report !== undefined && report.refolded > 0) shop.sums.forget();
      // Somebody has settled what this van handed over.
      if (isCounting(shop) && describeShop(shop).isVan === true && readSession(shop) === undefined)
        void this.count(false);
      if (report !== undefined && report.settled + report.refolded > 0) this.#tellCatalogue(shop);
      this.tellState();
    });
  }

  /**
   * Tells the page how things stand. What is saved is saved whether or not that works, so its failure is told by itself, and the
   * next time everything is told anew.
   */
  show(tell: () => void): void {
    try {
      tell();
      if (!this.#isBehind) return;
      this.tellAll();
      this.#tell({ kind: 'trouble', message: undefined });
      this.#isBehind = false;
    } catch (error) {
      this.#isBehind = true;
      this.#tell({ kind: 'trouble', message: messageOf(error) });
    }
  }

  tellAll(): void {
    if (this.#shop !== undefined) this.#tellCatalogue(this.#shop);
    this.tellState();
  }

  #watchDay(): void {
    // Prices and offers begin and end on days.
    if (this.#shop !== undefined && dayOf(this.#shop) !== this.#catalogueDay) this.#tellCatalogue(this.#shop);
    this.tellState();
  }

  tellState(): void {
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

  tellStock(shop: OpenShop, skus: readonly string[]): void {
    const levels = readStock(shop, this.#catalogueCurrency, skus);
    this.#tell({ kind: 'stock', levels });
  }

  /** One writing call at a time, in the order they were made. */
  inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#queue.then(work, work);
    this.#queue = turn.catch(() => undefined);
    return turn;
  }

  /** Remembers a storage that failed, until something is written. */
  noteStorage(outcome: Outcome<unknown>): void {
    if (outcome.ok) this.#storageFault = undefined;
    else if (outcome.code === 'till/storage' || outcome.code === outcomeUnknown) this.#storageFault = outcome.message;
  }

  /** The open shop, opened again where it was lost: an answer about it must not rest on what could not be read. */
  async current(): Promise<Outcome<OpenShop>> {
    if (this.#shop !== undefined) return { ok: true, value: this.#shop };
    if (!this.#isLost) return noBook;
    try {
      const value = await this.openAgain();
      this.#storageFault = undefined;
      this.show(() => this.tellAll());
      return { ok: true, value };
    } catch (error) {
      return unknown(error);
    }
  }

  async read<T>(work: (shop: OpenShop) => Outcome<T> | Promise<Outcome<T>>): Promise<Outcome<T>> {
    if (this.#shop !== undefined) return work(this.#shop);
    // Being opened again, or to be.
    const shop = await this.inTurn(() => this.current());
    return shop.ok ? work(shop.value) : shop;
  }

  /** What reads of old documents waits for them, where they are still to come. */
  async whole(): Promise<Failed | undefined> {
    try {
      await this.#shop?.later.all();
      return undefined;
    } catch (error) {
      return { ok: false, code: 'till/rows', message: messageOf(error) };
    }
  }

  async readWhole<T>(work: (shop: OpenShop) => Outcome<T> | Promise<Outcome<T>>): Promise<Outcome<T>> {
    return (await this.whole()) ?? this.read(work);
  }

  /** Opens a shop where this device has none. */
  enter(open: (place: ShopPlace) => Promise<Outcome<OpenShop>>): Promise<Outcome<void>> {
    return this.inTurn(async () => {
      if (this.#log === undefined || this.#shop !== undefined) return noBook;
      try {
        const opened = await open(await this.#place(this.#log));
        if (!opened.ok) return opened;
        this.#shop = opened.value;
        this.show(() => this.tellAll());
        return { ok: true, value: undefined };
      } catch (error) {
        return { ok: false, ...faultOf(error) };
      }
    });
  }

  /** What changes who this till is. */
  change(work: (shop: OpenShop) => Promise<Outcome<void>>): Promise<Outcome<void>> {
    return this.inTurn(async () => {
      const shop = await this.current();
      if (!shop.ok) return shop;
      try {
        return await work(shop.value);
      } catch (error) {
        return { ok: false, ...faultOf(error) };
      } finally {
        this.show(() => this.tellAll());
        this.#shop?.sync?.nudge();
      }
    });
  }

  /** Whether goods are being counted, and so whether the screen says what there should be. */
  count(isNow: boolean): Promise<Outcome<void>> {
    return this.note(async (shop) => {
      if (await noteCounting(shop, isNow)) this.show(() => this.#tellCatalogue(shop));
      return { ok: true, value: undefined };
    });
  }

  /** What the till remembers beside its book. */
  note(work: (shop: OpenShop) => Promise<Outcome<void>>): Promise<Outcome<void>> {
    return this.inTurn(async () => {
      const shop = await this.current();
      if (!shop.ok) return shop;
      const done = await work(shop.value);
      this.show(() => this.tellState());
      return done;
    });
  }

  /** The book as a file; where no book can be opened, the bytes of the log as they are. */
  handOut(): Promise<Outcome<Uint8Array>> {
    return this.inTurn(async () => {
      try {
        if (this.#shop !== undefined) return { ok: true, value: await this.#shop.book.export() };
        const bytes = await (await readLog())?.arrayBuffer();
        this.#isHandedOut = bytes !== undefined;
        return bytes === undefined ? noBook : { ok: true, value: new Uint8Array(bytes) };
      } catch (error) {
        return { ok: false, ...faultOf(error) };
      }
    });
  }

  /** Puts a damaged log aside, whose bytes a person was given. */
  beginAnew(): Promise<Outcome<void>> {
    return this.inTurn(async () => {
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
      this.tellState();
      return { ok: true, value: undefined };
    });
  }

  /** Asks the tab that holds the log to let go of it. */
  takeOver(): void {
    this.#writer.takeOver();
  }
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
