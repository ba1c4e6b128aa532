/** Verbs of a small business that ask the guards before they act, and the same verbs with the guards off. */
import { authorityTables, authorityVerbs, planSpending } from '@tallystick/guards';
import {
  dispatch,
  drawLease,
  leaseTables,
  leaseVerbs,
  owners,
  ownershipTables,
  ownershipVerbs,
} from '@tallystick/guards';
import { refuseUnlessOwner, refuseUnlessRules, refuseUnlessThere, ruleTables, ruleVerbs } from '@tallystick/guards';
import { defineVerb, registerTable, setTable, type Verb } from '@tallystick/kernel';
import { z } from 'zod';

/** What happened, by the verb that did it: `harm` is what should have been refused. */
const acts = setTable('acts', { key: { id: 'text' }, columns: { verb: 'text', of: 'text', amount: 'integer' } });
/** Rows that are known by what they say. */
const likenesses = registerTable('likenesses', { key: { of: 'text' }, columns: { amount: 'integer' } });

const text = z.string().regex(/^[!-?A-~]*$/);
const amount = z.int().min(1).max(100);
const anyone = ['owner', 'till', 'van', 'agent'] as const;
const common = { version: 1, roles: anyone } as const;

export function guardedVerbs(isGuarded: boolean): readonly Verb[] {
  const sell = defineVerb({
    ...common,
    name: 'shop.sell',
    // The role is the guard here.
    roles: isGuarded ? ['owner', 'till', 'van'] : anyone,
    tables: [acts, likenesses],
    args: z.strictObject({ of: text, amount }),
    plan: (_view, op, row) => (isGuarded ? [acts.put({ id: op.id, verb: 'sell', ...row })] : [likenesses.write(row)]),
  });
  const giveBack = defineVerb({
    ...common,
    name: 'shop.void',
    tables: [acts],
    args: z.strictObject({ of: text }),
    plan: (view, op, { of }) =>
      (isGuarded ? refuseUnlessThere(view, acts, { id: of }) : undefined) ?? [
        acts.put({ id: op.id, verb: 'void', of, amount: 1 }),
      ],
  });
  const give = defineVerb({
    ...common,
    name: 'job.give',
    tables: [...ownershipTables, acts],
    args: z.strictObject({ of: text, to: text }),
    plan: (view, op, { of, to }) => {
      const unasked = [owners.write({ entity: of, owner: to, since: op.hash, offer: '', offeredTo: '' })];
      const given = isGuarded ? dispatch(view, op, of, to) : unasked;
      return 'code' in given ? given : [...given, acts.put({ id: op.id, verb: 'give', of, amount: 1 })];
    },
  });
  const note = defineVerb({
    ...common,
    name: 'job.note',
    tables: [...ownershipTables, acts],
    args: z.strictObject({ of: text }),
    plan: (view, op, { of }) =>
      (isGuarded ? refuseUnlessOwner(view, op, of) : undefined) ?? [
        acts.put({ id: op.id, verb: 'note', of, amount: 1 }),
      ],
  });
  const take = defineVerb({
    ...common,
    name: 'stock.take',
    tables: [...leaseTables, acts],
    args: z.strictObject({ of: text, amount }),
    plan: (view, op, { of, amount }) => {
      const drawn = isGuarded ? drawLease(view, op, { lease: of, pool: 'seats', quantity: amount }) : [];
      return 'code' in drawn ? drawn : [...drawn, acts.put({ id: op.id, verb: 'take', of, amount })];
    },
  });
  const refund = defineVerb({
    ...common,
    name: 'refund.give',
    tables: [...ruleTables, acts],
    args: z.strictObject({ of: text, amount }),
    plan: (view, op, args) =>
      (isGuarded ? refuseUnlessRules(view, 'refund.give', { args }) : undefined) ?? [
        acts.put({ id: op.id, verb: 'refund', ...args }),
      ],
  });
  const buy = defineVerb({
    ...common,
    name: 'purchase.make',
    tables: [...authorityTables, acts],
    args: z.strictObject({ amount }),
    plan: (view, op, { amount }) => {
      const plan = { currency: 'GBP', amountMinor: amount, untilDay: '2026-11-23' };
      const planned = isGuarded ? planSpending(view, op, plan) : [];
      return 'code' in planned ? planned : [...planned, acts.put({ id: op.id, verb: 'buy', of: '', amount })];
    },
  });
  const domain = [sell, giveBack, give, note, take, refund, buy];
  return [...ownershipVerbs, ...leaseVerbs, ...ruleVerbs, ...authorityVerbs, ...domain] as readonly Verb[];
}
