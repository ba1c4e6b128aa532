// The engine in its worker: holds the log and the book while this tab may write, answers the page's calls, and tells it
// everything that changes.
import type { SyncReport } from '@tallystick/kernel';
import type { SqlJsStatic } from 'sql.js';
import { closeSession, faultOf, openSession, refund, sell, voidSale } from './actions.ts';
import { readCatalogue, readStock } from './catalogue.ts';
import { closedState } from './closed-state.ts';
import { findByKey, findByNumber, readDay, readReceipt } from './documents.ts';
import { codeOf, messageOf } from './link.ts';
import type { CallName, Notice } from './messages.ts';
import { describeShop, documentReader, type OpenShop } from './open-shop.ts';
import type { Outcome, Phase, Receipt, TillEngine, TillState } from './port.ts';
import { joinShop, openKnownShop, openOwnShop, type ShopPlace } from './shop-opening.ts';
import { createSingleWriter, type SingleWriter } from './single-writer.ts';
import { type LogFile, loadSqlite, openLogFile, readLogBytes } from './storage.ts';
import { openState, statusOf, waitingState } from './till-state.ts';

export type EngineCalls = Pick<TillEngine, CallName>;

const dayWatchMs = 30_000;
const noBook = { ok: false, code: 'till/no-book', message: 'The till is not open in this tab.' } as const;

export class TillHost implements EngineCalls {
  readonly #tell: (notice: Notice) => void;
  readonly #writer: SingleWriter;
  readonly #sqlite: Promise<SqlJsStatic> = loadSqlite();
  #phase: Exclude<Phase, { kind: 'open' }> = { kind: 'starting' };
  #logFile: LogFile | undefined;
  #shop: OpenShop | undefined;
  #storageFault: string | undefined;
  #catalogueCurrency = '';
  #queue: Promise<unknown> = Promise.resolve();

  constructor(tell: (notice: Notice) => void) {
    this.#tell = tell;
    this.#writer = createSingleWriter({
      write: (letGo) => this.#write(letGo),
      wait: (shown) => this.#tell({ kind: 'state', state: waitingState(shown) }),
    });
    // The business day turns without anybody doing anything.
    setInterval(() => this.#shop !== undefined && this.#tellState(), dayWatchMs);
    const networkChanged = (): void => this.#shop?.sync?.networkChanged();
    addEventListener('online', networkChanged);
    addEventListener('offline', networkChanged);
  }

  /** Everything this tab does while it is the one that writes. */
  async #write(letGo: Promise<void>): Promise<void> {
    try {
      this.#logFile = await openLogFile();
      this.#shop = await openKnownShop(await this.#place(this.#logFile));
      this.#phase = { kind: 'first-run' };
      this.#tellAll();
    } catch (error) {
      this.#fail(error);
    }
    await letGo;
    await this.#inTurn(() => this.#close());
  }

  async #close(): Promise<void> {
    this.#shop?.sync?.stop();
    if (this.#shop === undefined) this.#logFile?.log.close();
    else await this.#shop.book.close();
    this.#shop = undefined;
    this.#logFile = undefined;
    this.#phase = { kind: 'starting' };
  }

  async #place(logFile: LogFile): Promise<ShopPlace> {
    return { log: logFile.log, sqlite: await this.#sqlite, onSync: (report) => this.#synced(report) };
  }

  #fail(error: unknown): void {
    const code = codeOf(error) === '' ? 'till/failed' : codeOf(error);
    this.#phase = { kind: 'failed', code, message: messageOf(error) };
    this.#tellState();
  }

  #synced(report: SyncReport | undefined): void {
    if (this.#shop === undefined) return;
    if (report !== undefined && report.settled + report.refolded > 0) this.#tellCatalogue(this.#shop);
    this.#tellState();
  }

  #tellAll(): void {
    if (this.#shop !== undefined) this.#tellCatalogue(this.#shop);
    this.#tellState();
  }

  #tellState(): void {
    const state: TillState =
      this.#shop === undefined ? closedState(this.#phase) : openState(this.#shop, this.#storageFault);
    this.#tell({ kind: 'state', state });
    this.#writer.show(state);
  }

  #tellCatalogue(shop: OpenShop): void {
    this.#catalogueCurrency = describeShop(shop).currency;
    this.#tell({ kind: 'catalogue', products: readCatalogue(shop.book, shop.record.scope, this.#catalogueCurrency) });
  }

  #tellStock(shop: OpenShop, skus: readonly string[]): void {
    const levels = readStock(shop.book, shop.record.scope, this.#catalogueCurrency, skus);
    this.#tell({ kind: 'stock', levels });
  }

  /** One writing call at a time, in the order they were made. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#queue.then(work, work);
    this.#queue = turn.catch(() => undefined);
    return turn;
  }

  /** A call that writes: says afterwards how the till stands, and remembers a storage that failed. */
  #record<T>(
    work: (shop: OpenShop) => Promise<Outcome<T>>,
    touched?: (value: T) => readonly string[],
  ): Promise<Outcome<T>> {
    return this.#inTurn(async () => {
      const shop = this.#shop;
      if (shop === undefined) return noBook;
      const outcome = await work(shop);
      if (outcome.ok) this.#storageFault = undefined;
      else if (outcome.code === 'till/storage') this.#storageFault = outcome.message;
      if (outcome.ok && touched !== undefined) this.#tellStock(shop, touched(outcome.value));
      shop.sync?.nudge();
      this.#tellState();
      return outcome;
    });
  }

  async #read<T>(work: (shop: OpenShop) => Outcome<T> | Promise<Outcome<T>>): Promise<Outcome<T>> {
    return this.#shop === undefined ? noBook : work(this.#shop);
  }

  #enter(open: (place: ShopPlace) => Promise<Outcome<OpenShop>>): Promise<Outcome<void>> {
    return this.#inTurn(async () => {
      if (this.#logFile === undefined || this.#shop !== undefined) return noBook;
      try {
        const opened = await open(await this.#place(this.#logFile));
        if (!opened.ok) return opened;
        this.#shop = opened.value;
        this.#tellAll();
        return { ok: true, value: undefined };
      } catch (error) {
        return { ok: false, ...faultOf(error) };
      }
    });
  }

  join: EngineCalls['join'] = (request) => this.#enter((place) => joinShop(place, request));
  openAlone: EngineCalls['openAlone'] = (request) =>
    this.#enter(async (place) => ({ ok: true, value: await openOwnShop(place, request) }));

  sell: EngineCalls['sell'] = (request) => this.#record((shop) => sell(shop, request), skusOf);
  refund: EngineCalls['refund'] = (request) => this.#record((shop) => refund(shop, request), skusOf);
  voidSale: EngineCalls['voidSale'] = (request) => this.#record((shop) => voidSale(shop, request), skusOf);
  openSession: EngineCalls['openSession'] = (float) => this.#record((shop) => openSession(shop, float));
  closeSession: EngineCalls['closeSession'] = (counted) => this.#record((shop) => closeSession(shop, counted));

  findSale: EngineCalls['findSale'] = (key) =>
    this.#read((shop): Outcome<Receipt | undefined> => {
      const document = findByKey(documentReader(shop), key);
      return document === undefined ? { ok: true, value: undefined } : receiptOutcome(shop, document);
    });
  receipt: EngineCalls['receipt'] = (document) => this.#read((shop) => receiptOutcome(shop, document));
  day: EngineCalls['day'] = (day) => this.#read((shop) => ({ ok: true, value: readDay(documentReader(shop), day) }));
  findDocuments: EngineCalls['findDocuments'] = (text) =>
    this.#read((shop) => ({ ok: true, value: findByNumber(documentReader(shop), text) }));
  status: EngineCalls['status'] = () =>
    this.#read((shop) => ({ ok: true, value: statusOf(shop, this.#logFile?.file.size() ?? 0) }));
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
        const file = this.#logFile?.file;
        const bytes = file === undefined ? await readLogBytes() : file.read(0, file.size());
        return bytes === undefined ? noBook : { ok: true, value: bytes };
      } catch (error) {
        return { ok: false, ...faultOf(error) };
      }
    });

  takeOver: EngineCalls['takeOver'] = async () => {
    this.#writer.takeOver();
    return { ok: true, value: undefined };
  };
}

function skusOf(receipt: Receipt): readonly string[] {
  return receipt.lines.map((line) => line.sku);
}

function receiptOutcome(shop: OpenShop, document: string): Outcome<Receipt> {
  const receipt = readReceipt(documentReader(shop), document, describeShop(shop));
  if (receipt !== undefined) return { ok: true, value: receipt };
  return { ok: false, code: 'till/unknown-document', message: 'No such document here.' };
}
