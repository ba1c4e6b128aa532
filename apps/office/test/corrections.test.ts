// `tally corrections` and `tally refusals`: the document, why, who owes what, and what to do.
import { expect, it } from 'vitest';
import { openOrCreateOffice } from '../src/book.ts';
import { mustCommit } from '../src/demo/seed.ts';
import { homeAt } from '../src/home.ts';
import { temporaryFolder } from './temporary.ts';
import { jsonOf, runTally } from './tally-process.ts';

const day = '2026-11-21';

it('says of what stands otherwise than meant which document it is, who owes what, and what to do', async () => {
  const data = temporaryFolder();
  const book = await openOrCreateOffice(homeAt(data), 'Corner');
  const lamp = { sku: 'LAMP', name: 'Lamp', category: '', unitScale: 0, taxRateBasisPoints: 0, active: 1 } as const;
  mustCommit([await book.commit('product.set', { ...lamp, negativeStock: 'backorder' })]);
  const lines = [{ sku: 'LAMP', name: 'Lamp', quantity: 1, unitPriceMilliMinor: 1_234_560 }];
  const tenders = [{ kind: 'card', amountMinor: 1_235 }] as const;
  const trade = { day, currency: 'GBP', taxIncluded: true, lines, tenders };
  mustCommit([await book.commit('sale.complete', { ...trade, customer: 'K-17' })]);
  await book.close();
  const { stdout, status } = await runTally('corrections', '--data', data);
  expect([status, ...stdout.split('\n')]).toEqual([
    0,
    expect.stringMatching(`^INV/Office/${day}/1, ${day}, 12.35 GBP, by Office, op [0-9a-f-]{36}$`),
    '  goods worth 12.35 GBP are owed to customer K-17',
    '  More was sold than was there; the goods are owed. (retail/backorder)',
    '  Deliver or cancel it (backorder.end).',
    '',
  ]);
  const found = await runTally('corrections', '--device', 'Office', '--most', '1', '--data', data, '--json');
  const { corrections } = jsonOf(found) as { corrections: readonly unknown[] };
  expect(corrections).toMatchObject([{ codes: ['retail/backorder'], owed: [{ kind: 'goods', amountMinor: 1_235 }] }]);
  const end = ['--document', `INV/Office/${day}/1`, '--sku', 'LAMP', '--outcome', 'delivered', '--day', day];
  expect(await runTally('backorder', 'end', ...end, '--data', data)).toMatchObject({ status: 0 });
  expect((await runTally('corrections', '--data', data)).stdout.split('\n').slice(1)).toEqual([
    '  More was sold than was there; the goods are owed. (retail/backorder)',
    '  Decided since: nothing is left to do.',
    '',
  ]);
  expect(await runTally('refusals', '--data', data)).toMatchObject({ status: 0, stdout: 'Nothing was refused.\n' });
});
