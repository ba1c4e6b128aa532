// The till on a command line. Every call opens the book, does one thing and closes it, so each is a restart as well.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Book, type Commit, openBook } from '@tallystick/kernel';
import { nodeStore } from '@tallystick/kernel/node';
import { parseBookId } from '@tallystick/oplog';
import { createRelayClient } from '@tallystick/relay-protocol';
import { type SaleRow, salesQuery, type StockRow, stockQuery, verbs } from './shop.ts';

type ShopBook = Book<typeof verbs>;

const usage = `usage: node dist/pos.js [--data FOLDER] COMMAND
  price SKU MINOR NAME   sets a price, in cents or pence
  receive SKU QUANTITY   takes goods in
  sell SKU QUANTITY      sells at the price that is set
  stock, sales, status   what is there, what was sold, how safe it is
  prove                  folds the log afresh and compares every row
  sync URL               exchanges with a relay
  book, card             this book's id; this till's card, for the office
  enroll CARD NAME       the office lets a till in
  join BOOK              a new till, in a new folder`;

/** What each command does, and the lines it prints. */
const commands: Record<string, (book: ShopBook, args: readonly string[]) => Promise<readonly unknown[]>> = {
  price: async (book, [sku = '', minor, name = '']) =>
    said(
      await book.commit('goods.price', { sku, name, priceMinor: Number(minor) }),
      `${name} costs ${money(Number(minor))}`,
    ),
  receive: async (book, [sku = '', quantity]) =>
    said(await book.commit('goods.receive', { sku, quantity: Number(quantity) }), `received ${quantity} ${sku}`),
  sell: async (book, [sku = '', quantity]) => {
    const priceMinor = book.query<StockRow>(stockQuery).find((row) => row.sku === sku)?.priceMinor ?? 0;
    const sold = await book.commit('goods.sell', { sku, quantity: Number(quantity), priceMinor });
    return said(sold, `sold ${quantity} ${sku}: ${money(Number(quantity) * priceMinor)}`);
  },
  stock: async (book) =>
    book
      .query<StockRow>(stockQuery)
      .map(({ sku, name, priceMinor, onHand }) => `${sku}  ${name}  ${money(priceMinor)}  ${onHand} on hand`),
  sales: async (book) =>
    book
      .query<SaleRow>(salesQuery)
      .map(({ till, sku, quantity, amountMinor }) => `${till}: ${quantity} ${sku}, ${money(amountMinor)}`),
  status: async (book) => {
    const { role, deviceName, scopes } = book.status();
    const waiting = book.pendingOps().length;
    return [
      `${deviceName ?? 'not enrolled yet'} (${role ?? 'no role'}): ${scopes[0]?.settled ?? 0} settled, ${waiting} waiting for a relay`,
    ];
  },
  prove: async (book) => {
    const { ok, problems } = await book.prove(nodeStore(':memory:'));
    return ok ? ['the rows are the fold of the log'] : problems.map(({ table, row, why }) => `${table} ${row}: ${why}`);
  },
  sync: async (book, [url = '']) => {
    const { pushed, settled } = await book.sync(createRelayClient({ url, retry: { attempts: 6 } }));
    return [`handed in ${pushed}, ${settled} settled`];
  },
  book: async (book) => [book.id],
  card: async (book) => [`${book.device}.${book.status().publicKey}`],
  enroll: async (book, [card = '', name = '']) => {
    const [device = '', key = ''] = card.split('.');
    return said(await book.commit('device.enroll', { device, key, name, role: 'till' }), `${name} may sell`);
  },
  join: async (book) => [`joined ${book.id.slice(0, 8)}: the office enrolls this till's card`],
};

function said(commit: Commit, done: string): readonly string[] {
  if (!commit.ok) throw new Error(`${commit.code} ${JSON.stringify(commit.details)}`);
  return [done];
}

function money(minor: number): string {
  return (minor / 100).toFixed(2);
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { data: { type: 'string', default: 'office' } },
});
const [name = '', ...args] = positionals;
const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
if (command === undefined) {
  console.error(usage);
  process.exit(2);
}
const joined = name === 'join' ? parseBookId(args[0]) : undefined;
if (name === 'join' && joined === undefined) throw new Error('`join` takes the id that `book` prints in the office');
mkdirSync(values.data, { recursive: true });
const book = await openBook({
  store: nodeStore(join(values.data, 'shop.db')),
  verbs,
  name: 'Corner shop',
  ...(joined === undefined ? {} : { book: joined }),
});
try {
  for (const line of await command(book, args)) console.log(line);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
} finally {
  await book.close();
}
