// The short way to a verdict on args against the schema that it stands for: whatever is done to args, both say the same.
import type { ArgsSchema } from '@tallystick/kernel';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { quick } from '../src/quick-args.ts';
import * as schemas from '../src/schema.ts';

type Args = Readonly<Record<string, unknown>>;

const day = '2026-11-21';
const sold = { sku: 'TEA-1', name: 'tea', quantity: 2, unitPriceMilliMinor: 250_000 };
const tender = { kind: 'card', amountMinor: 500 };
const trade = { day, currency: 'GBP', taxIncluded: true, session: 's', external: 'web-1', part: 1, parts: 2 };

/** Args of each verb, most members that may be left out among them. */
const takenBySchema: Readonly<Record<string, Args>> = {
  sessionOpenArgs: { day, currency: 'GBP', floatMinor: 0 },
  sessionCloseArgs: { session: 's', countedMinor: 5, day },
  saleCompleteArgs: {
    ...trade,
    customer: 'C-17',
    lines: [sold, { ...sold, taxRateBasisPoints: 2_000, discountMinor: 1, promotion: 'two', lot: 'L', at: 5 }],
    tenders: [tender],
    changeMinor: 0,
    coupons: ['a'],
  },
  saleRefundArgs: {
    ...trade,
    original: 'o',
    lines: [{ ...sold, line: 1, restock: false }],
    tenders: [tender],
    reason: 'broken',
  },
  saleExchangeArgs: {
    ...trade,
    original: 'o',
    back: [{ ...sold, line: 1 }],
    lines: [sold],
    tenders: [],
    reason: 'size',
  },
  saleVoidArgs: { document: 'd', day, reason: '' },
  stockReceiveArgs: {
    day,
    currency: 'GBP',
    lines: [{ sku: 'T', name: '', quantity: 1, unitCostMilliMinor: 0 }],
    reference: 'r',
  },
  stockAdjustArgs: { day, currency: 'GBP', lines: [{ ...sold, quantity: -2 }], reason: 'counted' },
  chargeAdjustArgs: {
    day,
    currency: 'GBP',
    lines: [{ ...sold, unitPriceMilliMinor: -1 }],
    account: '4000',
    reason: 'x',
  },
};

const anything = fc.oneof(
  fc.constantFrom<unknown>(undefined, null, true, '', 'cash', 'GBP', day, '2026-02-30', 'a\0', 'x'.repeat(65), [], {}, [
    undefined,
  ]),
  fc.constantFrom<unknown>(0, -0, -1, 1, 1.5, 10_001, 1e10 + 1, 2 ** 53, Number.NaN, Number.POSITIVE_INFINITY, 10n),
  fc.constantFrom<unknown>(
    Object.create(tender),
    Object.create(null),
    new Date(0),
    Array.from({ length: 51 }, () => tender),
  ),
  fc.string({ unit: 'binary', maxLength: 70 }),
  fc.anything({ withNullPrototype: true }),
);
const change = fc.record({
  where: fc.array(fc.nat(20), { minLength: 1, maxLength: 3 }),
  name: fc.option(fc.constantFrom('__proto__', 'constructor', 'more', 'kind', 'lot', '0'), { nil: undefined }),
  to: fc.option(anything, { nil: 'leave out' }),
});

/** The value with one member changed, left out or added, somewhere in it. */
function changed(value: unknown, { where: [first = 0, ...rest], name, to }: Parameters<typeof changeOf>[0]): unknown {
  return changeOf({ where: [first, ...rest], name, to }, value);
}
function changeOf(
  {
    where: [first, ...rest],
    name,
    to,
  }: { readonly where: readonly number[]; readonly name: string | undefined; readonly to: unknown },
  value: unknown,
): unknown {
  if (first === undefined || typeof value !== 'object' || value === null) return to;
  const copy = (Array.isArray(value) ? [...value] : { ...value }) as Record<string, unknown>;
  const names = Object.keys(copy);
  const at = (rest.length === 0 ? name : undefined) ?? names[first % Math.max(1, names.length)] ?? 'more';
  if (to === 'leave out' && rest.length === 0) Reflect.deleteProperty(copy, at);
  else Object.defineProperty(copy, at, { ...plain, value: changeOf({ where: rest, name, to }, copy[at]) });
  return copy;
}
const plain = { enumerable: true, configurable: true, writable: true } as const;

function verdicts(schema: ArgsSchema<unknown>, args: unknown): readonly [quick: boolean, slow: boolean] {
  const answer = schema['~standard'].validate(args);
  if (answer instanceof Promise) throw new TypeError('a schema answers at once');
  return [answer.issues === undefined, (schema as unknown as z.ZodType).safeParse(args).success];
}

describe('the short way to a verdict on args', () => {
  it.each(Object.entries(schemas))('of %s is that of the schema (property)', (name, schema) => {
    const taken = takenBySchema[name];
    expect(verdicts(schema, taken)).toEqual([true, true]);
    let refused = 0;
    fc.assert(
      fc.property(fc.array(change, { maxLength: 2 }), (changes) => {
        const args = changes.reduce<unknown>((value, one) => changed(value, one), taken);
        const [short, long] = verdicts(schema, args);
        expect(short).toBe(long);
        if (!long) refused += 1;
      }),
      { seed: 1, numRuns: 300 },
    );
    expect(refused).toBeGreaterThan(50);
  });

  it('is taken where the args are as they should be, and leaves what is wrong with others to the schema', () => {
    let runs = 0;
    const seen = z.string().refine((text) => text !== 'bad', 'retail/bad');
    const schema = quick(z.strictObject({ text: seen, tail: z.array(z.int()).exactOptional() }));
    const run = schema._zod.run;
    schema._zod.run = (payload, context) => {
      runs += 1;
      return run(payload, context);
    };
    expect(schema['~standard'].validate({ text: 'good' })).toEqual({ value: { text: 'good' } });
    expect(schema['~standard'].validate({ text: 'good', tail: [1, 2] })).toEqual({
      value: { text: 'good', tail: [1, 2] },
    });
    expect(runs).toBe(0);
    expect(schema['~standard'].validate({ text: 'bad' })).toMatchObject({ issues: [{ message: 'retail/bad' }] });
    expect(schema['~standard'].validate({ text: 'good', tail: [1.5] })).toHaveProperty('issues');
    expect(runs).toBe(2);
  });

  it('takes no more members and numbers than the schema', () => {
    const loose = quick(z.object({ n: z.number(), m: z.number().optional(), o: z.strictObject({}).exactOptional() }));
    const numbers = [0, 1.5, Number.NaN, Number.POSITIVE_INFINITY].map((n) => ({ n }));
    for (const args of [...numbers, {}, { m: 1 }, { n: 1, m: undefined }, { n: 1, o: undefined }, { n: 1, more: 1 }])
      expect(verdicts(loose, args)[0]).toBe(verdicts(loose, args)[1]);
    expect(verdicts(loose, { n: 1, o: undefined })).toEqual([false, false]);
    expect(verdicts(loose, { n: Number.POSITIVE_INFINITY })).toEqual([false, false]);
  });

  it('counts a text as the schema does, and does not throw where a check does', () => {
    const pairs = quick(z.strictObject({ text: z.string().min(2).max(3) }));
    for (const text of ['', 'a', 'ab', 'abcd', '😀', '😀😀', '😀😀😀', '😀😀😀😀'])
      expect(verdicts(pairs, { text })).toEqual(
        ['ab', '😀😀', '😀😀😀'].includes(text) ? [true, true] : [false, false],
      );
    let threw = 0;
    const throws = quick(
      z.strictObject({
        text: z.string().refine(() => {
          threw += 1;
          throw new RangeError('a check of somebody else');
        }),
      }),
    );
    const answer = throws['~standard'].validate({ text: '' });
    expect(answer).toBeInstanceOf(Promise);
    expect(threw).toBeGreaterThan(1);
    return expect(answer).rejects.toThrow(RangeError);
  });
});
