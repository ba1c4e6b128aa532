// What this shop records: goods with a price, stock, and sales. Every till and the office run exactly these verbs.
import { defineVerb, refuse, registerTable, setTable, sumTable } from '@tallystick/kernel';
import { publicText } from '@tallystick/kernel/subjects';
import { z } from 'zod';

const goods = registerTable('goods', { key: { sku: 'text' }, columns: { name: 'text', priceMinor: 'integer' } });
const stock = sumTable('stock', { key: { sku: 'text' }, sums: ['onHand'] });
const sales = setTable('sales', {
  key: { id: 'text' },
  columns: { till: 'text', sku: 'text', quantity: 'integer', amountMinor: 'integer' },
});

const sku = z.string().regex(/^[\w-]{1,40}$/);
const quantity = z.int().min(1).max(100_000);
const priceMinor = z.int().min(0).max(10_000_000);

const price = defineVerb({
  name: 'goods.price',
  version: 1,
  roles: ['owner', 'manager'],
  tables: [goods],
  args: z.strictObject({ sku, name: publicText(z.string().min(1).max(80), 'of goods'), priceMinor }),
  plan: (_view, _op, args) => [goods.write(args)],
});

const receive = defineVerb({
  name: 'goods.receive',
  version: 1,
  roles: ['owner', 'manager', 'till'],
  tables: [stock],
  args: z.strictObject({ sku, quantity }),
  plan: (_view, _op, { sku, quantity }) => [stock.add({ sku }, { onHand: quantity })],
});

// The price is an argument: what the customer paid is recorded, whatever the price list says by the time others fold this.
const sell = defineVerb({
  name: 'goods.sell',
  version: 1,
  roles: ['owner', 'manager', 'till'],
  tables: [goods, stock, sales],
  args: z.strictObject({ sku, quantity, priceMinor }),
  plan: (view, op, { sku, quantity, priceMinor }) => {
    if (view.get(goods, { sku }) === undefined) return refuse('pos/unknown-goods', { sku });
    // Stock may go below zero: two tills that sell the last one apart from each other have both sold it.
    return [
      stock.add({ sku }, { onHand: -quantity }),
      sales.put({ id: op.id, till: view.author.name, sku, quantity, amountMinor: quantity * priceMinor }),
    ];
  },
});

export const verbs = [price, receive, sell] as const;

export type StockRow = {
  readonly sku: string;
  readonly name: string;
  readonly priceMinor: number;
  readonly onHand: number;
};
export const stockQuery = `
  SELECT goods.sku, name, priceMinor, coalesce(onHand, 0) AS onHand
  FROM goods LEFT JOIN stock USING (scope, sku) ORDER BY goods.sku`;

export type SaleRow = {
  readonly till: string;
  readonly sku: string;
  readonly quantity: number;
  readonly amountMinor: number;
};
export const salesQuery = 'SELECT till, sku, quantity, amountMinor FROM sales ORDER BY id';
