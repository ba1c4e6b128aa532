// The first release of a shop's verbs.
import { defineVerb, setTable, sumTable } from '@tallystick/kernel';
import { z } from 'zod';

const stock = sumTable('stock', { key: { sku: 'text' }, sums: ['onHand'] });
const sales = setTable('sales', {
  key: { id: 'text' },
  columns: { sku: 'text', quantity: 'integer', day: 'text' },
});

const sell1 = defineVerb({
  name: 'shop.sell',
  version: 1,
  roles: ['owner', 'till'],
  tables: [stock, sales],
  args: z.strictObject({ sku: z.string().regex(/^[\w-]+$/), quantity: z.int(), day: z.string().regex(/^[\w-]+$/) }),
  plan: (_view, op, args) => [
    sales.put({ id: op.id, ...args }),
    stock.add({ sku: args.sku }, { onHand: -args.quantity }),
  ],
});

export const verbs = [sell1];
