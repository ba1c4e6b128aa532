/** Gift balances, coupons and prizes in two branches: what is refused in hand, and who answers for what was handed out twice. */
import { nodeCrypto } from '@tallystick/kernel/node';
import { type EntitlementAlarmKind, entitlementAlarms, findDoubleClaims } from '@tallystick/retail/entitlement';
import type { WalletEntry } from '@tallystick/sign/token';
import {
  type Branches,
  day,
  newWallet,
  newWalletKey,
  openBranches,
  present,
  setTiers,
  spend,
} from '../packages/retail/test/entitlement/branches.ts';
import type { Facts, Population, Witness } from './claim.ts';

interface Shown {
  readonly of: Population;
  readonly facts: Facts;
  readonly holds: boolean;
}
type Play = (shop: Branches, broken: boolean) => Promise<Shown>;

/** Devices that an alarm of this kind names. */
function named({ office }: Branches, kind: EntitlementAlarmKind): readonly string[] {
  return entitlementAlarms(office)
    .filter((alarm) => alarm.kind === kind)
    .map(({ device }) => device);
}

function handedOut({ office }: Branches): number {
  return Number(office.query('SELECT count(*) AS n FROM redemptions')[0]?.['n'] ?? 0);
}

const corrections = ({ office }: Branches): number =>
  Number(office.query("SELECT count(*) AS n FROM corrections WHERE code = 'retail/claim-first'")[0]?.['n'] ?? 0);

/** A sale that a gift pays, by a program that claims nothing and asks no desk. */
async function sellPastDesk(book: Branches['branches'][number]['book'], amountMinor: number): Promise<string> {
  const goods = { sku: 'tea', name: 'tea', quantity: 1, unitPriceMilliMinor: amountMinor * 1000 };
  const token = String(amountMinor % 10).repeat(64);
  const tender = { kind: 'entitlement', entitlement: 'gift', token, redemption: 'e'.repeat(32), amountMinor } as const;
  const sale = { day, currency: 'GBP', taxIncluded: true, lines: [goods], tenders: [tender] } as const;
  const commit = await book.commit('sale.complete', sale);
  return commit.ok ? 'ok' : commit.code;
}

/** Both tills read a prize as unused, then both want to hand it out. The fault: each takes it on trust instead of claiming first. */
const readUnused: Play = async (shop, broken) => {
  if (broken) await setTiers(shop, 1000);
  const url = await shop.issue({ kind: 'prize' });
  await shop.settle();
  let unused = 0;
  const hands = [];
  for (const branch of shop.branches) {
    const read = await present(branch.desk(!broken), url);
    if (typeof read === 'string') continue;
    unused += 1;
    hands.push(async () => {
      const taken = await branch.desk(!broken).take(read, { amountMinor: 1000, day, loss: 'receivable' });
      if (taken.ok) await branch.sell(taken.value);
    });
  }
  for (const handOut of hands) await handOut();
  await shop.settle();
  const handed = handedOut(shop);
  return { of: { unused }, facts: { handed }, holds: unused === 2 && handed === 1 && named(shop, 'lost').length === 0 };
};

/** Two tills without a network take 6.00 each of a gift of 10.00. The fault: the second never hands in its claim. */
const offlineOverspend: Play = async (shop, broken) => {
  await setTiers(shop, 600);
  const url = await shop.issue({});
  await shop.settle();
  const [first, second] = shop.branches;
  await spend(first, url, 600);
  const read = await present(second.desk(), url);
  if (typeof read === 'string') throw new Error(read);
  const taken = await second.desk().take(read, { amountMinor: 600, day, loss: 'receivable' });
  if (!taken.ok) throw new Error(taken.code);
  await second.sell(taken.value);
  if (broken) await taken.value.release(day);
  await shop.settle();
  const [liability, receivable] = [shop.balance('2310'), shop.balance('1100')];
  const losers = named(shop, 'lost');
  return {
    of: { handed: handedOut(shop) },
    facts: { liability, receivable, losers: losers.length },
    holds: liability === 0 && receivable === 200 && losers.length === 1 && losers[0] === second.book.device,
  };
};

/** A till hands out and claims nothing. The fault: it claims. */
const unclaimed: Play = async (shop, broken) => {
  await setTiers(shop, 600);
  const url = await shop.issue({});
  await shop.settle();
  const [{ book, ...till }] = shop.branches;
  const read = await present(till.desk(), url);
  if (typeof read === 'string') throw new Error(read);
  const taken = await till.desk().take(read, { amountMinor: 600, day, loss: 'receivable' });
  if (!taken.ok) throw new Error(taken.code);
  await till.sell(taken.value);
  if (!broken) await taken.value.release(day);
  await shop.settle();
  const alarms = named(shop, 'unclaimed');
  return {
    of: { handed: handedOut(shop) },
    facts: { alarms: alarms.length },
    holds: alarms.length === 1 && alarms[0] === book.device,
  };
};

/**
 * More than its tier is not handed out without a network, in one or in many, nor by a program that asks no desk; what a lower tier comes too late for stands, and is said. The
 * fault: the tier is that high.
 */
const tier: Play = async (shop, broken) => {
  await setTiers(shop, broken ? 1000 : 300);
  const url = await shop.issue({});
  await shop.settle();
  const [till] = shop.branches;
  const verdicts: string[] = [];
  for (const amountMinor of [301, 200, 200]) verdicts.push(await spend(till, url, amountMinor));
  verdicts.push(await sellPastDesk(till.book, 301));
  const before = corrections(shop);
  await setTiers(shop, broken ? 1000 : 100);
  await shop.settle();
  verdicts.push(await sellPastDesk(till.book, 200));
  await shop.settle();
  const said = corrections(shop) - before;
  return {
    of: { asked: verdicts.length },
    facts: { verdicts: verdicts.join(','), said },
    holds: verdicts.join() === 'retail/claim-first,taken,retail/claim-first,retail/claim-first,ok' && said === 1,
  };
};

/** A prize is forwarded: the URL alone, and to another wallet. The fault: it was issued to whoever shows it. */
const forwarded: Play = async (shop, broken) => {
  const url = await shop.issue({ kind: 'gift', holder: broken ? 'bearer' : 'bound' });
  await shop.settle();
  const [first, second] = shop.branches;
  const bare = await spend(first, url, 100, { online: true });
  const owner = await spend(first, url, 100, { online: true, wallet: await newWallet() });
  await shop.settle();
  const friend = await spend(second, url, 100, { online: true, wallet: await newWallet() });
  return {
    of: { shown: 3 },
    facts: { bare, owner, friend },
    holds: bare === 'token/claim' && owner === 'taken' && friend === 'token/claimed',
  };
};

/** A wallet and its copy claim one token at two tills that cannot know. The fault: there is no copy. */
const doubleClaim: Play = async (shop, broken) => {
  await setTiers(shop, 500);
  const url = await shop.issue({ holder: 'bound' });
  await shop.settle();
  const key = await newWalletKey();
  const entries: WalletEntry[] = [];
  await newWallet(key, entries);
  const phone = await newWallet(key, [...entries]);
  const copy = broken ? phone : await newWallet(key, [...entries]);
  const [first, second] = shop.branches;
  const shown = [await spend(first, url, 500, { wallet: phone }), await spend(second, url, 500, { wallet: copy })];
  await shop.settle();
  const findings = await findDoubleClaims(shop.office, nodeCrypto);
  const convicted = findings.filter(
    (finding) => finding.kind === 'double-claim' && finding.wallets.every((wallet) => wallet === key.device),
  );
  return {
    of: { taken: shown.filter((verdict) => verdict === 'taken').length },
    facts: { proofs: findings.length },
    holds: convicted.length === 1 && findings.length === 1 && named(shop, 'lost')[0] === second.book.device,
  };
};

const plays: Readonly<Record<string, Play>> = {
  'read-unused': readUnused,
  'offline-overspend': offlineOverspend,
  unclaimed,
  tier,
  forwarded,
  'double-claim': doubleClaim,
};

export const entitlements: Witness = {
  name: 'entitlements',
  claims: Object.keys(plays),
  async run({ broken, claim }) {
    for (const [name, play] of Object.entries(plays)) {
      const shop = await openBranches();
      try {
        const { of, facts, holds } = await play(shop, broken);
        claim(of, { claim: name, ...facts }, holds);
      } finally {
        await shop.close();
      }
    }
  },
};
