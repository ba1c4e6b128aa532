/** Two branches of one book with a till each, an office, a relay that can be out of reach, and customers with wallets. */
import { type Book, openBook } from '@tallystick/kernel';
import { nodeCrypto, nodeStore } from '@tallystick/kernel/node';
import { ledgerVerbs } from '@tallystick/ledger';
import { encodeHex, type Scope } from '@tallystick/oplog';
import { chart, retailVerbs, type SaleCompleteArgs } from '@tallystick/retail';
import {
  createDesk,
  type Desk,
  type EntitlementDraft,
  mintEntitlement,
  type ReadEntitlement,
  type Taken,
  type TakeOptions,
} from '@tallystick/retail/entitlement';
import type { DeviceKey } from '@tallystick/sign';
import { createMemoryKeyStore } from '@tallystick/sign';
import { openWallet, type ShownToken, type Wallet, type WalletEntry } from '@tallystick/sign/token';
import { createLocalRelay } from '@tallystick/testkit';

const verbs = [...ledgerVerbs, ...retailVerbs] as const;
export type ShopBook = Book<typeof verbs>;
export const day = '2026-11-21';
export const CLAIMS = 'claims' as Scope;
const currency = 'GBP';
const { hasher, ed25519 } = nodeCrypto;

export interface Branch {
  readonly book: ShopBook;
  readonly key: DeviceKey;
  readonly scope: Scope;
  /** The desk of its till; without `online` the relay does not answer it. */
  desk(online?: boolean): Desk;
  /** Exchanges with the relay. */
  sync(): Promise<void>;
  /** Sells goods of this amount for an entitlement that was taken. */
  sell(taken: Taken): Promise<string>;
}

export interface Branches {
  readonly office: ShopBook;
  /** The office's first key. */
  readonly officeKey: DeviceKey;
  readonly branches: readonly [Branch, Branch];
  /** Everybody exchanges everything with the relay, until all have all. */
  settle(): Promise<void>;
  /** Issues at the office, in `claims`; answers the URL that the customer gets. */
  issue(draft: Partial<EntitlementDraft>): Promise<string>;
  /** What the sum over scopes says of an account, in pounds. */
  balance(account: string): number;
  close(): Promise<void>;
}

let clockMs = 1_795_000_000_000;
const edge = () => ({ now: () => (clockMs += 10), random });

function random(count: number): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(count));
}

class OutOfReach extends Error {
  readonly code = 'relay/unreachable';
}

/** What the customer's phone is; given entries make it a copy of another. */
export async function newWallet(key?: DeviceKey, entries: WalletEntry[] = []): Promise<Wallet> {
  const own = key ?? (await createMemoryKeyStore(ed25519, hasher).create('wallet'));
  const store = { load: () => [...entries], append: (entry: WalletEntry) => void entries.push(entry) };
  return openWallet({ key: own, store, hasher, ...edge() });
}

export async function newWalletKey(): Promise<DeviceKey> {
  return createMemoryKeyStore(ed25519, hasher).create('wallet');
}

export async function openBranches(): Promise<Branches> {
  const relay = await createLocalRelay({ crypto: nodeCrypto, nowMs: () => (clockMs += 1) });
  const common = { verbs, crypto: nodeCrypto, relayKey: relay.vkey, replicate: 'all' as const };
  const officeKeys = createMemoryKeyStore(ed25519, hasher);
  const office = await openBook({ ...common, store: nodeStore(':memory:'), keys: officeKeys, edge: edge() });
  await office.commitAll(chart.map((args) => ({ verb: 'account.open', args }) as const));
  const sync = async (book: ShopBook): Promise<void> => void (await book.sync(relay.client()));
  // A branch reads of `hq` what has a position.
  await sync(office);
  const open = async (scope: Scope): Promise<Branch> => {
    const keys = createMemoryKeyStore(ed25519, hasher);
    const key = await keys.create('device');
    const { device, publicKey } = key;
    const till = { device, key: encodeHex(publicKey), name: `till ${scope}`, role: 'till' as const };
    mustBe(await office.commit('device.enroll', till, { scope }));
    const book = await openBook({
      ...common,
      store: nodeStore(':memory:'),
      keys,
      edge: edge(),
      book: office.id,
      scope,
    });
    for (const one of [office, book, office, book]) await sync(one);
    await book.anchor();
    const admission = await book.admission();
    if (admission === undefined) throw new Error('not enrolled');
    mustBe(await office.commit('device.admit', admission, { scope: CLAIMS }));
    return {
      book,
      key,
      scope,
      desk: (online = false) =>
        createDesk({
          book,
          scope: CLAIMS,
          hasher,
          ed25519,
          random,
          sync: () => (online ? sync(book) : Promise.reject(new OutOfReach('the line is down'))),
        }),
      sync: () => sync(book),
      sell: async ({ tender }) => mustBe(await book.commit('sale.complete', saleOf(tender.amountMinor, [tender]))),
    };
  };
  const branches = [await open('b/1' as Scope), await open('b/2' as Scope)] as const;
  const all = [office, ...branches.map(({ book }) => book)];
  const settle = async (): Promise<void> => {
    for (let round = 0; round < 3; round++) for (const book of all) await sync(book);
  };
  await settle();
  const officeKey = await officeKeys.load('device');
  if (officeKey === undefined) throw new Error('the office has no key');
  return {
    office,
    officeKey,
    branches,
    settle,
    issue: async (draft) => {
      const { kind = 'gift' } = draft;
      const account = kind === 'gift' ? { account: '2300' } : kind === 'prize' ? { account: '6200' } : {};
      const customer = kind === 'credit' ? { customer: 'C-1' } : {};
      const terms = { kind, holder: 'bearer', currency, amountMinor: 1000, day, ...account, ...customer } as const;
      const place = { key: officeKey, book: office.id, page: 'https://tea.example/t', hasher };
      const minted = await mintEntitlement({ ...terms, ...draft }, { ...place, number: encodeHex(random(16)) });
      mustBe(await office.commit('entitlement.issue', minted.args, { scope: CLAIMS }));
      return minted.url;
    },
    balance: (account) => {
      const [row] = office.query('SELECT sum(amountMinor) AS n FROM balances WHERE account = ? AND currency = ?', [
        account,
        currency,
      ]);
      return Number(row?.['n'] ?? 0);
    },
    close: async () => {
      for (const book of all) await book.close();
      await relay.close();
    },
  };
}

/** How much of each kind tills take on trust. */
export async function setTiers({ office }: Branches, mostMinor: number): Promise<void> {
  for (const kind of ['gift', 'coupon', 'prize', 'credit'] as const)
    mustBe(await office.commit('entitlement.tier', { kind, currency, mostMinor }));
}

export function saleOf(amountMinor: number, tenders: SaleCompleteArgs['tenders']): SaleCompleteArgs {
  const line = { sku: 'MUG', name: 'Mug', quantity: 1, unitPriceMilliMinor: amountMinor * 1000 };
  return { day, currency, taxIncluded: true, lines: [line], tenders };
}

/** Shows a token at a desk, out of a wallet or bare. */
export async function present(desk: Desk, url: string, wallet?: Wallet): Promise<ReadEntitlement | string> {
  const challenge = desk.challenge();
  const carried = wallet === undefined ? undefined : await wallet.carry(url);
  let shown: ShownToken = {};
  if (wallet !== undefined && carried?.ok === true) {
    const answer = await wallet.show(carried.value, challenge);
    if (!answer.ok) return answer.code;
    shown = answer.value;
  }
  const read = await desk.read({ url, challenge, day, ...shown });
  return read.ok ? read.value : read.code;
}

/** Shows a token and has it taken: `taken`, or the code of why not. What is taken is sold. */
export async function spend(
  branch: Branch,
  url: string,
  amountMinor: number,
  { online = false, wallet, ...rest }: { online?: boolean; wallet?: Wallet } & Partial<TakeOptions> = {},
): Promise<string> {
  const desk = branch.desk(online);
  const read = await present(desk, url, wallet);
  if (typeof read === 'string') return read;
  const taken = await desk.take(read, { amountMinor, day, loss: 'receivable', ...rest });
  if (!taken.ok) return taken.code;
  await branch.sell(taken.value);
  return 'taken';
}

function mustBe(commit: Awaited<ReturnType<ShopBook['commit']>>): string {
  if (!commit.ok) throw new Error(`${commit.code} ${JSON.stringify(commit.details)}`);
  return commit.id;
}
