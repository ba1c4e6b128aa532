/** Rules of the owner that sales, refunds, voids and cash obey. */
import { ruleSet } from '@tallystick/guards';
import { expect, it } from 'vitest';
import { createReplica } from '../../ledger/test/replica.ts';
import { chart } from '../src/index.ts';
import { day, drivers, idOf, line, sale, verbs } from './shop.ts';

const ident = (name: string) => ({ identExpr: { name } });
const field = (operand: object, name: string) => ({ selectExpr: { operand, field: name } });
const call = (fn: string, ...args: object[]) => ({ callExpr: { function: fn, args } });
const number = (value: number) => ({ constExpr: { int64Value: String(value) } });
const total = (name: string) => field(field(ident('rows'), 'totals'), name);

it('bound discounts, refunds and write-offs, ask for a reason to void, and stop cash going out', async () => {
  const [{ store }] = drivers as [(typeof drivers)[number]];
  const book = await createReplica({ store: store(), verbs: [...verbs, ruleSet], deviceName: 'till-3' });
  for (const args of chart) idOf(await book.commit('account.open', args));
  const rule = (verb: string, expr: object) =>
    book.commit('rule.set', { verb, rule: 'bound', expr: JSON.stringify(expr) });
  idOf(await rule('sale.complete', call('_<=_', total('discountMinor'), number(100))));
  idOf(await rule('sale.refund', call('_<=_', total('totalMinor'), number(300))));
  const reason = { constExpr: { stringValue: '' } };
  idOf(await rule('sale.void', call('_!=_', field(ident('args'), 'reason'), reason)));
  idOf(await rule('cash.pay', { constExpr: { boolValue: false } }));

  const cheap = (discountMinor: number) => sale(500 - discountMinor, { lines: [line({ discountMinor })] });
  expect(await book.commit('sale.complete', cheap(101))).toMatchObject({
    code: 'guards/rule',
    details: { 'rows.totals.discountMinor': 101 },
  });
  const sold = idOf(await book.commit('sale.complete', cheap(100)));
  const back = {
    day,
    currency: 'GBP',
    taxIncluded: true,
    reason: '',
    lines: [line({ unitPriceMilliMinor: 301_000 })],
    tenders: [{ kind: 'cash', amountMinor: 301 }],
  } as const;
  expect(await book.commit('sale.refund', back)).toMatchObject({ code: 'guards/rule' });
  expect(await book.commit('sale.void', { document: sold, day, reason: '' })).toMatchObject({ code: 'guards/rule' });
  idOf(await book.commit('sale.void', { document: sold, day, reason: 'wrong goods' }));
  const session = idOf(await book.commit('session.open', { day, currency: 'GBP', floatMinor: 0 }));
  expect(await book.commit('cash.pay', { session, day, amountMinor: 1, account: '6100', reason: '' })).toMatchObject({
    code: 'guards/rule',
  });
  const delivered = {
    day,
    currency: 'GBP',
    reference: 'd',
    lines: [{ sku: 'MUG', name: 'Mug', quantity: 9, unitCostMilliMinor: 0 }],
  };
  idOf(await book.commit('stock.receive', delivered));
  const cheapWriteOff = call('_<=_', total('writtenOffMinor'), number(200));
  idOf(await rule('stock.count', call('_&&_', cheapWriteOff, call('_<=_', total('shortLines'), number(1)))));
  const counted = (countedQuantity: number, sku = 'MUG') => ({
    sku,
    name: 'Mug',
    countedQuantity,
    unitCostMilliMinor: 100_000,
  });
  const count = (...lines: readonly object[]) =>
    book.commit('stock.count', { day, currency: 'GBP', reason: 'shelf', lines } as never);
  expect(await count(counted(6))).toMatchObject({
    code: 'guards/rule',
    details: { 'rows.totals.writtenOffMinor': 300 },
  });
  // What is found elsewhere makes good nothing that is written off.
  expect(await count(counted(6), counted(5, 'CUP'))).toMatchObject({ code: 'guards/rule' });
  idOf(await count(counted(7)));
  idOf(await book.commit('cash.receive', { session, day, amountMinor: 1, account: '6100', reason: '' }));
  // Who wants every change of hands countersigned asks for the delivery; without it goods are not counted in.
  idOf(await rule('transfer.receive', { selectExpr: { operand: ident('args'), field: 'delivery', testOnly: true } }));
  const arrival = {
    transfer: sold,
    dispatch: 'a1'.repeat(32),
    from: 'b/depot',
    day,
    currency: 'GBP',
    lines: [] as object[],
  };
  arrival.lines.push({ sku: 'MUG', name: 'Mug', quantity: 1, unitCostMilliMinor: 1_000, received: 1 });
  expect(await book.commit('transfer.receive', arrival as never)).toMatchObject({ code: 'guards/rule' });
  await book.close();
});
