// A fleet whose verbs are an integrator's own: they are typed, fold on every device, and go with the work of a shop.
import { defineVerb, sumTable } from '@tallystick/kernel';
import { nodeCrypto, nodeStore } from '@tallystick/kernel/node';
import { createFleet, play } from '@tallystick/testkit';
import { expect, it } from 'vitest';
import { z } from 'zod';

const tips = sumTable('tips', { key: { waiter: 'text' }, sums: ['amountMinor'] });
const tip = defineVerb({
  name: 'bar.tip',
  version: 1,
  roles: ['owner', 'till'],
  tables: [tips],
  args: z.strictObject({ waiter: z.string().regex(/^[!-?A-~]*$/), amountMinor: z.int() }),
  plan: (_view, _op, { waiter, amountMinor }) => [tips.add({ waiter }, { amountMinor })],
});

it('takes verbs of your own, and checks their names and args', async () => {
  const fleet = await createFleet({
    seed: 1,
    members: [
      { name: 'office', role: 'owner' },
      { name: 'bar', role: 'till' },
    ],
    store: () => nodeStore(':memory:'),
    crypto: nodeCrypto,
    verbs: [tip],
  });
  const [office, bar] = [fleet.book(0), fleet.book(1)];
  expect((await bar.commit('bar.tip', { waiter: 'ada', amountMinor: 250 })).ok).toBe(true);
  await play(fleet, 'shared').next({ kind: 'push', member: 1 });
  await fleet.settle();
  expect(office.query('SELECT waiter, amountMinor FROM tips')).toEqual([{ waiter: 'ada', amountMinor: 250 }]);
  expect(office.digest()).toEqual(bar.digest());
  // @ts-expect-error there is no such verb, neither here nor of a shop
  expect(await bar.commit('bar.round', {})).toMatchObject({ ok: false });
  // @ts-expect-error the amount is missing
  expect(await bar.commit('bar.tip', { waiter: 'ada' })).toMatchObject({ ok: false });
  await fleet.close();
});
