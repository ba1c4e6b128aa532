/** What the tests of fiscal numbers share: a book with leases, and a program that writes any number at all. */
import { leaseExpire } from '@tallystick/guards';
import { saleComplete } from '../../src/index.ts';
import { verbs as shopVerbs } from '../shop.ts';

export const verbs: readonly [...typeof shopVerbs, typeof leaseExpire] = [...shopVerbs, leaseExpire];

/** A program that does not look at fiscal numbers: what it writes, others judge. */
export const careless: typeof verbs = verbs.map((verb) =>
  verb === saleComplete
    ? ({
        ...saleComplete,
        plan: (view, op, { fiscal: _, ...args }) => saleComplete.plan(view, op, args),
      } satisfies typeof saleComplete)
    : verb,
) as unknown as typeof verbs;
