/** What one device may move, against a count on paper that is struck out at closes: who closes, how often, and what a device gains by it. */
import { defineVerb, type Verb } from '@tallystick/kernel';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createScene } from '../../guards/test/scene.ts';
import { dayAfter, deviceRoomList, ledgerTables, ledgerVerbs, maxDeviceMinor, post } from '../src/index.ts';
import { actOn, anything, gbp, type LawBook, newStore, openLedger } from './laws.ts';
import { exchange, joinReplica } from './replica.ts';

const take: Verb<'test.take', { amountMinor: number; day: string }> = defineVerb({
  name: 'test.take',
  version: 1,
  roles: ['owner', 'manager', 'till'],
  tables: ledgerTables,
  args: anything,
  plan: (view, op, { amountMinor, day }) =>
    post(view, op, { day, memo: '', lines: [gbp('1000', amountMinor), gbp('4000', 0 - amountMinor)] }),
});
const verbs = [...ledgerVerbs, take] as unknown as readonly Verb[];

const who = fc.constantFrom('owner' as const, 'manager' as const, 'till' as const);
const step = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('take' as const), by: who, part: fc.integer({ min: 1, max: 7 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('close' as const), by: who, days: fc.integer({ min: 1, max: 40 }) }),
  },
);

/** Two counts, each struck out by the closes that strike it out; and the months in which they were. */
class Paper {
  moved = { manager: 0, till: 0 };
  private months = { manager: '', till: '' };

  takes(by: 'owner' | 'manager' | 'till', amountMinor: number): string {
    if (by === 'owner') return 'ok';
    if (this.moved[by] + amountMinor > maxDeviceMinor) return 'ledger/device-total';
    this.moved[by] += amountMinor;
    return 'ok';
  }

  closes(by: 'owner' | 'manager', through: string): void {
    for (const whose of by === 'owner' ? (['manager', 'till'] as const) : (['till'] as const)) {
      if (this.months[whose] !== through.slice(0, 7)) this.moved[whose] = 0;
      this.months[whose] = through.slice(0, 7);
    }
  }
}

const later = (day: string, days: number): string =>
  Array.from({ length: days }).reduce<string>((on) => dayAfter(on) ?? on, day);

it('is counted from the last close that somebody else could answer for, month by month', async () => {
  let struck = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 8, maxLength: 24 }), async (steps) => {
      const { book: owner } = await openLedger(newStore(), verbs);
      const join = (role: 'manager' | 'till', seed: number) =>
        joinReplica(owner as never, {
          store: newStore(),
          verbs,
          role,
          deviceName: role,
          seed,
        }) as unknown as Promise<LawBook>;
      const books = { owner, manager: await join('manager', 3), till: await join('till', 4) };
      const paper = new Paper();
      let day = '2026-11-01';
      for (const { by, ...asked } of steps) {
        const act = actOn(books[by]);
        if (asked.kind === 'take') {
          const amountMinor = asked.part * 2e13;
          expect(await act('test.take', { amountMinor, day: later(day, 1) })).toBe(paper.takes(by, amountMinor));
        } else if (by === 'till') {
          expect(await act('period.close', { through: day, late: 'route' })).toBe('kernel/role');
        } else {
          day = later(day, asked.days);
          expect(await act('day.open', { day: later(day, 1) })).toBe('ok');
          expect(await act('period.close', { through: day, late: 'route' })).toBe('ok');
          const before = paper.moved.till;
          paper.closes(by, day);
          if (before > 0 && paper.moved.till === 0) struck += 1;
        }
        for (const other of [books.manager, books.till]) await exchange(owner, other);
        await exchange(owner, books.manager);
        const said = deviceRoomList(owner).map(({ movedMinor }) => movedMinor);
        expect(said).toEqual(
          Object.values(paper.moved)
            .filter((minor) => minor >= maxDeviceMinor / 2)
            .sort((a, b) => b - a),
        );
      }
      for (const book of Object.values(books)) expect(book.digest()).toEqual(owner.digest());
      for (const book of Object.values(books)) await book.close();
    }),
    { seed: 1, numRuns: 12 },
  );
  expect(struck).toBeGreaterThan(0);
});

it('is counted from the close before, late too, where the close that it was made on comes to nothing', async () => {
  const [office, manager, till] = [0, 1, 2] as const;
  const scene = await createScene(verbs, ['manager', 'till']);
  for (const [account, kind] of [
    ['1000', 'asset'],
    ['4000', 'income'],
  ])
    await scene.must(office, 'account.open', { account, kind, name: account });
  await scene.must(office, 'day.open', { day: '2026-11-02' });
  const amountMinor = 1.2e14;
  await scene.settle();
  await scene.must(till, 'test.take', { amountMinor, day: '2026-10-30' });
  await scene.settle();
  await scene.must(office, 'device.revoke', { device: scene.device(manager), reason: 'left' });
  await scene.must(manager, 'period.close', { through: '2026-10-31', late: 'route' });
  await scene.deliver(manager, till);
  await scene.must(till, 'test.take', { amountMinor, day: '2026-11-02' });
  await scene.sync(office);
  await scene.settle();
  expect(scene.refusedCodes()).toEqual(['kernel/revoked', 'ledger/device-total']);
  expect(deviceRoomList(scene.books[office]!)).toMatchObject([{ movedMinor: amountMinor, percent: 85 }]);
  await scene.close();
});
