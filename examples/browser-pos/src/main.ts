// The page: shows what the book says, and asks for sales. It holds nothing of its own, so a reload loses nothing.
import { askToPersist, connectBook, type RemoteCommit } from '@tallystick/kernel/browser';
import { type SaleRow, salesQuery, type StockRow, stockQuery, type verbs } from './shop.ts';
import type { Actions } from './worker.ts';
import ShopWorker from './worker.ts?worker';

// `?book=ID` in the address makes this browser a till of that book; without it, it opens a book of its own. Either is remembered.
new ShopWorker({ name: new URLSearchParams(location.search).get('book') ?? '' }).addEventListener('error', (event) =>
  say(event.message),
);
const book = connectBook<typeof verbs, Actions>('pos');

const element = (id: string): HTMLElement => document.getElementById(id) as HTMLElement;
const say = (text: string): void => void (element('status').textContent = text);
const money = (minor: number): string => (minor / 100).toFixed(2);

async function show(): Promise<void> {
  const [stock, sales, status, storage] = await Promise.all([
    book.query<StockRow>(stockQuery),
    book.query<SaleRow>(salesQuery),
    book.status(),
    book.call('storage'),
  ]);
  element('stock').replaceChildren(...stock.map(stockRow));
  element('sales').replaceChildren(
    ...sales
      .map(({ till, sku, quantity, amountMinor }) => {
        const line = document.createElement('li');
        line.textContent = `${till}: ${quantity} ${sku}, ${money(amountMinor)}`;
        return line;
      })
      .reverse(),
  );
  const waiting = status.scopes.reduce((sum, { pending }) => sum + pending, 0);
  say(`${status.deviceName ?? 'not enrolled yet'}: ${waiting} waiting for a relay`);
  const facts = {
    Book: status.book,
    'Card of this till': `${status.device}.${status.publicKey}`,
    Storage: `${storage.kind}, ${storage.persisted ? 'kept' : 'may be evicted when space is short'}, ${Math.ceil(storage.usedBytes / 1024)} KiB`,
  };
  element('facts').replaceChildren(
    ...Object.entries(facts).flatMap(([name, value]) => {
      const [term, text] = [document.createElement('dt'), document.createElement('dd')];
      [term.textContent, text.textContent] = [name, value];
      return [term, text];
    }),
  );
}

function stockRow({ sku, name, priceMinor, onHand }: StockRow): HTMLElement {
  const row = document.createElement('tr');
  for (const text of [name, money(priceMinor), String(onHand)]) row.insertCell().textContent = text;
  const sell = document.createElement('button');
  sell.textContent = `Sell ${name}`;
  sell.addEventListener('click', () => attempt(() => book.commit('goods.sell', { sku, quantity: 1, priceMinor })));
  row.insertCell().append(sell);
  return row;
}

/** What was refused, or could not be stored, is said; otherwise the change itself shows. */
async function attempt(work: () => Promise<RemoteCommit | undefined>): Promise<void> {
  try {
    const commit = await work();
    if (commit?.ok === false) say(`${commit.code} ${JSON.stringify(commit.details)}`);
  } catch (error) {
    say(error instanceof Error ? error.message : String(error));
  }
}

function onSubmit(id: string, work: (fields: FormData) => Promise<RemoteCommit | undefined>): void {
  element(id).addEventListener('submit', (event) => {
    event.preventDefault();
    void attempt(() => work(new FormData(event.target as HTMLFormElement)));
  });
}

onSubmit('add', async (fields) => {
  const name = String(fields.get('name'));
  const sku = name.toLowerCase();
  void askToPersist();
  const priced = await book.commit('goods.price', {
    sku,
    name,
    priceMinor: Math.round(Number(fields.get('price')) * 100),
  });
  return priced.ok ? book.commit('goods.receive', { sku, quantity: Number(fields.get('quantity')) }) : priced;
});
onSubmit('relay', async (fields) => {
  await book.call('sync', String(fields.get('url')));
  return undefined;
});

onSubmit('prove', async () => {
  const { ok, ops, rows } = await book.call('prove');
  say(
    ok ? `The ${rows} rows are those of the ${ops} signed records.` : 'The rows are not those of the signed records!',
  );
  return undefined;
});

// A quiet moment to keep the rows, so that the next start need not fold the whole log.
document.addEventListener('visibilitychange', () => {
  if (document.hidden) void book.saveImage().catch(() => undefined);
});
book.subscribe(() => void show());
await show();
if (import.meta.env.PROD) await navigator.serviceWorker.register('/sw.js');
