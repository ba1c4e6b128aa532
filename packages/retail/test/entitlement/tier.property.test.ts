/** What tills take on trust without a network, and who answers for it: against a purse that is counted by hand. */
import { nodeCrypto } from '@tallystick/kernel/node';
import type { WalletEntry } from '@tallystick/sign/token';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { entitlementAlarms, findDoubleClaims } from '../../src/entitlement.ts';
import { newWallet, newWalletKey, openBranches, setTiers, spend } from './branches.ts';

const faceMinor = 1_000;
const anySpend = fc.record({
  branch: fc.nat({ max: 1 }),
  amountMinor: fc.constantFrom(100, 300, 500, 700, 1_000),
});

it('takes no more of a token on trust than the tier, and what nothing covers is owed in the name of the till', async () => {
  const shop = await openBranches();
  const met = { taken: 0, refused: 0, lost: 0 };
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(0, 300, 600, 1_000),
      fc.array(anySpend, { minLength: 1, maxLength: 6 }),
      async (tierMinor, spends) => {
        await setTiers(shop, tierMinor);
        const url = await shop.issue({ amountMinor: faceMinor });
        await shop.settle();
        const before = { owed: shop.balance('1100'), gifts: shop.balance('2310') };
        const trusted = [0, 0];
        for (const { branch, amountMinor } of spends) {
          const answer = await spend(shop.branches[branch]!, url, amountMinor);
          // What a till has taken it knows itself; of the other branch it has not heard.
          const room = Math.min(tierMinor, faceMinor) - trusted[branch]!;
          expect(answer).toEqual(
            amountMinor <= room ? 'taken' : expect.stringMatching(/^retail\/(claim-first|claimed|overspent)$/),
          );
          if (answer === 'taken') trusted[branch]! += amountMinor;
          met[answer === 'taken' ? 'taken' : 'refused'] += 1;
        }
        await shop.settle();
        const given = trusted[0]! + trusted[1]!;
        const lostMinor = Math.max(0, given - faceMinor);
        expect(shop.balance('1100') - before.owed).toBe(lostMinor);
        expect(shop.balance('2310') - before.gifts).toBe(given - lostMinor);
        const alarms = entitlementAlarms(shop.office);
        expect(alarms.reduce((sum, alarm) => sum + (alarm.lostMinor ?? 0), 0)).toBe(met.lost + lostMinor);
        const devices = shop.branches.map(({ book }) => book.device);
        for (const { kind, device } of alarms)
          expect([kind, devices.includes(device as never)]).toEqual(['lost', true]);
        met.lost += lostMinor;
      },
    ),
    {
      seed: 1,
      numRuns: 6,
      // Two branches hand out more than there is; one asks for more than its tier.
      examples: [
        [
          1_000,
          [
            { branch: 0, amountMinor: 700 },
            { branch: 1, amountMinor: 700 },
          ],
        ],
        [300, [{ branch: 0, amountMinor: 500 }]],
      ],
      endOnFailure: true,
    },
  );
  expect(Math.min(met.taken, met.refused, met.lost)).toBeGreaterThan(0);
  await shop.close();
}, 60_000);

it('names the wallet of which both copies claimed, and no other', async () => {
  const shop = await openBranches();
  await setTiers(shop, 500);
  const met = { double: 0, single: 0 };
  const convicted = new Set<string>();
  await fc.assert(
    fc.asyncProperty(fc.boolean(), fc.boolean(), async (atFirst, atSecond) => {
      const url = await shop.issue({ holder: 'bound', amountMinor: 500 });
      await shop.settle();
      const [key, entries]: [Awaited<ReturnType<typeof newWalletKey>>, WalletEntry[]] = [await newWalletKey(), []];
      await newWallet(key, entries);
      const copies = [await newWallet(key, [...entries]), await newWallet(key, [...entries])];
      for (const [index, isThere] of [atFirst, atSecond].entries())
        if (isThere) expect(await spend(shop.branches[index]!, url, 500, { wallet: copies[index]! })).toBe('taken');
      await shop.settle();
      if (atFirst && atSecond) convicted.add(key.device);
      met[atFirst && atSecond ? 'double' : 'single'] += 1;
      const found = await findDoubleClaims(shop.office, nodeCrypto);
      expect(new Set(found.flatMap((one) => (one.kind === 'double-claim' ? one.wallets : [])))).toEqual(convicted);
      expect(found).toHaveLength(convicted.size);
    }),
    {
      seed: 1,
      numRuns: 4,
      examples: [
        [true, true],
        [true, false],
      ],
      endOnFailure: true,
    },
  );
  expect(Math.min(met.double, met.single)).toBeGreaterThan(0);
  await shop.close();
}, 60_000);
