/** What is put by for whom, what was paid for it, and how it ended. The goods and their prices are lines of the document that opened it. */
import {
  type RegisterTable,
  registerTable,
  type SetTable,
  setTable,
  type SumTable,
  sumTable,
} from '@tallystick/kernel';

type Text = 'text';
type Int = 'integer';

/** What is paid of a layaway and stands on customer deposits; nought once it has ended. */
export const layawayPaid: SumTable<{ layaway: Text }, 'paidMinor'> = sumTable('layawayPaid', {
  key: { layaway: 'text' },
  sums: ['paidMinor'],
});

/** Layaways that have ended, by which op of which device; `outcome` is collected or cancelled. */
export const layawayEnds: SetTable<{ layaway: Text }, { outcome: Text; by: Text; device: Text }> = setTable(
  'layawayEnds',
  { key: { layaway: 'text' }, columns: { outcome: 'text', by: 'text', device: 'text' } },
);

/** What of a sku is put by, in the product's unit scale. It is part of on-hand until it is collected. */
export const reserved: SumTable<{ sku: Text }, 'quantity'> = sumTable('reserved', {
  key: { sku: 'text' },
  sums: ['quantity'],
});

/** In `hq`: what may be kept of a layaway that is cancelled, by currency. */
export const layawayPolicies: RegisterTable<{ currency: Text }, { mostFeeMinor: Int }> = registerTable(
  'layawayPolicies',
  { key: { currency: 'text' }, columns: { mostFeeMinor: 'integer' } },
);
