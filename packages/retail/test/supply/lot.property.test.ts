/** A lot is always all somewhere, whatever was bought, sold, taken back, broken, sent and lost: place by place, against plain counters. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Scene } from '../../../guards/test/scene.ts';
import { provenance, recall } from '../../src/supply.ts';
import { line } from '../shop.ts';
import { depot, head, idOf, mugs, office, openChain, other, receipt, shop } from './chain.ts';

const scopes = [depot, other, shop] as const;
const anyAct = fc.record({
  kind: fc.constantFrom('buy', 'buy', 'sell', 'void', 'break', 'send', 'send', 'arrive', 'arrive'),
  scope: fc.constantFrom(...scopes),
  to: fc.constantFrom(...scopes),
  which: fc.nat({ max: 9 }),
  quantity: fc.integer({ min: 1, max: 9 }),
  lost: fc.nat({ max: 3 }),
});
type Act = typeof anyAct extends fc.Arbitrary<infer A> ? A : never;

class Paper {
  readonly onHand = new Map<string, number>();
  readonly lost = new Map<string, number>();
  readonly sales: { readonly scope: string; readonly id: string; readonly quantity: number }[] = [];
  readonly away: { readonly transfer: string; readonly to: string; readonly quantity: number }[] = [];
  origins = 0;
  traded = 0;
  broken = 0;
  hops = 0;

  move(scope: string, quantity: number): void {
    this.onHand.set(scope, (this.onHand.get(scope) ?? 0) + quantity);
  }
}

async function act(scene: Scene, paper: Paper, lot: string, { kind, scope, to, which, ...rest }: Act): Promise<void> {
  const book = scene.books[office]!;
  const { quantity } = rest;
  const perform = async (verb: string, args: object, where: string = scope): Promise<string> =>
    idOf(book, await scene.must(office, verb, args, where));
  if (kind === 'buy') {
    await perform('stock.receive', { ...head, reference: 'D', lines: [mugs(quantity, { lot })] });
    paper.move(scope, quantity);
    paper.origins += quantity;
  } else if (kind === 'sell') {
    const tenders = [{ kind: 'card', amountMinor: 500 * quantity }];
    const lines = [line({ quantity, lot })];
    const id = await perform('sale.complete', { ...head, taxIncluded: true, lines, tenders });
    paper.sales.push({ scope, id, quantity });
    paper.move(scope, 0 - quantity);
    paper.traded -= quantity;
  } else if (kind === 'void') {
    const [sale] = paper.sales.splice(which % Math.max(1, paper.sales.length), 1);
    if (sale === undefined) return;
    await perform('sale.void', { document: sale.id, day: head.day, reason: 'recalled' }, sale.scope);
    paper.move(sale.scope, sale.quantity);
    paper.traded += sale.quantity;
  } else if (kind === 'break') {
    const lines = [{ sku: 'MUG', name: 'Mug', quantity: 0 - quantity, unitPriceMilliMinor: 0, lot }];
    await perform('stock.adjust', { ...head, lines, reason: 'broken' });
    paper.move(scope, 0 - quantity);
    paper.broken -= quantity;
  } else if (kind === 'send' && to !== scope) {
    const transfer = await perform('transfer.dispatch', { ...head, to, lines: [mugs(quantity, { lot })] });
    paper.away.push({ transfer, to, quantity });
    paper.move(scope, 0 - quantity);
    paper.hops += 1;
  } else if (kind === 'arrive') {
    const [one] = paper.away.splice(which % Math.max(1, paper.away.length), 1);
    if (one === undefined) return;
    const came = Math.max(0, one.quantity - rest.lost);
    await perform('transfer.receive', receipt(book, one.transfer, [came]), one.to);
    paper.move(one.to, came);
    paper.lost.set(one.to, (paper.lost.get(one.to) ?? 0) + one.quantity - came);
    paper.hops += 1;
  }
}

function rows(of: ReadonlyMap<string, number>): object[] {
  const some = [...of].filter(([, quantity]) => quantity !== 0).toSorted(([left], [right]) => (left < right ? -1 : 1));
  return some.map(([scope, quantity]) => ({ scope, sku: 'MUG', quantity }));
}

const sum = (moves: readonly { readonly quantity: number }[]): number =>
  moves.reduce((all, { quantity }) => all + quantity, 0);

const one = { scope: depot, to: shop, which: 0, quantity: 5, lost: 2 } as const;
/** Five come, are sent on, three arrive; one is sold, one is on its way again. */
const journey: Act[] = [
  { ...one, kind: 'buy' },
  { ...one, kind: 'send' },
  { ...one, kind: 'arrive' },
  { ...one, kind: 'sell', scope: shop, quantity: 1 },
  { ...one, kind: 'send', scope: shop, to: other, quantity: 1 },
];

it('a lot is found in every place, and what came in of it is what all places come to', async () => {
  const scene = await openChain();
  const met = { sold: 0, lost: 0, away: 0 };
  let number = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(anyAct, { minLength: 4, maxLength: 14 }), async (acts) => {
      const paper = new Paper();
      const lot = `L-${(number += 1)}`;
      for (const one of acts) await act(scene, paper, lot, one);
      const found = recall(scene.books[office]!, lot);
      const away = new Map<string, number>();
      for (const { to, quantity } of paper.away) away.set(to, (away.get(to) ?? 0) + quantity);
      expect(found.onHand).toEqual(rows(paper.onHand));
      expect(found.inTransit).toEqual(rows(away));
      expect(found.lost.filter(({ quantity }) => quantity !== 0)).toEqual(rows(paper.lost));
      expect([sum(found.trade), sum(found.corrections)]).toEqual([paper.traded, paper.broken]);
      const { origins, transfers } = provenance(scene.books[office]!, lot);
      expect([sum(origins), transfers.length]).toEqual([paper.origins, paper.hops]);
      const everywhere = sum(found.onHand) + sum(found.inTransit) + sum(found.lost);
      expect(everywhere - sum(found.trade) - sum(found.corrections)).toBe(sum(origins));
      met.sold -= paper.traded;
      met.lost += sum(found.lost);
      met.away += sum(found.inTransit);
    }),
    { seed: 1, numRuns: 15, examples: [[journey]] },
  );
  expect(Math.min(met.sold, met.lost, met.away)).toBeGreaterThan(0);
  await scene.close();
}, 60_000);
