/** The one-way circle by example: what branches sell is derived at head office, ordered, sent and counted in. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Scene } from '../../../guards/test/scene.ts';
import { dispatchesDue, inTransit, replenishment, transferOrdersDue } from '../../src/supply.ts';
import { line } from '../shop.ts';
import {
  branch,
  depot,
  head,
  idOf,
  manager,
  mugs,
  office,
  openChain,
  other,
  receipt,
  shop,
  stockIn,
  warehouse,
} from './chain.ts';

describe('replenishment', () => {
  let scene: Scene;
  const level = (rest: object) => ({ branch: shop, sku: 'MUG', minimum: 4, maximum: 10, source: depot, ...rest });
  const proposals = () =>
    replenishment(scene.books[office]!).map(({ branch: to, sku, onHand, onItsWay, wanted, quantity }) => [
      to,
      sku,
      onHand,
      onItsWay,
      wanted,
      quantity,
    ]);
  const sell = (scope: string, quantity: number) =>
    scene.must(
      branch,
      'sale.complete',
      {
        ...head,
        taxIncluded: true,
        lines: [line({ quantity })],
        tenders: [{ kind: 'card', amountMinor: 500 * quantity }],
      },
      scope,
    );
  const orderAll = async (): Promise<number> => {
    const due = transferOrdersDue(scene.books[office]!, head);
    for (const args of due) await scene.must(office, 'transfer.order', args);
    await scene.settle();
    return due.length;
  };
  beforeAll(async () => {
    scene = await openChain();
    await scene.must(warehouse, 'stock.receive', { ...head, reference: 'D', lines: [mugs(15)] }, depot);
    for (const to of [shop, other]) {
      await scene.must(branch, 'stock.receive', { ...head, reference: 'D', lines: [mugs(10)] }, to);
      await scene.must(office, 'stock.level', level({ branch: to }));
    }
    await scene.settle();
  });
  afterAll(() => scene.close());

  it('proposes nothing while there is enough', async () => {
    await sell(shop, 6);
    await scene.settle();
    expect(proposals()).toEqual([]);
    expect(await orderAll()).toBe(0);
  });

  it('fills up what fell below its minimum, and shares out what there is', async () => {
    await sell(shop, 3);
    await sell(other, 10);
    await scene.settle();
    expect(proposals()).toEqual([
      [shop, 'MUG', 1, 0, 9, 7],
      [other, 'MUG', 0, 0, 10, 8],
    ]);
  });

  it('is ordered once, sent and counted in', async () => {
    expect(await orderAll()).toBe(2);
    expect(proposals()).toEqual([]);
    expect(await orderAll()).toBe(0);
    const due = dispatchesDue(scene.books[warehouse]!, { scope: depot, ...head });
    expect(due).toMatchObject([
      { to: shop, round: 1, lines: [{ sku: 'MUG', quantity: 7, unitCostMilliMinor: 200_000 }] },
      { to: other, round: 1, lines: [{ sku: 'MUG', quantity: 8 }] },
    ]);
    const sent: string[] = [];
    for (const args of due)
      sent.push(await idOf(scene.books[warehouse]!, await scene.must(warehouse, 'transfer.dispatch', args, depot)));
    await scene.settle();
    expect(dispatchesDue(scene.books[warehouse]!, { scope: depot, ...head })).toEqual([]);
    expect(proposals()).toEqual([]);
    for (const [index, to] of [shop, other].entries())
      await scene.must(branch, 'transfer.receive', receipt(scene.books[branch]!, sent[index]!, [[7], [8]][index]!), to);
    await scene.settle();
    const book = scene.books[office]!;
    expect([depot, shop, other].map((scope) => stockIn(book, scope))).toEqual([{}, { MUG: 8 }, { MUG: 8 }]);
    expect(inTransit(book)).toEqual([]);
    expect(proposals()).toEqual([]);
  });

  it('is ordered once by two offices that do not hear of each other', async () => {
    await sell(shop, 8);
    await scene.must(warehouse, 'stock.receive', { ...head, reference: 'D', lines: [mugs(40)] }, depot);
    await scene.settle();
    const [args] = transferOrdersDue(scene.books[office]!, head);
    expect(args).toMatchObject({ round: 2, lines: [{ quantity: 10 }] });
    for (const device of [office, manager]) await scene.must(device, 'transfer.order', args!);
    await scene.settle();
    expect(scene.refusedCodes()).toEqual(['retail/bad-round']);
    expect(proposals()).toEqual([]);
  });

  it('may be taken back, and is refused where it does not fit', async () => {
    const order = { ...head, from: depot, to: shop, round: 2, lines: [{ sku: 'MUG', name: 'Mug', quantity: 1 }] };
    const send = (rest: object) =>
      scene.commit(warehouse, 'transfer.dispatch', { ...head, to: shop, lines: [mugs(1)], ...rest }, depot);
    expect(await send({ round: 1 })).toBe('retail/order-fulfilled');
    expect(await send({ round: 3 })).toBe('retail/no-transfer-order');
    const back = { from: depot, to: shop, round: 2, reason: 'closed' };
    expect(await scene.commit(office, 'transfer.cancel', back)).toBe('ok');
    expect(await scene.commit(office, 'transfer.cancel', back)).toBe('retail/order-cancelled');
    expect(await scene.commit(office, 'transfer.cancel', { ...back, round: 9 })).toBe('retail/no-transfer-order');
    await scene.settle();
    expect(await send({ round: 2 })).toBe('retail/order-cancelled');
    expect(proposals()).toEqual([[shop, 'MUG', 0, 0, 10, 10]]);
    const answers: readonly [string, object, string?][] = [
      ['transfer.order', { ...order, round: 4 }],
      ['transfer.order', { ...order, to: depot }],
      ['transfer.order', order, shop],
      ['transfer.cancel', back, shop],
      ['stock.level', level({ minimum: 11 })],
      ['stock.level', level({ source: shop })],
      ['stock.level', level({ sku: 'NOPE' })],
      ['stock.level', level({}), shop],
    ];
    const codes: string[] = [];
    for (const [verb, args, scope] of answers) codes.push(await scene.commit(office, verb, args, scope));
    expect(codes).toEqual([
      'retail/bad-round',
      'retail/own-scope',
      'retail/hq-only',
      'retail/hq-only',
      'retail/bad-level',
      'retail/own-scope',
      'retail/unknown-product',
      'retail/hq-only',
    ]);
  });
});
