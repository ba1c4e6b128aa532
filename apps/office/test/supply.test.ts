// `tally stock`, `replenish`, `purchases` and `trace` on books of an office with a branch.
import type { Commit } from '@tallystick/kernel';
import { parseScope, type Scope } from '@tallystick/oplog';
import { type TransferNote, transferNote, transferNoteText } from '@tallystick/retail/supply';
import { beforeAll, expect, it } from 'vitest';
import { openOffice, type ShopBook } from '../src/book.ts';
import { homeAt, writeSettings } from '../src/home.ts';
import { openEmbeddedRelay } from '../src/relay.ts';
import { temporaryFolder } from './temporary.ts';
import { jsonOf, runTally } from './tally-process.ts';

const data = temporaryFolder();
const shop = parseScope('b/042') as Scope;
const head = { day: '2026-03-02', currency: 'GBP' };
const mugs = (quantity: number) => ({ sku: 'MUG', name: 'Mug', quantity, unitCostMilliMinor: 200_000, lot: 'L-1' });
const ask = async (...args: string[]) => jsonOf(await runTally(...args, '--data', data, '--json'));

async function id(commit: Promise<Commit>): Promise<string> {
  const answer = await commit;
  if (!answer.ok) throw new Error(`${answer.code} ${JSON.stringify(answer.details)}`);
  return answer.id;
}

async function trade(book: ShopBook): Promise<void> {
  const product = { category: '', unitScale: 0, taxRateBasisPoints: 0, negativeStock: 'allow', active: 1 } as const;
  await id(book.commit('product.set', { sku: 'MUG', name: 'Mug', ...product }));
  await id(book.commit('stock.level', { branch: shop, sku: 'MUG', minimum: 10, maximum: 12, source: 'hq' }));
  const lines = [mugs(20)];
  const order = await id(book.commit('purchase.order', { ...head, supplier: 'S-1', lines }));
  const { quantity: _, lot: _lot, ...goods } = mugs(20);
  const came = [{ line: 1, quantity: 20, lot: 'L-1', goods }];
  await id(book.commit('purchase.receive', { order, ...head, reference: 'D', lines: came }));
  const billed = [{ line: 1, quantity: 21, unitCostMilliMinor: 200_000 }];
  const bill = { supplier: 'S-1', reference: 'B-1', order, day: head.day, lines: billed };
  await id(book.commit('purchase.bill', bill));
  const [first, second] = [
    await id(book.commit('transfer.dispatch', { ...head, to: shop, lines: [mugs(5)] })),
    await id(book.commit('transfer.dispatch', { ...head, to: shop, lines: [mugs(3)] })),
  ];
  const note = transferNote(book, first);
  if (note === undefined) throw new Error(second);
  const received = note.lines.map((line) => ({ ...line, received: 4 }));
  await id(book.commit('transfer.receive', { ...note, day: head.day, lines: received }, { scope: shop }));
}

beforeAll(async () => {
  const opened = await runTally('init', '--data', data);
  if (opened.status !== 0) throw new Error(opened.stderr);
  const home = homeAt(data);
  const relay = await openEmbeddedRelay(home);
  const book = await openOffice(home);
  await book.sync(relay.client);
  await trade(book);
  writeSettings(home, { version: 1, book: book.id, currency: 'GBP', tills: 1, relay: { kind: 'embedded' } });
  await book.close();
  await relay.close();
});

it('shows where goods are', async () => {
  expect(await ask('stock')).toEqual({
    stock: [{ sku: 'MUG', onHand: 16, inTransit: 3, lost: 1 }],
    faults: [],
    unseen: [],
  });
  expect(await ask('stock', '--in-transit')).toMatchObject({ inTransit: [{ toScope: shop, quantity: 3, lot: 'L-1' }] });
  expect(await ask('stock', '--before', head.day)).toEqual({ inTransit: [], faults: [], unseen: [] });
  expect((await runTally('stock', '--data', data)).stdout).toMatch(/MUG +16 +3 +1\n/);
  expect((await runTally('stock', '--in-transit', '--data', data)).stdout).toMatch(/b\/042 +MUG +L-1 +3 +6\.00/);
  expect(await runTally('stock', '--before', 'monday', '--data', data)).toMatchObject({ status: 2, stdout: '' });
});

it('counts nothing in by a code that is not in the transfer', async () => {
  const receive = ['transfer', 'receive', '--scope', shop, '--transfer', `DSP/Office/${head.day}/2`];
  const slip = await runTally(...receive, '--day', head.day, '--lines', 'sku=MUGG,received=2', '--data', data);
  expect(slip).toMatchObject({ status: 2, stderr: expect.stringContaining('names one line of the transfer') });
  expect(await ask('stock')).toMatchObject({ stock: [{ inTransit: 3 }] });
});

it('shows what branches lack, and orders it once', async () => {
  expect(await ask('replenish')).toMatchObject({ replenishment: [{ onHand: 4, onItsWay: 3, wanted: 5, quantity: 5 }] });
  expect(await runTally('replenish', '--order', '--data', data)).toMatchObject({ status: 2 });
  expect(await ask('replenish', '--order', '--day', head.day)).toMatchObject({ ordered: [{ to: shop, round: 1 }] });
  expect(await ask('replenish', '--order', '--day', head.day)).toMatchObject({ replenishment: [], ordered: [] });
});

it('shows purchases, and what is wrong with bills', async () => {
  const { purchases, held, due } = await ask('purchases');
  expect(purchases).toMatchObject([{ ordered: 20, received: 20, verdict: 'met' }]);
  expect([held, due]).toMatchObject([[{ reference: 'B-1', why: 'retail/bill-quantity' }], []]);
  expect((await runTally('purchases', '--data', data)).stdout).toMatch(/B-1 +42\.00 +retail\/bill-quantity/);
});

it('follows a lot, and says when nothing is known of one', async () => {
  expect(await ask('trace', 'L-1')).toMatchObject({
    origins: [{ quantity: 20, party: 'S-1' }],
    onHand: [
      { scope: shop, quantity: 4 },
      { scope: 'hq', quantity: 12 },
    ],
    inTransit: [{ scope: shop, quantity: 3 }],
    lost: [{ quantity: 1 }],
  });
  expect((await runTally('trace', 'L-1', '--data', data)).stdout).toMatch(/lost on the way to +b\/042/);
  expect(await runTally('trace', 'L-2', '--data', data)).toMatchObject({ status: 1 });
});

it('exits with 1 on a transfer that does not fit', async () => {
  const book = await openOffice(homeAt(data));
  const made = { transfer: 'made-up', dispatch: 'ab'.repeat(32), from: 'hq', ...head };
  await id(book.commit('transfer.receive', { ...made, lines: [{ ...mugs(1), received: 1 }] }, { scope: shop }));
  await book.close();
  const shown = await runTally('stock', '--data', data);
  expect(shown.status).toBe(1);
  expect(shown.stdout).toContain('not-dispatched: transfer made-up in b/042\n');
});

it('counts in by the text of a note where the log that the goods left is not', async () => {
  const van = temporaryFolder();
  await runTally('init', '--data', van);
  const receive = ['transfer', 'receive', '--day', head.day, '--data', van, '--json', '--transfer'];
  const number = `DSP/Office/${head.day}/2`;
  const unknown = await runTally(...receive, number, '--lines', 'sku=MUG,received=2');
  expect(unknown).toMatchObject({ status: 2, stderr: expect.stringContaining('tally stock --note NUMBER') });
  const { to: _, ...note } = (await ask('stock', '--note', number))['note'] as TransferNote;
  // As a depot that is a scope of its own would have sent them.
  const text = transferNoteText({ ...note, from: 'b/depot' });
  const came = await runTally(...receive, text, '--lines', 'sku=MUG,received=2');
  expect([came.stderr, jsonOf(came)['number']]).toEqual(['', `ARV/Office/${head.day}/1`]);
  const { stdout } = await runTally('query', 'SELECT sku, onHand FROM stock', '--data', van, '--json');
  expect(JSON.parse(stdout)).toMatchObject({ rows: [{ sku: 'MUG', onHand: 2 }] });
  // Whether they were sent is for a book to say that has the depot's log: this one holds nothing against it.
  const shown = await runTally('stock', '--data', van);
  expect([shown.status, shown.stdout.split('\n').slice(-2)]).toEqual([
    0,
    [
      expect.stringMatching(/^not looked into: transfer \S+ in hq, for the log of b\/depot that sent it is not here$/),
      '',
    ],
  ]);
  const asked = await runTally('stock', '--data', van, '--json');
  expect(JSON.parse(asked.stdout)).toMatchObject({ faults: [], unseen: [{ scope: 'hq', fromScope: 'b/depot' }] });
});

it('sends goods on at what the last delivery of them cost, where nobody says it', async () => {
  await ask('transfer', 'dispatch', '--day', head.day, '--to', 'b/043', '--lines', 'sku=MUG,quantity=2,lot=L-1');
  const { inTransit } = await ask('stock', '--in-transit');
  expect(inTransit).toContainEqual(expect.objectContaining({ toScope: 'b/043', quantity: 2, amountMinor: 400 }));
});
