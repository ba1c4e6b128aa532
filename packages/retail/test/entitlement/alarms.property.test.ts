/** What is handed out and what is claimed, on three devices: whatever does not fit together is named, with who answers for it, against a list read by hand. */
import { ledgerVerbs } from '@tallystick/ledger';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createScene, type Scene } from '../../../guards/test/scene.ts';
import { type EntitlementAlarm, entitlementAlarms } from '../../src/entitlement.ts';
import { chart, retailVerbs } from '../../src/index.ts';
import { day, redemptionRef, tokenHash } from './desk.ts';

const currency = 'GBP';
const faceMinor = 1_000;
const anyKind = fc.constantFrom('gift' as const, 'coupon' as const);
const anyGoods = fc.constantFrom(undefined, undefined, { sku: 'MUG', quantity: 1 }, { sku: 'MUG', quantity: 2 });
// Four of them are less than the face of a gift: of that nothing is lost.
const amountMinor = fc.constantFrom(100, 100, 200);

const anyToken = fc.record({
  kind: anyKind,
  /** By whom, the office or the manager, and where, one after another. */
  issues: fc
    .tuple(fc.constantFrom(['hq'], ['hq', 'claims'], ['claims', 'hq'], ['claims'], []), fc.nat(1), fc.nat(1))
    .map(([scopes, ...devices]) => scopes.map((scope, at) => ({ scope, device: devices[at] ?? 0 }))),
  /** Who claims of it. */
  claimant: fc.nat(2),
  /** Whose key signed it, as the claimant says. */
  signer: fc.constantFrom(undefined, 0, 1),
});
type Token = typeof anyToken extends fc.Arbitrary<infer T> ? T : never;

const anyRedemption = fc.record({
  token: fc.nat(1),
  handed: fc.option(
    fc.record({ device: fc.nat(2), times: fc.constantFrom(1, 1, 1, 2), kind: anyKind, amountMinor, goods: anyGoods }),
    { freq: 5, nil: undefined },
  ),
  claimed: fc.option(fc.record({ amountMinor, goods: anyGoods, isReleased: fc.boolean() }), {
    freq: 5,
    nil: undefined,
  }),
});
type Redemption = typeof anyRedemption extends fc.Arbitrary<infer R> ? R : never;

const goodsOf = <G>(goods: G | undefined) => (goods === undefined ? {} : { goods });

async function issue(scene: Scene, tokens: readonly Token[]): Promise<void> {
  for (const args of chart) await scene.must(0, 'account.open', args);
  for (const kind of ['gift', 'coupon'])
    await scene.must(0, 'entitlement.tier', { kind, currency, mostMinor: faceMinor });
  await scene.settle();
  for (const [index, { kind, issues }] of tokens.entries())
    for (const { scope, device } of issues) {
      const account = kind === 'gift' ? { account: '2300' } : {};
      const terms = { kind, holder: 'bearer', currency, amountMinor: faceMinor, day, ...account };
      const token = { token: tokenHash(index), keyId: scene.device(device) };
      await scene.must(device, 'entitlement.issue', { ...token, ...terms }, scope);
      await scene.settle();
    }
}

async function redeem(scene: Scene, tokens: readonly Token[], index: number, one: Redemption): Promise<void> {
  const { handed, claimed } = one;
  const { claimant, signer } = tokens[one.token]!;
  const named = { token: tokenHash(one.token), redemption: redemptionRef(index) };
  for (let time = 0; time < (handed?.times ?? 0); time++) {
    const { device, kind, amountMinor, goods } = handed!;
    const tender = { kind: 'entitlement', ...named, entitlement: kind, amountMinor, ...goodsOf(goods) };
    const lines = [{ sku: 'MUG', name: 'Mug', quantity: 2, unitPriceMilliMinor: amountMinor * 500 }];
    await scene.must(device, 'sale.complete', { day, currency, taxIncluded: true, lines, tenders: [tender] });
  }
  if (claimed === undefined) return;
  const signed = signer === undefined ? {} : { issuerKeyId: scene.device(signer) };
  const facts = { currency, amountMinor: claimed.amountMinor, day, loss: 'promo-expense', ...goodsOf(claimed.goods) };
  await scene.must(claimant, 'claim.spend', { ...named, ...signed, ...facts });
  if (claimed.isReleased) await scene.must(claimant, 'claim.release', { ...named, day });
}

/** The alarms of what was done, by the words of the list of them. */
function alarmsOf(scene: Scene, tokens: readonly Token[], redemptions: readonly Redemption[]): EntitlementAlarm[] {
  const used = new Set<number>();
  const found = redemptions.flatMap(({ token: of, handed, ...one }, index): EntitlementAlarm[] => {
    const { kind, issues, claimant, signer } = tokens[of]!;
    const claimed = one.claimed?.isReleased === true ? undefined : one.claimed;
    if (handed === undefined && claimed === undefined) return [];
    const isIssued = issues.some(({ scope }) => scope === 'hq');
    const handedMinor = (handed?.amountMinor ?? 0) * (handed?.times ?? 0);
    const claimedMinor = claimed?.amountMinor ?? 0;
    // A coupon is taken once, and claims are of `hq` alone.
    const isLost = claimed !== undefined && (!isIssued || (kind === 'coupon' && used.has(of)));
    if (claimed !== undefined) used.add(of);
    const isOther =
      JSON.stringify(handed?.goods) !== JSON.stringify(claimed?.goods) || (isIssued && handed?.kind !== kind);
    const kinds: EntitlementAlarm['kind'][] = [];
    if (claimed === undefined) kinds.push('unclaimed');
    else if (handed === undefined) kinds.push('unredeemed');
    else if (handedMinor !== claimedMinor || isOther) kinds.push('differs');
    if (claimed !== undefined && !isIssued) kinds.push('unissued');
    else if (isLost) kinds.push('lost');
    const facts = {
      token: tokenHash(of),
      redemption: redemptionRef(index),
      claimant: claimed === undefined ? '' : scene.device(claimant),
      currency,
      handedMinor,
      claimedMinor,
      lostMinor: isLost ? claimedMinor : 0,
    };
    const answers = (alarm: string): number =>
      alarm === 'unissued' ? (signer ?? claimant) : (handed?.device ?? claimant);
    return kinds.map((alarm) => ({ kind: alarm, device: scene.device(answers(alarm)), ...facts }));
  });
  const nothing = { redemption: '', claimant: '', currency, handedMinor: 0, claimedMinor: 0, lostMinor: 0 };
  const twice = tokens.flatMap(({ issues: [, second] }, of): EntitlementAlarm[] =>
    second === undefined
      ? []
      : [{ kind: 'issued-twice', token: tokenHash(of), device: scene.device(second.device), ...nothing }],
  );
  return [...found, ...twice];
}

const sorted = (alarms: readonly EntitlementAlarm[]): readonly object[] =>
  alarms
    .map((alarm) => Object.entries(alarm).toSorted())
    .toSorted((left, right) => (String(left) < String(right) ? -1 : 1));

/** A coupon that the manager issued again, handed out by a till as a gift. */
const [again, plain]: [Token, Token] = [
  {
    kind: 'coupon',
    issues: [
      { scope: 'hq', device: 0 },
      { scope: 'claims', device: 1 },
    ],
    claimant: 2,
    signer: 0,
  },
  { kind: 'gift', issues: [], claimant: 1, signer: 0 },
];
const asGift = {
  token: 0,
  handed: { device: 2, times: 1, kind: 'gift', amountMinor: 100, goods: undefined },
  claimed: { amountMinor: 100, goods: undefined, isReleased: false },
} satisfies Redemption;
/** After it the coupon is claimed once more, and nothing handed out; of the other, which nobody issued, one is claimed and one is not. */
const others: readonly Redemption[] = [
  { ...asGift, handed: undefined },
  { ...asGift, token: 1 },
  { ...asGift, token: 1, claimed: undefined },
];

it('names whatever was handed out, claimed or issued and does not fit, once, with who answers for it', async () => {
  const met = new Set<string>();
  await fc.assert(
    fc.asyncProperty(
      fc.tuple(anyToken, anyToken),
      fc.array(anyRedemption, { minLength: 1, maxLength: 4 }),
      async (tokens, redemptions) => {
        const scene = await createScene([...ledgerVerbs, ...retailVerbs], ['manager', 'till']);
        try {
          await issue(scene, tokens);
          for (const [index, one] of redemptions.entries()) await redeem(scene, tokens, index, one);
          await scene.settle();
          const expected = alarmsOf(scene, tokens, redemptions);
          for (const book of scene.books) expect(sorted(entitlementAlarms(book))).toEqual(sorted(expected));
          for (const { kind } of expected) met.add(kind);
        } finally {
          await scene.close();
        }
      },
    ),
    {
      numRuns: 12,
      seed: 1,
      examples: [
        [
          [again, plain],
          [asGift, ...others],
        ],
      ],
    },
  );
  expect(met).toEqual(new Set(['unclaimed', 'unredeemed', 'differs', 'unissued', 'lost', 'issued-twice']));
});
