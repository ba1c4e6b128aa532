// The smallest shop, for the suites that run in a worker of a browser.
import { publicText } from '@tallystick/erasure/marking';
import { defineVerb, sumTable } from '@tallystick/kernel';
import { z } from 'zod';

const stock = sumTable('stock', { key: { sku: 'text' }, sums: ['onHand'] });

export const verbs = [
  defineVerb({
    name: 'stock.move',
    version: 1,
    roles: ['owner'],
    tables: [stock],
    args: z.strictObject({ sku: publicText(z.string(), 'any name of goods'), quantity: z.int() }),
    plan: (_view, _op, { sku, quantity }) => [stock.add({ sku }, { onHand: quantity })],
  }),
] as const;
