/** Whatever is paid, handed out or paid back of papers whose device is lost stands, and meets them where a person adopts some of them. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { openLayaways } from '../src/index.ts';
import { type Apart, expectSound, openApart } from './apart.ts';
import { balancesOf, day, idOf, line } from './shop.ts';

const trade = { day, currency: 'GBP' } as const;
const cash = (amountMinor: number) => (amountMinor === 0 ? [] : [{ kind: 'cash', amountMinor } as const]);
const anyPaper = fc.record({
  /** Instalments of a layaway of 5.00. */
  paid: fc.array(fc.integer({ min: 1, max: 200 }), { maxLength: 2 }),
  end: fc.constantFrom('none', 'collect', 'cancel'),
  isAdopted: fc.boolean(),
});
type Paper = typeof anyPaper extends fc.Arbitrary<infer P> ? P : never;

interface Sums {
  /** What was taken for each layaway. */
  readonly taken: readonly number[];
  /** Of all, what was paid back. */
  readonly back: number;
}

/** Till 4 puts goods by and is lost; till 5, which knows of it, takes the money and ends what is to be ended. */
async function live({ office, tills: [lost, till], meet }: Apart, papers: readonly Paper[]): Promise<Sums> {
  const put = { ...trade, customer: 'c-1', taxIncluded: true, lines: [line()] };
  const layaways: string[] = [];
  for (const _ of papers) layaways.push(idOf(await lost.commit('layaway.open', put)));
  await till.import(await lost.export());
  const taken: number[] = [];
  let back = 0;
  for (const [index, { paid, end }] of papers.entries()) {
    const of = { layaway: layaways[index] as string, ...trade };
    let sum = 0;
    for (const minor of paid) {
      idOf(await till.commit('layaway.pay', { ...of, tenders: cash(minor) }));
      sum += minor;
    }
    if (end === 'collect') {
      idOf(await till.commit('layaway.collect', { ...of, tenders: cash(500 - sum) }));
      sum = 500;
    } else if (end === 'cancel') {
      idOf(await till.commit('layaway.cancel', { ...of, tenders: cash(sum), reason: 'moved away' }));
      back += sum;
    }
    taken.push(sum);
  }
  idOf(await office.commit('device.revoke', { device: lost.device, reason: 'lost' }));
  await meet(office, till, lost);
  return { taken, back };
}

it('what is paid of papers in quarantine stands, and is theirs once they are adopted', async () => {
  const met = { adopted: 0, waiting: 0, collect: 0, cancel: 0 };
  await fc.assert(
    fc.asyncProperty(fc.array(anyPaper, { minLength: 1, maxLength: 3 }), async (papers) => {
      const shop = await openApart(async () => {});
      const { office } = shop;
      const { taken, back } = await live(shop, papers);
      const all = taken.reduce((sum, minor) => sum + minor, 0);
      const expectStands = (): void => {
        const { 1000: drawer = 0, 1150: owed = 0, 2300: deposits = 0, ...others } = balancesOf(office);
        // Nobody but the till says that what it paid back was to be paid back: it owes it.
        expect([drawer, owed, deposits, others]).toEqual([all - back, back, 0 - all, {}]);
      };
      const isTills = 'SELECT verb FROM refusals WHERE device = ?';
      expect(office.query(isTills, [shop.tills[1].device])).toEqual([]);
      expectStands();
      await expectSound(shop);
      const waiting = [...office.quarantine()].sort((left, right) => (left.id < right.id ? -1 : 1));
      expect(waiting).toHaveLength(papers.length);
      for (const [index, { isAdopted, end }] of papers.entries()) {
        if (isAdopted) idOf(await office.commit('device.recover', { op: waiting[index]?.hash ?? '' }));
        met[isAdopted ? 'adopted' : 'waiting'] += 1;
        if (end !== 'none' && taken[index] !== 0) met[end] += 1;
      }
      const found = openLayaways(office).map(({ layaway, paidMinor }) => [layaway, paidMinor]);
      const adopted = papers.flatMap(({ isAdopted }, index) => (isAdopted ? [[waiting[index]?.id, taken[index]]] : []));
      expect(found.sort()).toEqual(adopted.sort());
      expectStands();
      await shop.meet(office);
      await expectSound(shop);
      await shop.close();
    }),
    {
      seed: 1,
      numRuns: 3,
      examples: [
        [
          [
            { paid: [100], end: 'collect', isAdopted: true },
            { paid: [150, 50], end: 'cancel', isAdopted: false },
          ],
        ],
      ],
    },
  );
  expect(Math.min(...Object.values(met))).toBeGreaterThan(0);
});
