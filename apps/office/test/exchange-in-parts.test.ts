// Goods that come back in parts, against others, of a sale on whose prices tax came on top: the parts come to the sale.
import { type Priced, priceLine } from '@tallystick/retail';
import fc from 'fast-check';
import { beforeAll, expect, it } from 'vitest';
import { withTaxIn } from '../src/sold-line.ts';
import { tallyIn } from './tally-here.ts';
import { runTally } from './tally-process.ts';
import { temporaryFolder } from './temporary.ts';

const data = temporaryFolder();
const tally = tallyIn(data);

beforeAll(async () => {
  await runTally('init', '--data', data);
  await tally('day', '2026-11-21');
});

const totalsOf = async (id: unknown): Promise<unknown> =>
  (await tally('query', `SELECT totalMinor, taxMinor FROM documents WHERE id = '${String(id)}'`))['rows'];

it.each([
  ['0.37', 3],
  ['0.03', 4],
  ['1.01', 7],
])('gives back of pens at %s, tax on top, in %d exchanges what was paid for them', async (price, quantity) => {
  const goods = `sku=PEN,name=Pen,quantity=${quantity},unit-price=${price},tax-rate-basis-points=2000`;
  const paid = ['--tenders', 'kind=card'];
  const sold = await tally('sale', 'complete', '--lines', goods, '--tax-included', 'false', ...paid);
  const back = ['--original', String(sold['number']), '--reason', 'dry', '--back', 'sku=PEN,quantity=1'];
  const free = ['--lines', 'sku=BAG,name=Bag,quantity=1,unit-price=0.00,tax-rate-basis-points=2000'];
  for (let part = 0; part < quantity; part++) await tally('sale', 'exchange', ...back, ...free, ...paid);
  const sums = `SELECT sum(totalMinor) AS totalMinor, sum(taxMinor) AS taxMinor FROM documents WHERE '${String(sold['id'])}' IN (id, original)`;
  expect((await tally('query', sums))['rows']).toEqual([{ totalMinor: 0, taxMinor: 0 }]);
});

it('prices what leaves as it was said, tax on top of it', async () => {
  const goods = 'sku=HAT,name=Hat,quantity=2,unit-price=4.00,tax-rate-basis-points=2000';
  const paid = ['--tenders', 'kind=card'];
  const { number } = await tally('sale', 'complete', '--lines', goods, '--tax-included', 'false', ...paid);
  const cap = ['--lines', 'sku=CAP,name=Cap,quantity=1,unit-price=6.00,tax-rate-basis-points=2000'];
  const swap = ['--original', String(number), '--reason', 'colour', '--back', 'sku=HAT,quantity=1', ...cap, ...paid];
  const { id } = await tally('sale', 'exchange', ...swap);
  expect(await totalsOf(id)).toEqual([{ totalMinor: 240, taxMinor: 40 }]);
  // Whoever says that tax comes on top, or is in the price, is taken at that word.
  const said = await tally('sale', 'exchange', ...swap, '--tax-included', 'true');
  expect(await totalsOf(said['id'])).toEqual([{ totalMinor: 120, taxMinor: 20 }]);
});

it('prices any line on which tax comes on top to the same worth and the same tax', () => {
  const anyLine = fc.record({
    quantity: fc.integer({ min: 1, max: 5_000 }),
    quantityScale: fc.integer({ min: 0, max: 3 }),
    unitPriceMilliMinor: fc.integer({ min: 0, max: 900_000 }),
    taxRateBasisPoints: fc.integer({ min: 0, max: 10_000 }),
  });
  let isDear = 0;
  fc.assert(
    fc.property(anyLine, fc.nat(100), (line, percent) => {
      const whole = priceLine(line, false)?.amountMinor ?? 0;
      const discountMinor = Math.floor((whole * percent) / 300);
      const asked: Priced = discountMinor === 0 ? line : { ...line, discountMinor };
      expect(priceLine(withTaxIn(asked), true)).toEqual(priceLine(asked, false));
      isDear += Number(priceLine(asked, true)?.taxMinor !== priceLine(asked, false)?.taxMinor);
    }),
    { seed: 1, numRuns: 500 },
  );
  expect(isDear).toBeGreaterThan(0);
});
