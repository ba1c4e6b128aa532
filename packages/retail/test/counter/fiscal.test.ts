/** Fiscal numbers: each stands once, and in its device's block, whatever a device tries. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createReplica } from '../../../ledger/test/replica.ts';
import { chart, fiscalAlerts, fiscalBlockList, type FiscalNumber, nextFiscalNumber } from '../../src/index.ts';
import { drivers, exchange, idOf, joinReplica, sale } from '../shop.ts';
import { careless, verbs } from './fiscal-program.ts';

const [{ store }] = drivers as [(typeof drivers)[number]];
const range = { series: 'A', first: 1_000, last: 1_119 };
const untilDay = '2026-11-30';

async function shopWithTill(tillVerbs: typeof verbs = verbs) {
  const office = await createReplica({ store: store(), verbs, deviceName: 'office' });
  for (const args of chart) idOf(await office.commit('account.open', args));
  const till = await joinReplica(office, { store: store(), verbs: tillVerbs, role: 'till', deviceName: 'till' });
  idOf(await office.commit('fiscal.range', range));
  const lease = (device: string, quantity?: number) =>
    office.commit('fiscal.lease', {
      series: 'A',
      scope: 'hq',
      device,
      untilDay,
      ...(quantity === undefined ? {} : { quantity }),
    });
  const block = idOf(await lease(till.device));
  await exchange(office, till);
  return { office, till, block, lease };
}

const numbered = (fiscal: FiscalNumber) => sale(500, { fiscal });

describe('a block', () => {
  it('is 50 numbers, of which a sale carries the next, offline', async () => {
    const { office, till, block } = await shopWithTill();
    for (const number of [1_000, 1_001, 1_002]) {
      const next = nextFiscalNumber(till, 'A', till.device);
      expect(next).toEqual({ series: 'A', number, block });
      idOf(await till.commit('sale.complete', numbered(next as FiscalNumber)));
    }
    await exchange(office, till);
    const row = { block, series: 'A', device: till.device, scope: 'hq', first: 1_000, last: 1_049 };
    expect(fiscalBlockList(office)).toEqual([{ ...row, used: 3, left: 47, isLow: false, isOver: false }]);
    expect(office.query('SELECT number, device FROM fiscalUses ORDER BY number').map(({ number }) => number)).toEqual([
      1_000, 1_001, 1_002,
    ]);
    expect(nextFiscalNumber(till, 'A', office.device)).toBeUndefined();
    await Promise.all([office.close(), till.close()]);
  });

  it('runs low visibly, and out', async () => {
    const { office, till, lease } = await shopWithTill();
    idOf(await lease(office.device, 2));
    expect(fiscalBlockList(office).map(({ first, isLow }) => [first, isLow])).toEqual([
      [1_000, false],
      [1_050, true],
    ]);
    for (let count = 0; count < 2; count++) {
      idOf(
        await office.commit('sale.complete', numbered(nextFiscalNumber(office, 'A', office.device) as FiscalNumber)),
      );
    }
    expect(nextFiscalNumber(office, 'A', office.device)).toBeUndefined();
    expect(await lease(office.device, 69)).toMatchObject({ code: 'retail/fiscal-range', details: { left: 68 } });
    await Promise.all([office.close(), till.close()]);
  });

  it('is refused in every wrong use', async () => {
    const { office, till, block, lease } = await shopWithTill();
    const other = idOf(await lease(office.device));
    await exchange(office, till);
    const tried = (fiscal: FiscalNumber) => till.commit('sale.complete', numbered(fiscal));
    idOf(await tried({ series: 'A', number: 1_007, block }));
    expect(await tried({ series: 'A', number: 1_007, block })).toMatchObject({ code: 'retail/fiscal-used' });
    expect(await tried({ series: 'A', number: 1_050, block })).toMatchObject({ code: 'retail/fiscal-number' });
    expect(await tried({ series: 'B', number: 1_008, block })).toMatchObject({ code: 'retail/fiscal-number' });
    expect(await tried({ series: 'A', number: 1_050, block: other })).toMatchObject({
      code: 'retail/fiscal-block',
      details: { reason: 'guards/not-holder' },
    });
    expect(await tried({ series: 'A', number: 1_050, block: 'none' })).toMatchObject({ code: 'retail/fiscal-block' });
    idOf(await till.commit('lease.expire', { lease: block }));
    expect(await tried({ series: 'A', number: 1_008, block })).toMatchObject({
      code: 'retail/fiscal-block',
      details: { reason: 'guards/lease-ended' },
    });
    expect(nextFiscalNumber(till, 'A', till.device)).toBeUndefined();
    expect(fiscalBlockList(till)[0]).toMatchObject({ isOver: true, left: 49 });
    await Promise.all([office.close(), till.close()]);
  });
});

it('raises an alert on every device about a number that a careless program used twice, or took from another', async () => {
  const { office, till, block, lease } = await shopWithTill(careless);
  const other = idOf(await lease(office.device));
  await exchange(office, till);
  for (const fiscal of [
    { series: 'A', number: 1_000, block },
    { series: 'A', number: 1_000, block },
    { series: 'A', number: 1_050, block: other },
    { series: 'A', number: 9_999, block },
  ])
    idOf(await till.commit('sale.complete', numbered(fiscal)));
  await exchange(office, till);
  const named = { device: till.device, series: 'A' };
  expect(fiscalAlerts(office).map(({ op: _, ...alert }) => alert)).toEqual([
    { ...named, code: 'retail/fiscal-used', number: 1_000 },
    { ...named, code: 'retail/fiscal-block', number: 1_050 },
    { ...named, code: 'retail/fiscal-number', number: 9_999 },
  ]);
  // What was sold was sold; the number stands once.
  expect(office.query('SELECT count(*) AS sales FROM documents')).toEqual([{ sales: 4 }]);
  expect(office.query('SELECT number FROM fiscalUses')).toEqual([{ number: 1_000 }]);
  await Promise.all([office.close(), till.close()]);
});

it('takes ranges that go on, or begin anew once all numbers are leased', async () => {
  const { office, till, lease } = await shopWithTill();
  const take = (first: number, last: number) => office.commit('fiscal.range', { series: 'A', first, last });
  expect(await take(2_000, 2_099)).toMatchObject({ code: 'retail/fiscal-range' });
  expect(await take(1_100, 1_130)).toMatchObject({ code: 'retail/fiscal-range' });
  idOf(await take(1_120, 1_129));
  idOf(await lease(office.device, 80));
  idOf(await take(2_000, 2_099));
  idOf(await lease(office.device));
  expect(fiscalBlockList(office).map(({ first, last }) => [first, last])).toEqual([
    [1_000, 1_049],
    [1_050, 1_129],
    [2_000, 2_049],
  ]);
  await Promise.all([office.close(), till.close()]);
});

it('never lets a number stand twice, whoever numbers what at random', async () => {
  const tries = fc.array(fc.record({ number: fc.integer({ min: 995, max: 1_060 }), isOffice: fc.boolean() }), {
    minLength: 5,
    maxLength: 15,
  });
  await fc.assert(
    fc.asyncProperty(tries, async (tried) => {
      const { office, till, block, lease } = await shopWithTill(careless);
      const other = idOf(await lease(office.device));
      await exchange(office, till);
      for (const { number, isOffice } of tried) {
        const fiscal = { series: 'A', number, block: isOffice ? other : block };
        await (isOffice ? office : till).commit('sale.complete', numbered(fiscal));
      }
      await exchange(office, till);
      const stands = office.query('SELECT number, device FROM fiscalUses ORDER BY number');
      const allowed = (isOffice: boolean, number: number) =>
        isOffice ? number >= 1_050 && number < 1_100 : number >= 1_000 && number < 1_050;
      const expected = [
        ...new Set(tried.filter((one) => allowed(one.isOffice, one.number)).map(({ number }) => number)),
      ].sort((a, b) => a - b);
      expect(stands.map(({ number }) => number)).toEqual(expected);
      await Promise.all([office.close(), till.close()]);
    }),
    { numRuns: 8 },
  );
});
