// The page's side of the engine: a dedicated worker behind the port.
import { closedState } from './closed-state.ts';
import type { Offer } from '../model/offers.ts';
import type { Notice, StockLevel } from './messages.ts';
import type { Product, TillEngine, TillState } from './port.ts';
import { openWorkerLine } from './worker-line.ts';

export function createWorkerEngine(): TillEngine {
  const stateListeners = new Set<(state: TillState) => void>();
  const catalogueListeners = new Set<(products: readonly Product[]) => void>();
  const offerListeners = new Set<(offers: readonly Offer[]) => void>();
  const troubleListeners = new Set<(trouble: string | undefined) => void>();
  let products: readonly Product[] = [];
  let isOpen = false;

  const tellCatalogue = (next: readonly Product[]): void => {
    products = keptSame(products, next);
    for (const listener of catalogueListeners) listener(products);
  };
  const tellState = (state: TillState): void => {
    isOpen = state.phase.kind === 'open';
    for (const listener of stateListeners) listener(state);
  };
  const tellTrouble = (trouble: string | undefined): void => {
    for (const listener of troubleListeners) listener(trouble);
  };
  const onNotice = (notice: Notice): void => {
    if (notice.kind === 'state') tellState(notice.state);
    else if (notice.kind === 'catalogue') tellCatalogue(notice.products);
    else if (notice.kind === 'offers') for (const listener of offerListeners) listener(notice.offers);
    else if (notice.kind === 'stock') tellCatalogue(withStock(products, notice.levels));
    else tellTrouble(notice.message);
  };
  const onError = (message: string): void => {
    if (isOpen) tellTrouble(message);
    else tellState(closedState({ kind: 'failed', code: 'till/engine-gone', message }));
  };
  const { ask } = openWorkerLine({ onNotice, onError });
  return {
    subscribe: (listener) => listen(stateListeners, listener),
    onCatalogue: (listener) => listen(catalogueListeners, listener),
    onOffers: (listener) => listen(offerListeners, listener),
    onTrouble: (listener) => listen(troubleListeners, listener),
    join: (request) => ask('join', request),
    openAlone: (request) => ask('openAlone', request),
    restore: (request) => ask('restore', request),
    lookAtBackup: (request) => ask('lookAtBackup', request),
    restoreBackup: (request) => ask('restoreBackup', request),
    makeBackup: () => ask('makeBackup'),
    backupTaken: (file) => ask('backupTaken', file),
    nameOpener: (opener) => ask('nameOpener', opener),
    nameBucket: (settings) => ask('nameBucket', settings),
    changeKey: (made) => ask('changeKey', made),
    goOnAsNew: (request) => ask('goOnAsNew', request),
    sell: (request) => ask('sell', request),
    refund: (request) => ask('refund', request),
    refundAsNote: (request) => ask('refundAsNote', request),
    exchange: (request) => ask('exchange', request),
    returnGoods: (request) => ask('returnGoods', request),
    voidSale: (request) => ask('voidSale', request),
    openSession: (floatMinor) => ask('openSession', floatMinor),
    closeSession: (request) => ask('closeSession', request),
    moveCash: (request) => ask('moveCash', request),
    openLayaway: (request) => ask('openLayaway', request),
    payLayaway: (request) => ask('payLayaway', request),
    collectLayaway: (request) => ask('collectLayaway', request),
    cancelLayaway: (request) => ask('cancelLayaway', request),
    scanSale: (request) => ask('scanSale', request),
    countGoods: (request) => ask('countGoods', request),
    payAccount: (request) => ask('payAccount', request),
    receiveGoods: (request) => ask('receiveGoods', request),
    lookUp: ((name, request) => ask('lookUp', name, request)) as TillEngine['lookUp'],
    findSale: (key) => ask('findSale', key),
    customer: (customer) => ask('customer', customer),
    customerName: (customer) => ask('customerName', customer),
    nameCustomer: (customer, name) => ask('nameCustomer', customer, name),
    customerPrices: (customer) => ask('customerPrices', customer),
    couponOffers: (code) => ask('couponOffers', code),
    scan: (text) => ask('scan', text),
    shownEntitlement: (url, answer) => ask('shownEntitlement', url, answer),
    askWallet: (url) => ask('askWallet', url),
    returnTerms: (customer) => ask('returnTerms', customer),
    newestDocument: () => ask('newestDocument'),
    countList: () => ask('countList'),
    endCount: () => ask('endCount'),
    deliveries: () => ask('deliveries'),
    delivery: (text) => ask('delivery', text),
    vanCount: (request) => ask('vanCount', request),
    layaways: () => ask('layaways'),
    receipt: (document) => ask('receipt', document),
    drawerReport: (session) => ask('drawerReport', session),
    day: (day, most) => ask('day', day, most),
    stageOf: (document) => ask('stageOf', document),
    findDocuments: (text) => ask('findDocuments', text),
    status: (most) => ask('status', most),
    chooseFiscalSeries: (use, series) => ask('chooseFiscalSeries', use, series),
    seeCorrections: (ops) => ask('seeCorrections', ops),
    syncNow: () => ask('syncNow'),
    exportLog: () => ask('exportLog'),
    startAnew: () => ask('startAnew'),
    rest: () => ask('rest'),
    takeOver: () => ask('takeOver'),
  };
}

function listen<T>(listeners: Set<(value: T) => void>, listener: (value: T) => void): () => void {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

/** What has not changed stays the same object, so that nobody draws it anew. */
function keptSame(before: readonly Product[], next: readonly Product[]): readonly Product[] {
  const known = new Map(before.map((product) => [product.sku, product]));
  return next.map((product) => {
    const same = known.get(product.sku);
    return same !== undefined && JSON.stringify(same) === JSON.stringify(product) ? same : product;
  });
}

function withStock(products: readonly Product[], levels: readonly StockLevel[]): readonly Product[] {
  const levelBySku = new Map(levels.map((level) => [level.sku, level.onHand]));
  return products.map((product) =>
    levelBySku.has(product.sku) ? { ...product, onHand: levelBySku.get(product.sku) } : product,
  );
}
