/** sale.complete by example, through real books on both drivers. */
import type { Scope } from '@tallystick/oplog';
import { describe, expect, it } from 'vitest';
import {
  balancesOf,
  createTestRelay,
  day,
  describeShop,
  drawersOf,
  exchange,
  idOf,
  line,
  numbersOf,
  product,
  sale,
  type ShopBook,
  stockOf,
} from './shop.ts';

describeShop('sale.complete', (shop) => {
  const sell = (...args: Parameters<typeof sale>) => shop.book.commit('sale.complete', sale(...args));

  it('records a document with its lines, tenders, stock and postings', async () => {
    const lines = [
      line({ quantity: 2 }),
      line({
        sku: 'TEA',
        name: 'Tea',
        quantity: 250,
        quantityScale: 3,
        unitPriceMilliMinor: 2_100_000,
        taxRateBasisPoints: 500,
        at: 7,
      }),
    ];
    const tenders = [
      { kind: 'cash', amountMinor: 1000 },
      { kind: 'card', amountMinor: 525 },
    ] as const;
    const commit = await sell(0, { lines, tenders, external: 'A-1', customer: 'c-7' });
    const id = idOf(commit);
    expect(shop.book.query('SELECT * FROM documents')).toEqual([
      {
        scope: 'hq',
        id,
        kind: 'sale',
        number: `INV/till-3/${day}/1`,
        day,
        at: expect.any(Number) as unknown,
        device: shop.book.device,
        session: '',
        currency: 'GBP',
        totalMinor: 1525,
        taxMinor: 25,
        external: 'A-1',
        part: 1,
        parts: 1,
        first: '',
        original: '',
        customer: 'c-7',
        reason: '',
      },
    ]);
    const text =
      'SELECT line, kind, sku, name, quantity, quantityScale, unitPriceMilliMinor, amountMinor, taxMinor, taxRateBasisPoints FROM documentLines ORDER BY line';
    expect(shop.book.query(text).map((row) => Object.values(row))).toEqual([
      [1, 'sale', 'MUG', 'Mug', 2, 0, 500_000, 1000, 0, 0],
      [2, 'sale', 'TEA', 'Tea', 250, 3, 2_100_000, 500, 25, 500],
    ]);
    expect(shop.book.query('SELECT at FROM documentLines WHERE line = 2')).toEqual([{ at: 7 }]);
    expect(stockOf(shop.book)).toEqual({ MUG: -2, TEA: -250 });
    expect(balancesOf(shop.book)).toEqual({ 1000: 1000, 1010: 525, 2200: -25, 4000: -1500 });
    expect(shop.book.query('SELECT DISTINCT memo, day FROM postings')).toEqual([{ memo: `INV/till-3/${day}/1`, day }]);
  });

  it('adds tax to prices without it', async () => {
    idOf(await sell(600, { taxIncluded: false, lines: [line({ taxRateBasisPoints: 2000 })] }));
    expect(shop.book.query('SELECT amountMinor, taxMinor FROM documentLines')).toEqual([
      { amountMinor: 500, taxMinor: 100 },
    ]);
    expect(balancesOf(shop.book)).toEqual({ 1000: 600, 2200: -100, 4000: -500 });
  });

  it('splits tax off prices with it', async () => {
    idOf(await sell(500, { lines: [line({ taxRateBasisPoints: 2000 })] }));
    expect(shop.book.query('SELECT amountMinor, taxMinor FROM documentLines')).toEqual([
      { amountMinor: 417, taxMinor: 83 },
    ]);
    expect(balancesOf(shop.book)).toEqual({ 1000: 500, 2200: -83, 4000: -417 });
  });

  it('rounds each line once, halves away from zero', async () => {
    const half = line({ quantity: 1, unitPriceMilliMinor: 500 });
    idOf(await sell(3, { lines: [half, half, half] }));
    expect(balancesOf(shop.book)).toEqual({ 1000: 3, 4000: -3 });
  });

  it('gives things away for nothing', async () => {
    idOf(await sell(0, { lines: [line({ unitPriceMilliMinor: 0 })], tenders: [] }));
    expect(balancesOf(shop.book)).toEqual({});
    expect(stockOf(shop.book)).toEqual({ MUG: -1 });
  });

  it('sells the same line twice: equal lines are legal', async () => {
    idOf(await sell(1000, { lines: [line(), line()] }));
    expect(shop.book.query('SELECT count(*) AS n FROM documentLines')).toEqual([{ n: 2 }]);
    expect(stockOf(shop.book)).toEqual({ MUG: -2 });
  });

  it('puts what is not paid yet on the account', async () => {
    idOf(await sell(0, { tenders: [{ kind: 'account', amountMinor: 500 }] }));
    expect(balancesOf(shop.book)).toEqual({ 1100: 500, 4000: -500 });
  });

  describe('tenders', () => {
    it('give change out of cash', async () => {
      const session = idOf(await shop.book.commit('session.open', { day, currency: 'GBP', floatMinor: 0 }));
      idOf(await sell(2000, { session, changeMinor: 1500 }));
      expect(shop.book.query('SELECT line, kind, amountMinor FROM tenders ORDER BY line')).toEqual([
        { line: 1, kind: 'cash', amountMinor: 2000 },
        { line: 2, kind: 'cash', amountMinor: -1500 },
      ]);
      expect(drawersOf(shop.book)).toEqual([500]);
      expect(balancesOf(shop.book)).toEqual({ 1000: 500, 4000: -500 });
    });

    it('give no change out of a card', async () => {
      const tenders = [
        { kind: 'card', amountMinor: 600 },
        { kind: 'cash', amountMinor: 50 },
      ] as const;
      expect(await sell(0, { tenders, changeMinor: 150 })).toMatchObject({
        code: 'retail/change-not-cash',
        details: { cashMinor: 50, changeMinor: 150 },
      });
    });

    it.each([499, 501, 0])('must come to the total: %d does not', async (cashMinor) => {
      expect(await sell(cashMinor)).toEqual({
        ok: false,
        code: 'retail/tender-mismatch',
        details: { expectedMinor: 500, gotMinor: cashMinor },
      });
      expect(shop.book.query('SELECT * FROM documents')).toEqual([]);
    });
  });

  describe('document numbers', () => {
    it('are gapless per series, and refused sales take none', async () => {
      const first = idOf(await sell(500));
      await sell(499);
      idOf(await sell(500, { day: '2026-11-22' }));
      await shop.book.commit('sale.complete', sale(500, { lines: [line({ sku: 'VASE' })] }));
      idOf(await shop.book.commit('sale.void', { document: first, day, reason: 'wrong' }));
      idOf(await sell(500));
      expect(numbersOf(shop.book)).toEqual([
        `INV/till-3/${day}/1`,
        'INV/till-3/2026-11-22/2',
        `VOID/till-3/${day}/1`,
        `INV/till-3/${day}/3`,
      ]);
      expect(shop.book.query('SELECT series, issued FROM counters ORDER BY series')).toEqual([
        { series: 'INV', issued: 3 },
        { series: 'VOID', issued: 1 },
      ]);
    });

    it('are counted per device, and survive the replicas meeting', async () => {
      const other = await shop.join('till', 'till-4');
      for (let index = 0; index < 3; index++) {
        idOf(await sell(500));
        idOf(await other.commit('sale.complete', sale(500)));
      }
      await exchange(shop.book, other);
      const numbers = [1, 2, 3].flatMap((n) => [`INV/till-3/${day}/${n}`, `INV/till-4/${day}/${n}`]);
      expect([...numbersOf(shop.book)].sort()).toEqual(numbers.sort());
      expect(other.digest()).toEqual(shop.book.digest());
      await other.close();
    });
  });

  describe('stock policy', () => {
    const vase = (quantity: number) => line({ sku: 'VASE', quantity });
    const receive = (quantity: number) =>
      shop.book.commit('stock.receive', {
        day,
        currency: 'GBP',
        reference: 'D-1',
        lines: [{ sku: 'VASE', name: 'Vase', quantity, unitCostMilliMinor: 0 }],
      });

    it('allows on-hand below zero where the product does', async () => {
      idOf(await sell(500));
      expect(stockOf(shop.book)).toEqual({ MUG: -1 });
    });

    it('refuses it where the product does', async () => {
      idOf(await receive(2));
      expect(await sell(1500, { lines: [vase(3)] })).toEqual({
        ok: false,
        code: 'retail/out-of-stock',
        details: { sku: 'VASE', onHand: 2, wanted: 3 },
      });
      idOf(await sell(1000, { lines: [vase(2)] }));
      expect(stockOf(shop.book)).toEqual({});
      expect(await sell(500, { lines: [vase(1)] })).toMatchObject({ code: 'retail/out-of-stock' });
    });

    it('counts all lines of one product together', async () => {
      idOf(await receive(2));
      expect(await sell(1500, { lines: [vase(1), line(), vase(1)] })).toMatchObject({ ok: true });
      idOf(await receive(2));
      expect(await sell(1500, { lines: [vase(2), vase(1)] })).toMatchObject({ code: 'retail/out-of-stock' });
    });

    it('knows nothing of a product that is not in the catalogue, and sells it', async () => {
      idOf(await sell(500, { lines: [line({ sku: '__proto__', quantityScale: 2, quantity: 100 })] }));
      expect(stockOf(shop.book)).toEqual(Object.fromEntries([['__proto__', -100]]));
    });

    it('sells what was taken off the shelves meanwhile: a sale that happened counts', async () => {
      idOf(await shop.book.commit('product.set', product('MUG', { active: 0 })));
      idOf(await sell(500));
    });

    it('wants quantities in the scale of the product', async () => {
      expect(await sell(1, { lines: [line({ quantityScale: 3 })] })).toEqual({
        ok: false,
        code: 'retail/scale-mismatch',
        details: { sku: 'MUG', unitScale: 0, quantityScale: 3 },
      });
    });

    it('shows the later of two who sold the last one apart as more than there was', async () => {
      idOf(await receive(1));
      const other = await shop.join('till', 'till-4');
      idOf(await sell(500, { lines: [vase(1)] }));
      idOf(await other.commit('sale.complete', sale(500, { lines: [vase(1)] })));
      await exchange(shop.book, other);
      expect(shop.book.query('SELECT code FROM refusals')).toEqual([]);
      expect(shop.book.query('SELECT code FROM corrections')).toEqual([{ code: 'retail/out-of-stock' }]);
      expect(stockOf(shop.book)).toEqual({ VASE: -1 });
      expect(other.digest()).toEqual(shop.book.digest());
      await other.close();
    });
  });

  describe('sessions', () => {
    it.each([
      ['retail/unknown-session', () => 'no-such-session'],
      [
        'retail/currency-mismatch',
        async (shop: ShopBook) => idOf(await shop.commit('session.open', { day, currency: 'EUR', floatMinor: 0 })),
      ],
      [
        'retail/session-closed',
        async (shop: ShopBook) => {
          const session = idOf(await shop.commit('session.open', { day, currency: 'GBP', floatMinor: 0 }));
          idOf(await shop.commit('session.close', { session, countedMinor: 0, day }));
          return session;
        },
      ],
    ])('%s', async (code, open) => {
      expect(await sell(500, { session: await open(shop.book) })).toMatchObject({ ok: false, code });
    });

    it('are not for other devices', async () => {
      const session = idOf(await shop.book.commit('session.open', { day, currency: 'GBP', floatMinor: 0 }));
      const other = await shop.join('till', 'till-4');
      expect(await other.commit('sale.complete', sale(500, { session }))).toMatchObject({
        code: 'retail/foreign-session',
      });
      await other.close();
    });
  });

  describe('an invoice in parts', () => {
    const part = (rest: object) => sell(500, { external: '536365', parts: 2, ...rest });

    it('names its number, its part and its first op', async () => {
      const first = idOf(await part({ part: 1 }));
      idOf(await part({ part: 2, first }));
      expect(shop.book.query('SELECT part, parts, first FROM documents ORDER BY id')).toEqual([
        { part: 1, parts: 2, first: '' },
        { part: 2, parts: 2, first },
      ]);
    });

    it('refuses parts that do not fit', async () => {
      const first = idOf(await part({ part: 1 }));
      const code = 'retail/bad-part';
      expect(await part({})).toMatchObject({ code });
      expect(await part({ part: 3 })).toMatchObject({ code });
      expect(await part({ part: 1, first })).toMatchObject({ code });
      expect(await part({ part: 2, first: 'nothing' })).toMatchObject({ code });
      expect(await part({ part: 2, parts: 3, first })).toMatchObject({ code });
      expect(await part({ part: 2, first, external: '536366' })).toMatchObject({ code });
      expect(await sell(500, { part: 1 })).toMatchObject({ code });
      expect(await sell(500, { first })).toMatchObject({ code });
    });
  });

  it('sells in a branch with the catalogue and the accounts of hq', async () => {
    idOf(await shop.book.commit('product.set', product('MUG', { negativeStock: 'refuse' })));
    await shop.book.sync(await createTestRelay());
    const scope = 'b/042' as Scope;
    const [refused] = await shop.book.commitAll([{ verb: 'sale.complete', scope, args: sale(500) }]);
    expect(refused).toMatchObject({ code: 'retail/out-of-stock' });
    const goods = [{ sku: 'MUG', name: 'Mug', quantity: 1, unitCostMilliMinor: 0 }];
    const traded = await shop.book.commitAll([
      { verb: 'stock.receive', scope, args: { day, currency: 'GBP', reference: 'D-1', lines: goods } },
      { verb: 'sale.complete', scope, args: sale(500) },
    ]);
    traded.forEach(idOf);
    expect(shop.book.query('SELECT scope, number FROM documents ORDER BY id')).toEqual([
      { scope, number: `RCV/till-3/${day}/1` },
      { scope, number: `INV/till-3/${day}/1` },
    ]);
  });
});
