// The page's side of the engine: a dedicated worker behind the port. A worker that dies answers every open call with a
// failure, so nothing on the screen waits for ever.
import { closedState } from './closed-state.ts';
import type { Answer, Call, CallName, FromWorker, StockLevel } from './messages.ts';
import type { Outcome, Product, TillEngine, TillState } from './port.ts';

export function createWorkerEngine(): TillEngine {
  const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module', name: 'tallystick-till' });
  const waiting = new Map<number, (outcome: Outcome<unknown>) => void>();
  const stateListeners = new Set<(state: TillState) => void>();
  const catalogueListeners = new Set<(products: readonly Product[]) => void>();
  let products: readonly Product[] = [];
  let lastState: TillState | undefined;
  let calls = 0;

  const tellCatalogue = (next: readonly Product[]): void => {
    products = next;
    for (const listener of catalogueListeners) listener(next);
  };
  const tellState = (state: TillState): void => {
    lastState = state;
    for (const listener of stateListeners) listener(state);
  };
  worker.onmessage = ({ data }: MessageEvent<FromWorker>) => {
    if ('call' in data) answer(waiting, data);
    else if (data.kind === 'state') tellState(data.state);
    else if (data.kind === 'catalogue') tellCatalogue(data.products);
    else tellCatalogue(withStock(products, data.levels));
  };
  worker.onerror = (event) => {
    const code = 'till/engine-gone';
    const message = event.message;
    for (const [call] of waiting) answer(waiting, { call, outcome: { ok: false, code, message } });
    if (lastState?.phase.kind !== 'open') tellState(closedState({ kind: 'failed', code, message }));
  };

  const ask = <T>(name: CallName, ...args: readonly unknown[]): Promise<Outcome<T>> => {
    calls += 1;
    const call: Call = { call: calls, name, args };
    return new Promise((resolve) => {
      waiting.set(call.call, resolve as (outcome: Outcome<unknown>) => void);
      worker.postMessage(call);
    });
  };
  return {
    subscribe: (listener) => listen(stateListeners, listener),
    onCatalogue: (listener) => listen(catalogueListeners, listener),
    join: (request) => ask('join', request),
    openAlone: (request) => ask('openAlone', request),
    sell: (request) => ask('sell', request),
    refund: (request) => ask('refund', request),
    voidSale: (request) => ask('voidSale', request),
    openSession: (floatMinor) => ask('openSession', floatMinor),
    closeSession: (countedMinor) => ask('closeSession', countedMinor),
    findSale: (key) => ask('findSale', key),
    receipt: (document) => ask('receipt', document),
    day: (day) => ask('day', day),
    findDocuments: (text) => ask('findDocuments', text),
    status: () => ask('status'),
    syncNow: () => ask('syncNow'),
    exportLog: () => ask('exportLog'),
    takeOver: () => ask('takeOver'),
  };
}

function answer(waiting: Map<number, (outcome: Outcome<unknown>) => void>, { call, outcome }: Answer): void {
  const resolve = waiting.get(call);
  waiting.delete(call);
  resolve?.(outcome);
}

function listen<T>(listeners: Set<(value: T) => void>, listener: (value: T) => void): () => void {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

function withStock(products: readonly Product[], levels: readonly StockLevel[]): readonly Product[] {
  const levelBySku = new Map(levels.map((level) => [level.sku, level.onHand]));
  return products.map((product) =>
    levelBySku.has(product.sku) ? { ...product, onHand: levelBySku.get(product.sku) } : product,
  );
}
