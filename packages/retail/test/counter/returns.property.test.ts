/** Goods that come back without their sale, at an office and at a till that hears of it now and then: against a policy that is read off a list. */
import { ruleVerbs } from '@tallystick/guards';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  day,
  drivers,
  exchange,
  idOf,
  joinReplica,
  line,
  openShop,
  type ShopBook,
  verbs as shopVerbs,
} from '../shop.ts';

const [{ store }] = drivers as [(typeof drivers)[number]];
const verbs = [...shopVerbs, ...ruleVerbs] as unknown as typeof shopVerbs;
const nextDay = '2026-11-22';

const anyPolicy = fc.record({
  allowed: fc.constantFrom<(0 | 1)[]>(1, 1, 1, 0),
  refundTo: fc.constantFrom<('any' | 'account')[]>('any', 'any', 'account'),
  mostMinor: fc.constantFrom(undefined, 600, 600, 1_000),
});
type Policy = typeof anyPolicy extends fc.Arbitrary<infer P> ? P : never;

const anyStep = fc.record({
  isTill: fc.boolean(),
  act: fc.constantFrom('return', 'return', 'return', 'return', 'open', 'meet'),
  amountMinor: fc.constantFrom(200, 400, 600),
  customer: fc.constantFrom('c-1', 'c-1', 'c-2', undefined),
  tender: fc.constantFrom('cash' as const, 'account' as const),
  /** What the op says; the business day is the one that was opened. */
  day: fc.constantFrom(day, nextDay),
});
type Step = typeof anyStep extends fc.Arbitrary<infer S> ? S : never;

/** What stands in a book: a day that was opened, or a return. */
interface Noted {
  readonly id: string;
  readonly opened?: string;
  readonly back?: Pick<Step, 'amountMinor' | 'customer' | 'tender' | 'day'>;
}

/** Whether the policy is against a return that comes after all these. */
function isAgainst({ allowed, refundTo, mostMinor }: Policy, before: readonly Noted[], back: Noted['back']): boolean {
  if (back === undefined) return false;
  const { customer, tender, amountMinor } = back;
  if (allowed === 0 || (refundTo === 'account' && tender !== 'account')) return true;
  if (customer === undefined) return mostMinor !== undefined || refundTo === 'account';
  const days = new Map<string, number>();
  let open: string | undefined;
  for (const one of before) {
    open = one.opened ?? open;
    if (one.back?.customer !== customer) continue;
    const counted = open ?? one.back.day;
    days.set(counted, (days.get(counted) ?? 0) + one.back.amountMinor);
  }
  return (days.get(open ?? back.day) ?? 0) + amountMinor > (mostMinor ?? Number.MAX_SAFE_INTEGER);
}

const inOrder = (noted: Iterable<Noted>): Noted[] =>
  [...noted].toSorted((left, right) => (left.id < right.id ? -1 : 1));

async function bringBack(book: ShopBook, back: NonNullable<Noted['back']>) {
  const { amountMinor, customer, tender, day: said } = back;
  const whose = customer === undefined ? {} : { customer };
  const lines = [line({ unitPriceMilliMinor: amountMinor * 1_000 })];
  const tenders = [{ kind: tender, amountMinor }];
  const common = { day: said, currency: 'GBP', taxIncluded: true, reason: 'does not fit' } as const;
  return book.commit('sale.refund', { ...common, ...whose, lines, tenders });
}

const back = (isTill: boolean, said: Step['day']): Step => ({
  isTill,
  act: 'return',
  amountMinor: 400,
  customer: 'c-1',
  tender: 'cash',
  day: said,
});
/** On one business day, whichever days the ops say; and at two devices that are apart. */
const sameDay: Step[] = [
  { ...back(false, day), act: 'open' },
  { ...back(false, day), act: 'meet' },
  back(false, day),
  back(false, nextDay),
  back(true, nextDay),
];

it('follow the policy: refused by who knows, and named where it was done apart, counted by the business day', async () => {
  const met = { stood: 0, refused: 0, corrected: 0 };
  await fc.assert(
    fc.asyncProperty(anyPolicy, fc.array(anyStep, { minLength: 6, maxLength: 14 }), async (policy, steps) => {
      const office = await openShop(store(), verbs);
      const { mostMinor, ...rest } = policy;
      const bound = mostMinor === undefined ? rest : { ...rest, mostMinor };
      idOf(await office.commit('returns.policy', { currency: 'GBP', ...bound }));
      const till = await joinReplica(office, { store: store(), verbs, role: 'till', deviceName: 'till-4' });
      const days = [day, nextDay];
      const known = { office: new Set<Noted>(), till: new Set<Noted>() };
      const meet = async (): Promise<void> => {
        await exchange(office, till);
        for (const one of known.till) known.office.add(one);
        known.till = new Set(known.office);
      };
      for (const { isTill, act, ...one } of steps) {
        if (act === 'meet') await meet();
        else if (act === 'open') {
          const opened = days.shift();
          if (opened === undefined) continue;
          known.office.add({ id: idOf(await office.commit('day.open', { day: opened })), opened });
        } else {
          // Without a customer there is no account for it.
          const given = one.customer === undefined ? { ...one, tender: 'cash' as const } : one;
          const commit = await bringBack(isTill ? till : office, given);
          const seen = known[isTill ? 'till' : 'office'];
          const isRefused = isAgainst(policy, inOrder(seen), given);
          expect(commit.ok || commit.code).toBe(isRefused ? 'retail/open-return' : true);
          if (commit.ok) seen.add({ id: commit.id, back: given });
          met[commit.ok ? 'stood' : 'refused'] += 1;
        }
      }
      await meet();
      const all = inOrder(known.office);
      const against = all.filter((one, index) => isAgainst(policy, all.slice(0, index), one.back)).map(({ id }) => id);
      expect(office.query('SELECT id, code FROM corrections ORDER BY id')).toEqual(
        against.map((id) => ({ id, code: 'retail/open-return' })),
      );
      expect(office.query('SELECT code FROM refusals')).toEqual([]);
      expect(till.digest()).toEqual(office.digest());
      met.corrected += against.length;
      await till.close();
      await office.close();
    }),
    { seed: 1, numRuns: 15, examples: [[{ allowed: 1, refundTo: 'any', mostMinor: 600 }, sameDay]] },
  );
  expect(Math.min(met.stood, met.refused, met.corrected)).toBeGreaterThan(0);
});
