/** Transfers and custody by example. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { readTally, verifyTally } from '@tallystick/kernel/tally';
import { nodeCrypto } from '@tallystick/kernel/node';
import { parseScope, type Scope } from '@tallystick/oplog';
import type { Scene } from '../../../guards/test/scene.ts';
import {
  custodyOf,
  custodyOffer,
  inTransit,
  stockPositions,
  transferFaults,
  transferNote,
  unseenTransfers,
} from '../../src/supply.ts';
import { day } from '../shop.ts';
import {
  balances,
  branch,
  carrier,
  depot,
  dispatch,
  handOver,
  head,
  mugs,
  office,
  openChain,
  other,
  receipt,
  shop,
  stockIn,
  warehouse,
} from './chain.ts';

describe('a transfer under custody', () => {
  let scene: Scene;
  let transfer = '';
  let delivery = '';
  beforeAll(async () => {
    scene = await openChain();
    const delivered = { ...head, reference: 'D-1', lines: [mugs(120, { lot: 'L-1' })] };
    await scene.must(warehouse, 'stock.receive', delivered, depot);
    transfer = await dispatch(scene, [mugs(100, { lot: 'L-1' })], { reference: 'N-1' });
    await scene.settle();
  });
  afterAll(() => scene.close());

  it('leaves the stock of the scope that sends, and is in transit', () => {
    const book = scene.books[office]!;
    expect(stockIn(book, depot)).toEqual({ MUG: 20 });
    expect(balances(book)).toEqual({ 1200: 20_000, 2100: -24_000, 5000: 4000 });
    expect(inTransit(book)).toMatchObject([
      {
        transfer,
        number: `DSP/warehouse 1/${day}/1`,
        fromScope: depot,
        toScope: shop,
        lot: 'L-1',
        quantity: 100,
        holder: '',
      },
    ]);
    expect(inTransit(book, { before: day })).toEqual([]);
  });

  it('is in the hands of whoever signed for it last', async () => {
    await handOver(scene, transfer, { from: warehouse, to: carrier, scope: depot, took: [100], gave: [100] });
    expect(inTransit(scene.books[office]!)).toMatchObject([{ holder: scene.device(carrier) }]);
    delivery = await handOver(scene, transfer, { from: carrier, to: branch, scope: shop, took: [100], gave: [98] });
    expect(inTransit(scene.books[office]!)).toMatchObject([{ holder: scene.device(branch) }]);
  });

  it('of which 98 come in has lost 2, by the hop that had them', async () => {
    await scene.must(branch, 'transfer.receive', receipt(scene.books[branch]!, transfer, [98], { delivery }), shop);
    await scene.settle();
    const book = scene.books[office]!;
    expect(stockIn(book, shop)).toEqual({ MUG: 98 });
    expect(balances(book)).toEqual({ 2100: -24_000, 5000: 23_600, 5950: 400 });
    expect(book.query('SELECT line, hop, holder, tally, sku, lot, quantity, amountMinor FROM transitLosses')).toEqual([
      {
        line: 1,
        hop: 'carried',
        holder: scene.device(carrier),
        tally: delivery,
        sku: 'MUG',
        lot: 'L-1',
        quantity: 2,
        amountMinor: 400,
      },
    ]);
    expect(inTransit(book)).toEqual([]);
    expect(stockPositions(book)).toEqual([{ sku: 'MUG', onHand: 118, inTransit: 0, lost: 2 }]);
    expect(transferFaults(book)).toEqual([]);
    expect(custodyOf(book, transfer)).toMatchObject([
      { scope: depot, giver: scene.device(warehouse), taker: scene.device(carrier), isLinked: true, lost: [0] },
      { scope: shop, giver: scene.device(carrier), taker: scene.device(branch), isLinked: true, lost: [2] },
    ]);
  });

  it('was countersigned so that both records alone prove it', async () => {
    const book = scene.books[office]!;
    const tally = await readTally(book, delivery as never);
    const records = { offer: tally!.offer.record, answer: tally!.answer!.record };
    const keys = book.query<{ device: string; key: string }>("SELECT device, key FROM devices WHERE scope = 'hq'");
    const publicKeyOf = (_keyId: string, device: string) =>
      Uint8Array.from(Buffer.from(keys.find((row) => row.device === device)?.key ?? '', 'hex'));
    const { ed25519 } = nodeCrypto;
    expect(await verifyTally(records, { book: book.id, ed25519, publicKeyOf })).toMatchObject({
      ok: true,
      value: { from: scene.device(carrier), to: scene.device(branch), state: 'accepted' },
    });
  });

  it('comes in once', async () => {
    const again = receipt(scene.books[branch]!, transfer, [98]);
    expect(await scene.commit(branch, 'transfer.receive', again, shop)).toBe('retail/transfer-received');
  });

  it('that two devices count in apart comes in once', async () => {
    const second = await dispatch(scene, [mugs(5)]);
    await scene.settle();
    for (const device of [branch, office])
      expect(await scene.commit(device, 'transfer.receive', receipt(scene.books[device]!, second, [5]), shop)).toBe(
        'ok',
      );
    await scene.settle();
    expect(scene.refusedCodes()).toEqual([]);
    expect(scene.books[office]!.query('SELECT code FROM corrections')).toContainEqual({
      code: 'retail/transfer-received',
    });
    expect(stockIn(scene.books[office]!, shop)).toEqual({ MUG: 103 });
  });
});

describe('what may be wrong with a transfer', () => {
  let scene: Scene;
  let transfer = '';
  beforeEach(async () => {
    scene = await openChain();
    transfer = await dispatch(scene, [mugs(10), mugs(10, { sku: 'TEA', quantityScale: 3 })]);
    await scene.settle();
    return () => scene.close();
  });
  const receive = (received: readonly number[], rest: object = {}, scope: string = shop) =>
    scene.commit(branch, 'transfer.receive', receipt(scene.books[branch]!, transfer, received, rest), scope);

  it('is refused', async () => {
    const send = (rest: object) =>
      scene.commit(warehouse, 'transfer.dispatch', { ...head, to: shop, lines: [mugs(1)], ...rest }, depot);
    expect(await send({ to: depot })).toBe('retail/own-scope');
    expect(await send({ lines: [mugs(1, { sku: 'VASE' })] })).toBe('retail/out-of-stock');
    expect(await send({ lines: [mugs(1, { sku: 'TEA' })] })).toBe('retail/scale-mismatch');
    expect(await receive([1, 1], {}, depot)).toBe('retail/own-scope');
    expect(await receive([10, 10], { delivery: 'ab'.repeat(32) })).toBe('retail/no-delivery');
    const after = transferNote(scene.books[office]!, transfer)!.dispatch;
    const offer = async (args: object) =>
      scene.must(
        carrier,
        'tally.offer',
        { to: scene.device(branch), kind: 'custody', subject: transfer, ...args },
        shop,
      );
    const open = await offer({ terms: { after, took: [10, 10], gave: [10, 9] } });
    const odd = await offer({ terms: { after, took: [10, 10], gave: [10] } });
    const forged = await offer({ terms: { after, took: [10, 10], gave: [10, -9] } });
    await scene.settle();
    expect(await receive([10, 9], { delivery: open })).toBe('retail/not-countersigned');
    for (const delivery of [odd, forged]) {
      await scene.must(branch, 'tally.accept', { offer: delivery }, shop);
      expect(await receive([10, 9], { delivery })).toBe('retail/custody-terms');
    }
  });

  it('that nobody signed for is lost by nobody in particular, and what never came is closed', async () => {
    expect(await receive([0, 0])).toBe('ok');
    await scene.settle();
    const book = scene.books[office]!;
    expect(book.query('SELECT hop, holder, sku, quantity, amountMinor FROM transitLosses ORDER BY line')).toEqual([
      { hop: 'unsigned', holder: '', sku: 'MUG', quantity: 10, amountMinor: 2000 },
      { hop: 'unsigned', holder: '', sku: 'TEA', quantity: 10, amountMinor: 2 },
    ]);
    expect(inTransit(book)).toEqual([]);
    expect(balances(book)).toEqual({ 5000: -2002, 5950: 2002 });
  });

  it('is shared out by hop, to the last minor unit', async () => {
    await handOver(scene, transfer, { from: warehouse, to: carrier, scope: depot, took: [10, 10], gave: [9, 10] });
    const delivery = await handOver(scene, transfer, {
      from: carrier,
      to: branch,
      scope: shop,
      took: [9, 10],
      gave: [9, 6],
    });
    expect(await receive([8, 7], { delivery })).toBe('ok');
    await scene.settle();
    const book = scene.books[office]!;
    expect(book.query('SELECT line, hop, holder, quantity, amountMinor FROM transitLosses ORDER BY line, hop')).toEqual(
      [
        { line: 1, hop: 'counted', holder: scene.device(branch), quantity: 1, amountMinor: 200 },
        { line: 1, hop: 'earlier', holder: '', quantity: 1, amountMinor: 200 },
        { line: 2, hop: 'carried', holder: scene.device(carrier), quantity: 4, amountMinor: 1 },
        { line: 2, hop: 'counted', holder: scene.device(branch), quantity: -1, amountMinor: 0 },
      ],
    );
    expect(balances(book)['5950']).toBe(401);
    expect(custodyOf(book, transfer).map(({ lost }) => lost)).toEqual([
      [1, 0],
      [0, 4],
    ]);
    expect(transferFaults(book)).toEqual([]);
  });

  it('is found when the scopes are together', async () => {
    expect(await receive([10, 10], {}, other)).toBe('retail/not-for-here');
    // Whoever counts it in there all the same leaves out whom it was loaded for.
    expect(await receive([10, 10], { to: other }, other)).toBe('ok');
    expect(await receive([10, 10], { dispatch: 'ab'.repeat(32) })).toBe('ok');
    const { lines, ...note } = transferNote(scene.books[office]!, transfer)!;
    const invented = { ...note, day, transfer: 'made-up', lines: lines.map((line) => ({ ...line, received: 1 })) };
    expect(await scene.commit(branch, 'transfer.receive', invented, shop)).toBe('ok');
    await scene.settle();
    expect(
      transferFaults(scene.books[office]!).map(({ transfer: which, kind, scope }) => [which, kind, scope]),
    ).toEqual([
      [transfer, 'other-goods', shop],
      [transfer, 'other-scope', other],
      [transfer, 'received-twice', other],
      ['made-up', 'not-dispatched', shop],
    ]);
  });

  it.each([
    ['more', {}, { quantity: 12 }],
    ['of another lot', {}, { lot: 'L-other' }],
    ['worth something else', { currency: 'EUR' }, {}],
  ])('is found when goods are said to have been %s', async (_what, rest, goods) => {
    const args = receipt(scene.books[branch]!, transfer, [10, 10], rest) as { lines: object[] };
    Object.assign(args.lines[0]!, goods);
    await scene.must(branch, 'transfer.receive', args, shop);
    await scene.settle();
    expect(transferFaults(scene.books[office]!)).toMatchObject([{ transfer, kind: 'other-goods', scope: shop }]);
  });

  it('is found when a carrier signs less than it signed for, or hands on what it never had', async () => {
    await handOver(scene, transfer, { from: warehouse, to: carrier, scope: depot, took: [10, 10], gave: [10, 10] });
    await handOver(scene, transfer, { from: carrier, to: branch, scope: shop, took: [8, 10], gave: [8, 10] });
    const lie = custodyOf(scene.books[office]!, transfer)[1];
    expect(lie).toMatchObject({ lost: [2, 0], isConsistent: false });
    const stranger = custodyOffer(transfer, scene.device(branch), { after: lie!.offer, took: [1, 1], gave: [1, 1] });
    const offer = await scene.must(office, 'tally.offer', stranger, shop);
    await scene.settle();
    await scene.must(branch, 'tally.accept', { offer }, shop);
    await scene.settle();
    expect(transferFaults(scene.books[office]!)).toEqual([
      { transfer, kind: 'custody-differs', scope: shop, device: scene.device(carrier) },
      { transfer, kind: 'custody-broken', scope: shop, device: scene.device(office) },
    ]);
  });
});

it('is not held against whoever counts it in where the log that sent it is not', async () => {
  const scene = await openChain();
  const [sender, driver, taker] = [scene.books[warehouse]!, scene.books[carrier]!, scene.books[branch]!];
  const transfer = await dispatch(scene, [mugs(10)]);
  const args = receipt(sender, transfer, [10]);
  const handed = { took: [10], gave: [10] };
  const first = custodyOffer(transfer, scene.device(carrier), {
    after: String(transferNote(sender, transfer)?.dispatch),
    ...handed,
  });
  const offer = await scene.must(warehouse, 'tally.offer', first, depot);
  await scene.deliver(warehouse, carrier);
  const answer = await scene.must(carrier, 'tally.accept', { offer }, depot);
  const second = custodyOffer(transfer, scene.device(branch), { after: answer, ...handed });
  const delivery = await scene.must(carrier, 'tally.offer', second, shop);
  const scopes = ['hq', shop].map((scope) => parseScope(scope) as Scope);
  await taker.import(await driver.export({ scopes }));
  await scene.must(branch, 'tally.accept', { offer: delivery }, shop);
  await scene.must(branch, 'transfer.receive', { ...args, delivery }, shop);
  expect([transferFaults(taker), unseenTransfers(taker)]).toEqual([[], [{ transfer, scope: shop, fromScope: depot }]]);
  await scene.deliver(carrier, branch);
  expect([transferFaults(taker), unseenTransfers(taker)]).toEqual([[], []]);
  await scene.close();
});
