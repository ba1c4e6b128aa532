/** Arguments that nobody means well by: every one is refused with a code, none throws, none leaves a trace. */
import { deviceRoomList } from '@tallystick/ledger';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { retailVerbs, saleComplete } from '../src/index.ts';
import { day, drivers, exchange, joinReplica, line, openShop, product, sale, type ShopBook, verbs } from './shop.ts';

const [{ store }] = drivers as [(typeof drivers)[number]];
const goods = (rest: object) => ({ ...line(), ...rest });

describe('hostile arguments', () => {
  let book: ShopBook;
  beforeAll(async () => {
    book = await openShop(store());
  });
  afterAll(() => book.close());

  const commitAny = (verb: string, args: unknown) =>
    book.commitAll([{ verb, args } as never]).then(([answer]) => answer);

  it.each([
    ['a quantity of 0', { lines: [goods({ quantity: 0 })] }],
    ['a negative quantity', { lines: [goods({ quantity: -1 })] }],
    ['a quantity of -0', { lines: [goods({ quantity: -0 })] }],
    ['a fractional quantity', { lines: [goods({ quantity: 1.5 })] }],
    ['a quantity beyond 10^9', { lines: [goods({ quantity: 1e9 + 1 })] }],
    ['a quantity as text', { lines: [goods({ quantity: '1' })] }],
    ['a negative price', { lines: [goods({ unitPriceMilliMinor: -1 })] }],
    ['a price of -0', { lines: [goods({ unitPriceMilliMinor: -0 })] }],
    ['a price beyond 10^13', { lines: [goods({ unitPriceMilliMinor: 1e13 + 1 })] }],
    ['a price of 2^53', { lines: [goods({ unitPriceMilliMinor: 2 ** 53 })] }],
    ['a price of NaN', { lines: [goods({ unitPriceMilliMinor: Number.NaN })] }],
    ['a scale of 7', { lines: [goods({ quantityScale: 7 })] }],
    ['a tax rate beyond 1,000 %', { lines: [goods({ taxRateBasisPoints: 100_001 })] }],
    ['no lines', { lines: [] }],
    ['2,001 lines', { lines: Array.from({ length: 2001 }, () => line()) }],
    ['an empty sku', { lines: [goods({ sku: '' })] }],
    ['a sku with a line break', { lines: [goods({ sku: 'A\nB' })] }],
    ['a name with NUL', { lines: [goods({ name: 'a\0b' })] }],
    ['a name of 201 units', { lines: [goods({ name: 'x'.repeat(201) })] }],
    ['a member nobody knows', { lines: [goods({ discount: 1 })] }],
    ['an own __proto__', JSON.parse('{"__proto__":{"session":"x"}}')],
    ['null for a session', { session: null }],
    ['undefined for a session', { session: undefined }],
    ['a negative tender', { tenders: [{ kind: 'cash', amountMinor: -500 }] }],
    ['an unknown tender', { tenders: [{ kind: 'iou', amountMinor: 500 }] }],
    ['a tender called __proto__', { tenders: [{ kind: '__proto__', amountMinor: 500 }] }],
    ['51 tenders', { tenders: Array.from({ length: 51 }, () => ({ kind: 'cash', amountMinor: 0 })) }],
    ['negative change', { changeMinor: -1 }],
    ['part 0', { part: 0, parts: 1 }],
    ['the 31st of June', { day: '2026-06-31' }],
  ])('refuse %s', async (_what, change) => {
    const args = Object.defineProperties({}, Object.getOwnPropertyDescriptors({ ...sale(500) }));
    Object.defineProperties(args, Object.getOwnPropertyDescriptors(change));
    expect(await commitAny('sale.complete', args)).toMatchObject({ ok: false, code: 'kernel/bad-args' });
  });

  it.each([
    ['a line', [goods({ quantity: 1e9, unitPriceMilliMinor: 1e13 })], 1],
    ['the sum of lines', Array.from({ length: 3 }, () => goods({ quantity: 1e3, unitPriceMilliMinor: 4e12 })), 3],
  ])('refuse %s beyond what a document may come to', async (_what, lines, number) => {
    const answer = await commitAny('sale.complete', sale(0, { lines }));
    expect(answer).toEqual({ ok: false, code: 'retail/amount-range', details: { line: number } });
  });

  it('leave room for everybody else’s: no tender and no document is near what a sum can hold', async () => {
    const cash = (amountMinor: number) => ({ kind: 'cash', amountMinor }) as const;
    const beyond = { tenders: [cash(1e13 + 1)], changeMinor: 1e13 + 1 };
    expect(await commitAny('sale.complete', sale(0, beyond))).toMatchObject({ code: 'kernel/bad-args' });
    const tenders = Array.from({ length: 50 }, () => cash(1e13));
    expect(await commitAny('sale.complete', sale(0, { tenders }))).toMatchObject({ code: 'retail/tender-mismatch' });
    const lines = [goods({ quantity: 1_000, unitPriceMilliMinor: 1e13 })];
    expect(await commitAny('sale.complete', sale(500, { lines }))).toMatchObject({ code: 'retail/tender-mismatch' });
    const more = [...lines, goods({ quantity: 1, unitPriceMilliMinor: 1_000 })];
    expect(await commitAny('sale.complete', sale(1e13, { lines: more }))).toMatchObject({
      code: 'retail/amount-range',
    });
  });

  it('of any JSON shape are answered, for every verb', async () => {
    const value = fc.jsonValue();
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...retailVerbs.map((verb) => verb.name)), value, async (verb, args) => {
        expect(await commitAny(verb, args)).toMatchObject({ ok: false });
      }),
    );
  });

  it('with one argument replaced by anything are refused without a trace, or recorded', async () => {
    const members = fc.constantFrom(
      'day',
      'currency',
      'lines',
      'tenders',
      'taxIncluded',
      'changeMinor',
      'part',
      'customer',
    );
    const value = fc.oneof(fc.anything({ withBigInt: true, withNullPrototype: true }), fc.string());
    let recorded = 0;
    await fc.assert(
      fc.asyncProperty(members, value, async (member, replacement) => {
        const answer = await commitAny('sale.complete', { ...sale(500), [member]: replacement });
        if (answer?.ok === true) recorded += 1;
        expect(book.query('SELECT count(*) AS n FROM documents')).toEqual([{ n: recorded }]);
      }),
    );
  });

  it('do not pass for those of another verb (falsifier)', () => {
    const validate = saleComplete.args['~standard'].validate;
    expect(validate(sale(500))).not.toHaveProperty('issues');
    expect(validate(product('MUG'))).toHaveProperty('issues');
    expect(validate({ ...sale(500), day: `${day} ` })).toHaveProperty('issues');
  });
});

it('documents of one device, however many it signs, leave room for everybody else’s', async () => {
  const book = await openShop(store());
  const till = await joinReplica(book, { store: store(), verbs, role: 'till', deviceName: 'bad' });
  const other = await joinReplica(book, { store: store(), verbs, role: 'till', deviceName: 'good', seed: 9 });
  const huge = sale(1e13, { currency: 'IDR', lines: [goods({ quantity: 1_000, unitPriceMilliMinor: 1e13 })] });
  const codes: string[] = [];
  for (let n = 0; n < 16; n++) {
    // It is said from half way on, while there is time.
    expect(deviceRoomList(till).map(({ percent }) => percent)).toEqual(
      n < 7 ? [] : [Math.floor((Math.min(n, 14) / 14) * 100)],
    );
    const commit = await till.commit('sale.complete', huge);
    codes.push(commit.ok ? '' : commit.code);
  }
  expect(codes.filter((code) => code === '')).toHaveLength(14);
  expect(new Set(codes.slice(14))).toEqual(new Set(['ledger/device-total']));
  // What it takes back does not make it room, and another device, or the owner, takes it back without a limit of theirs.
  const [{ id: document } = { id: '' }] = till.query<{ id: string }>("SELECT id FROM documents WHERE currency = 'IDR'");
  expect(await till.commit('sale.void', { document, day, reason: 'x' })).toMatchObject({ ok: true });
  expect(await till.commit('sale.complete', huge)).toMatchObject({ code: 'ledger/device-total' });
  await exchange(till, book);
  await exchange(book, other);
  for (const one of [book, other]) expect(await one.commit('sale.complete', huge)).toMatchObject({ ok: true });
  const goodsTooMany = Array.from({ length: 11 }, () => goods({ quantity: 1e9, unitPriceMilliMinor: 0 }));
  expect(await till.commit('sale.complete', sale(0, { lines: goodsTooMany }))).toMatchObject({
    code: 'kernel/bad-args',
  });
  for (const one of [till, other, book]) await one.close();
});
