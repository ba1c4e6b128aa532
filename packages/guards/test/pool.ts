/** Taking from pooled stock, by a lease and without one. */
import { defineVerb, type SumTable, sumTable, type Verb } from '@tallystick/kernel';
import { z } from 'zod';
import { drawLease, leaseTables, leaseVerbs } from '../src/index.ts';

const taken: SumTable<{ pool: 'text' }, 'quantity'> = sumTable('taken', { key: { pool: 'text' }, sums: ['quantity'] });

interface TakeArgs {
  readonly lease: string;
  readonly quantity: number;
}
const takes: z.ZodType<TakeArgs> = z.strictObject({ lease: z.string().regex(/^[!-?A-~]*$/), quantity: z.int() });
const take = (isGuarded: boolean): Verb =>
  defineVerb({
    name: 'stock.take',
    version: 1,
    roles: ['owner', 'till', 'van'],
    tables: [...leaseTables, taken],
    args: takes,
    plan: (view, op, { lease, quantity }: TakeArgs) => {
      const out = taken.add({ pool: 'seats' }, { quantity });
      if (!isGuarded) return [out];
      const drawn = drawLease(view, op, { lease, pool: 'seats', quantity });
      return 'code' in drawn ? drawn : [...drawn, out];
    },
  }) as Verb;

/** Takes several times by one op. */
const takeEach = defineVerb({
  name: 'stock.take-each',
  version: 1,
  roles: ['van'],
  tables: leaseTables,
  args: z.strictObject({ takes: z.array(takes) }),
  plan: (view, op, args) =>
    drawLease(
      view,
      op,
      args.takes.map((one) => ({ ...one, pool: 'seats' })),
    ),
});

export const poolVerbs: readonly Verb[] = [...leaseVerbs, take(true), takeEach] as readonly Verb[];
/** The guard is off: whoever wants takes. */
export const unguardedPoolVerbs: readonly Verb[] = [...leaseVerbs, take(false)] as readonly Verb[];
