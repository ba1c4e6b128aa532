/** Refunds of sales, which obey the rules that an owner set; and the same verb that asks nobody. */
import { publicText } from '@tallystick/erasure/marking';
import { defineVerb, registerTable, type SetTable, setTable, type Verb } from '@tallystick/kernel';
import { z } from 'zod';
import { refuseUnlessRules, ruleTables, ruleVerbs } from '../src/index.ts';

const sales = registerTable('sales', { key: { sale: 'text' }, columns: { totalMinor: 'integer', note: 'text' } });
const refunds: SetTable<{ id: 'text' }, { sale: 'text'; amountMinor: 'integer' }> = setTable('refunds', {
  key: { id: 'text' },
  columns: { sale: 'text', amountMinor: 'integer' },
});

const sell = defineVerb({
  name: 'shop.sell',
  version: 1,
  roles: ['owner', 'till'],
  tables: [sales],
  args: z.strictObject({
    sale: publicText(z.string(), 'any name of goods'),
    totalMinor: z.int(),
    note: publicText(z.string(), 'any name of goods'),
  }),
  plan: (_view, _op, args) => [sales.write(args)],
});

interface RefundArgs {
  readonly sale: string;
  readonly amountMinor: number;
  readonly lines?: readonly { readonly sku: string; readonly quantity: number }[] | undefined;
}
const line = z.strictObject({ sku: publicText(z.string(), 'any name of goods'), quantity: z.int() });
const refund = (isGuarded: boolean): Verb =>
  defineVerb({
    name: 'refund.give',
    version: 1,
    roles: ['owner', 'till'],
    tables: [...ruleTables, sales, refunds],
    args: z.strictObject({
      sale: publicText(z.string(), 'any name of goods'),
      amountMinor: z.int(),
      lines: z.array(line).optional(),
    }),
    plan: (view, op, args: RefundArgs) => {
      const rows = { sale: view.get(sales, { sale: args.sale }) };
      const refusal = isGuarded ? refuseUnlessRules(view, 'refund.give', { args, rows }) : undefined;
      return refusal ?? [refunds.put({ id: op.id, sale: args.sale, amountMinor: args.amountMinor })];
    },
  }) as Verb;

export const refundVerbs: readonly Verb[] = [...ruleVerbs, sell, refund(true)] as readonly Verb[];
/** The guard is off: the verb asks no rule. */
export const unguardedRefundVerbs: readonly Verb[] = [...ruleVerbs, sell, refund(false)] as readonly Verb[];
