/** Purchases of an agent, held by an account with a limit, and by nothing but a limit of each purchase. */
import { defineVerb, setTable, type Verb } from '@tallystick/kernel';
import { z } from 'zod';
import { authorityTables, authorityVerbs, planSpending, voidSpending } from '../src/index.ts';

const purchases = setTable('purchases', { key: { id: 'text' }, columns: { amountMinor: 'integer' } });
/** What each single purchase may come to where the guard is off: the limit of these tests. */
const LIMIT = 100;

const buy = (isGuarded: boolean): Verb =>
  defineVerb({
    name: 'purchase.make',
    version: 1,
    roles: ['owner', 'agent'],
    tables: [...authorityTables, purchases],
    args: z.strictObject({ amountMinor: z.int().max(LIMIT) }),
    plan: (view, op, { amountMinor }: { amountMinor: number }) => {
      const bought = purchases.put({ id: op.id, amountMinor });
      if (!isGuarded) return [bought];
      const planned = planSpending(view, op, { currency: 'GBP', amountMinor, untilDay: '2026-11-23' });
      return 'code' in planned ? planned : [...planned, bought];
    },
  }) as Verb;

/** Does what it should do once twice: plans, or takes a plan back. */
const twice = defineVerb({
  name: 'purchase.twice',
  version: 1,
  roles: ['agent'],
  tables: authorityTables,
  args: z.strictObject({ plan: z.string().regex(/^[!-?A-~]*$/) }),
  plan: (view, op, { plan }) => {
    const half = { currency: 'GBP', amountMinor: 60, untilDay: '2026-11-23' };
    const once = plan === '' ? planSpending(view, op, half) : voidSpending(view, op, plan);
    return 'code' in once ? once : [...once, ...once];
  },
});

export const spendVerbs: readonly Verb[] = [...authorityVerbs, buy(true), twice] as readonly Verb[];
/** The guard is off. */
export const unguardedSpendVerbs: readonly Verb[] = [...authorityVerbs, buy(false)] as readonly Verb[];
