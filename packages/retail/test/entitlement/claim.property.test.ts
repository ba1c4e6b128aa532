/** Whatever is issued, claimed, released and cancelled on three devices, and however it arrives: the books are those of the naive reference. */
import { ledgerVerbs } from '@tallystick/ledger';
import { parseScope, type Scope } from '@tallystick/oplog';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyHistory, createScene, expectOneState, moved, type Scene } from '../../../guards/test/scene.ts';
import { type EntitlementKind, entitlementVerbs } from '../../src/entitlement.ts';
import { chart } from '../../src/index.ts';
import { day, redemptionRef, tokenHash } from './desk.ts';
import { ReferenceDesk } from './reference.ts';

const HQ = parseScope('hq') as Scope;
const devices = 3;
const nextDay = '2026-11-22';
const accountOf = { gift: '2300', prize: '6200', coupon: '', credit: '' } as const;

interface Act {
  readonly act: 'issue' | 'claim' | 'release' | 'cancel';
  readonly device: number;
  readonly token: number;
  readonly redemption: number;
  readonly amountMinor: number;
  readonly loss: 'receivable' | 'promo-expense';
  /** Of a claim; the day of all else is the first. */
  readonly day: string;
  readonly goods: Goods | undefined;
}

interface Goods {
  readonly sku: string;
  readonly quantity: number;
}

/** What is promised by a token, on which day for the last time, and of which goods, where its kind is for goods. */
interface Terms {
  readonly kind: EntitlementKind;
  readonly untilDay: string | undefined;
  readonly goods: Goods | undefined;
}

const act: fc.Arbitrary<Act> = fc.record({
  act: fc.oneof(
    { weight: 12, arbitrary: fc.constant('claim' as const) },
    { weight: 4, arbitrary: fc.constant('issue' as const) },
    { weight: 3, arbitrary: fc.constant('release' as const) },
    { weight: 1, arbitrary: fc.constant('cancel' as const) },
  ),
  device: fc.nat(devices - 1),
  token: fc.nat(1),
  redemption: fc.nat(7),
  amountMinor: fc.constantFrom(300, 600, 700, 1001),
  loss: fc.constantFrom('receivable', 'promo-expense'),
  day: fc.constantFrom(day, day, day, nextDay),
  goods: fc.constantFrom(
    ...[1, 2, 2, 2, 3].map((quantity): Goods => ({ sku: 'MUG', quantity })),
    { sku: 'JUG', quantity: 1 },
    undefined,
  ),
});
const anyTerms: fc.Arbitrary<Terms> = fc.record({
  kind: fc.constantFrom<EntitlementKind>('gift', 'coupon', 'prize', 'credit'),
  untilDay: fc.constantFrom(day, undefined),
  goods: fc.constantFrom({ sku: 'MUG', quantity: 2 }, undefined),
});

/** Two mugs, today for the last time: asked for too many, other goods and none; tomorrow; and then two today, which are there. */
const lastDay: readonly Act[] = (
  [
    ['issue', day, undefined],
    ['claim', day, { sku: 'MUG', quantity: 3 }],
    ['claim', day, { sku: 'JUG', quantity: 1 }],
    ['claim', day, undefined],
    ['claim', nextDay, { sku: 'MUG', quantity: 2 }],
    ['claim', day, { sku: 'MUG', quantity: 2 }],
  ] as const
).map(([act, onDay, goods], redemption) => ({
  act,
  device: 0,
  token: 0,
  redemption,
  amountMinor: 600,
  loss: 'receivable',
  day: onDay,
  goods,
}));
const [promised, plain]: [Terms, Terms] = [
  { kind: 'prize', untilDay: day, goods: { sku: 'MUG', quantity: 2 } },
  { kind: 'gift', untilDay: undefined, goods: undefined },
];

async function perform(scene: Scene, termsOf: readonly Terms[], step: Act): Promise<void> {
  const { device, amountMinor, loss } = step;
  const [token, redemption] = [tokenHash(step.token), redemptionRef(step.redemption)];
  const { kind, untilDay, goods } = termsOf[step.token] ?? plain;
  const money = { currency: 'GBP', amountMinor, day };
  switch (step.act) {
    case 'issue': {
      const given = { holder: 'bearer', ...(accountOf[kind] === '' ? {} : { account: accountOf[kind] }) };
      const customer = kind === 'credit' ? { customer: 'C-1' } : {};
      const until = untilDay === undefined ? {} : { untilDay };
      const isForGoods = goods !== undefined && (kind === 'coupon' || kind === 'prize');
      const terms = { kind, ...given, ...customer, ...until, ...(isForGoods ? { goods } : {}) };
      const args = { token, keyId: scene.device(device), ...terms, ...money, amountMinor: 1000 };
      await scene.commit(device, 'entitlement.issue', args);
      return;
    }
    case 'claim': {
      const asked = step.goods === undefined ? {} : { goods: step.goods };
      await scene.commit(device, 'claim.spend', { token, redemption, loss, ...money, ...asked, day: step.day });
      return;
    }
    case 'release':
      await scene.commit(device, 'claim.release', { token, redemption, day });
      return;
    case 'cancel':
      await scene.commit(device, 'entitlement.cancel', { token, day, account: '4000', reason: '' });
  }
}

/** The log's ops about entitlements in their order, and what the kernel made of each. */
async function judgedOps(scene: Scene) {
  const [office] = scene.books;
  if (office === undefined) throw new Error('no office');
  const roles = new Map(office.query('SELECT device, role FROM devices').map((row) => [row['device'], row['role']]));
  const codes = new Map(
    office
      .query('SELECT hash, code, details FROM refusals UNION ALL SELECT hash, code, details FROM corrections')
      .map(({ hash, code, details }) => {
        const { reason = code } = JSON.parse(String(details)) as { reason?: string };
        return [String(hash), String(reason)];
      }),
  );
  const records = await office.log.settled(HQ, 0, 1000);
  return records
    .filter(({ op }) => /^(entitlement|claim)\./.test(op.verb))
    .map(({ op, hash }) => ({
      op: { verb: op.verb, device: op.device, isManager: roles.get(op.device) !== 'till', args: op.args },
      verdict: codes.get(hash) ?? 'ok',
    }));
}

function shown(scene: Scene): { outcomes: object; balances: object } {
  const [office] = scene.books;
  const outcomes = office?.query(
    `SELECT c.token || ' ' || c.redemption AS claim, coalesce(o.coveredMinor, 0) AS covered, coalesce(o.lostMinor, 0) AS lost
       FROM entitlementClaims c LEFT JOIN claimOutcomes o USING (scope, token, redemption)
      WHERE NOT EXISTS (SELECT 1 FROM claimReleases r WHERE r.token = c.token AND r.redemption = c.redemption)`,
  );
  const balances = office?.query('SELECT account, amountMinor FROM balances');
  return {
    outcomes: Object.fromEntries((outcomes ?? []).map((row) => [row['claim'], [row['covered'], row['lost']]])),
    balances: Object.fromEntries((balances ?? []).map((row) => [row['account'], row['amountMinor']])),
  };
}

describe('entitlements in any order of arrival', () => {
  it('come to what the reference says, op by op and in the books', async () => {
    const met = new Set<string>();
    await fc.assert(
      fc.asyncProperty(fc.tuple(anyTerms, anyTerms), anyHistory(devices, act), async (termsOf, steps) => {
        const scene = await createScene([...ledgerVerbs, ...entitlementVerbs], ['manager', 'till']);
        try {
          for (const args of chart) await scene.must(0, 'account.open', args);
          await scene.settle();
          for (const step of steps) if (!(await moved(scene, step))) await perform(scene, termsOf, step as Act);
          await scene.settle();
          const reference = new ReferenceDesk();
          for (const { op, verdict } of await judgedOps(scene)) {
            expect(verdict).toBe(reference.take(op));
            met.add(verdict);
          }
          const { outcomes, balances } = shown(scene);
          expect(outcomes).toEqual(reference.outcomes());
          expect(balances).toEqual(reference.balances(accountOf));
          await expectOneState(scene);
        } finally {
          await scene.close();
        }
      }),
      { numRuns: 30, seed: 2, examples: [[[promised, plain], lastDay]] },
    );
    // Histories in which nobody loses prove nothing.
    for (const verdict of [
      'ok',
      'retail/overspent',
      'retail/claimed',
      'retail/not-issued',
      'retail/claimed-before-issue',
      'retail/expired',
      'retail/other-goods',
    ])
      expect(met).toContain(verdict);
  });
});
