// Whatever becomes of the line, of answers and of the process in the shop: every op gets to the home relay once, and each chain in its order.
import { type OpHash, type OpRecord, trustedRecord } from '@tallystick/oplog';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type Federation, openFederation } from './federation-desk.ts';
import { branch as shop, type Writer } from './fleet.ts';

type Step =
  | { readonly kind: 'line'; readonly state: 'up' | 'cut' | 'lost' }
  | { readonly kind: 'sell'; readonly till: number; readonly count: number; readonly isAtHome: boolean }
  | { readonly kind: 'exchange' | 'restart' };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('line'), state: fc.constantFrom('up', 'cut', 'cut', 'lost') }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('sell'),
      till: fc.nat(2),
      count: fc.integer({ min: 1, max: 3 }),
      isAtHome: fc.nat(4).map((dice) => dice === 0),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('exchange', 'restart') }) },
) as fc.Arbitrary<Step>;

/** The tills that a client is for hand in all that has no position yet, as a device does with every sync. */
async function sell(
  federation: Federation,
  near: Federation['branch'],
  till: Till,
  { count, isAtHome }: Extract<Step, { kind: 'sell' }>,
): Promise<void> {
  till.pending.push(...till.writer.writeMany(count, { scope: shop }));
  const client = isAtHome ? federation.home.client : near.client;
  const { results } = await client.push(federation.fleet.book, shop, till.pending);
  const settled = new Set(results.filter(({ position }) => position !== undefined).map(({ hash }) => hash));
  till.pending = till.pending.filter(({ hash }) => !settled.has(hash));
  for (const { hash, verdict } of results) if (verdict === 'kept') till.kept.add(hash);
}

interface Till {
  readonly writer: Writer;
  pending: OpRecord[];
  /** What the relay in the shop answered for: the till may burn down. */
  readonly kept: Set<OpHash>;
}

it('loses nothing and doubles nothing', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 12, maxLength: 24 }), async (steps) => {
      const federation = await openFederation();
      const { home, fleet, line } = federation;
      const enrolled = [0, 1, 2].map((index) => fleet.enrol(`till ${index}`, 'till', fleet.root, shop));
      await home.push(
        fleet.book,
        enrolled.map(({ enrolment }) => enrolment),
        shop,
      );
      const tills = enrolled.map(({ writer }): Till => ({ writer, pending: [], kept: new Set() }));
      let near = federation.branch;
      await near.link.exchange();
      for (const each of steps) {
        if (each.kind === 'line') line.state = each.state;
        if (each.kind === 'sell') await sell(federation, near, tills[each.till] as Till, each);
        if (each.kind === 'exchange') await near.link.exchange().catch(() => undefined);
        if (each.kind === 'restart') near = federation.another();
      }
      line.state = 'up';
      await expect
        .poll(() =>
          near.link.exchange().then(
            () => 'joined',
            () => 'away',
          ),
        )
        .toBe('joined');
      for (const { pending, kept } of tills)
        await near.client.push(
          fleet.book,
          shop,
          pending.filter(({ hash }) => !kept.has(hash)),
        );
      await near.link.exchange();
      const records = (await home.store.records(fleet.book, shop, 0, 10_000)).map((bytes) =>
        trustedRecord(bytes, '' as OpHash),
      );
      for (const { writer } of tills) {
        const seqs = records.filter(({ op }) => op.device === writer.key.device).map(({ op }) => op.seq);
        expect(seqs).toEqual(seqs.map((_, index) => index + 1));
        expect(writer.write({ scope: shop }).op.seq).toBe(seqs.length + 1);
      }
      expect(await near.outbox.summary(fleet.book)).toMatchObject({ waiting: 0, acknowledged: 0, refused: 0 });
      expect(await near.store.log(fleet.book, shop)).toEqual(await home.store.log(fleet.book, shop));
    }),
    { numRuns: Number(process.env['PROPERTY_RUNS'] ?? 6) },
  );
}, 60_000);
