// The second one: what was sold by day, of the old sales too, and a version that keeps the buyer.
import { defineVerb, registerTable, setTable, sumTable } from '@tallystick/kernel';
import { z } from 'zod';

const stock = sumTable('stock', { key: { sku: 'text' }, sums: ['onHand'] });
const soldByDay = sumTable('soldByDay', { key: { day: 'text' }, sums: ['quantity'], derived: true });
const lastBuyers = registerTable('lastBuyers', { key: { sku: 'text' }, columns: { buyer: 'text' } });
const sales = setTable('sales', {
  key: { id: 'text' },
  columns: { sku: 'text', quantity: 'integer', day: 'text' },
  derive: ({ day, quantity }) => [soldByDay.add({ day: String(day) }, { quantity: Number(quantity) })],
});

const args = z.strictObject({
  sku: z.string().regex(/^[\w-]+$/),
  quantity: z.int(),
  day: z.string().regex(/^[\w-]+$/),
});
const tables = [stock, sales, soldByDay];
const effectsOf = (op, sale) => [
  sales.put({ id: op.id, ...sale }),
  stock.add({ sku: sale.sku }, { onHand: -sale.quantity }),
];

const sell1 = defineVerb({
  name: 'shop.sell',
  version: 1,
  roles: ['owner', 'till'],
  tables,
  args,
  plan: (_view, op, sale) => effectsOf(op, sale),
});
const sell2 = defineVerb({
  name: 'shop.sell',
  version: 2,
  roles: ['owner', 'till'],
  tables: [...tables, lastBuyers],
  args: args.extend({ buyer: z.string().regex(/^[\w-]+$/) }),
  plan: (_view, op, { buyer, ...sale }) => [...effectsOf(op, sale), lastBuyers.write({ sku: sale.sku, buyer })],
});

export const verbs = [sell1, sell2];
