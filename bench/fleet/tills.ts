/** The fleet: one firm, its branches as scopes, ten tills in each; and the ops they sign. All of it comes from a seed. */
import { createHash } from 'node:crypto';
import { nodeHasher } from '@tallystick/chain/node';
import {
  type BookId,
  encodeHex,
  type JsonObject,
  type Op,
  type OpHash,
  type OpId,
  type OpRecord,
  parseScope,
  type Scope,
  type VerbRef,
} from '@tallystick/oplog';
import { createMemoryKeyStore, type DeviceKey, signOp } from '@tallystick/sign';
import { nodeEd25519 } from '@tallystick/sign/node';
import { createDice } from '@tallystick/testkit';
import { anySale } from '../sales.ts';

export const hq = parseScope('hq') as Scope;
export const TILLS_A_BRANCH = 10;
/** Products that every till has from `hq`. */
const CATALOGUE = 200;
const START_MS = 1_764_500_000_000;
const CURRENCY = 'GBP';
const DAY = '2026-11-21';

/** One device and where its chains stand. */
export interface Author {
  readonly key: DeviceKey;
  readonly book: BookId;
  write(scope: Scope, verb: string, args: JsonObject): OpRecord;
}

export function branchOf(till: number): Scope {
  return parseScope(`b/${String(Math.floor(till / TILLS_A_BRANCH)).padStart(5, '0')}`) as Scope;
}

export function keyOf(name: string): DeviceKey {
  const seed = createHash('sha256').update(`tallystick bench fleet ${name}`).digest();
  const store = createMemoryKeyStore({ ...nodeEd25519, generate: () => nodeEd25519.fromSeed(seed) }, nodeHasher);
  return store.create('device') as DeviceKey;
}

/** `start` gives the last op of the chain in a scope, or the op that enrolled the device. */
export function createAuthor(
  key: DeviceKey,
  book: BookId,
  start: (scope: Scope) => { readonly seq: number; readonly hash: OpHash },
): Author {
  const heads = new Map<Scope, { seq: number; hash: OpHash }>();
  let minted = 0;
  return {
    key,
    book,
    write(scope, verb, args) {
      const { seq, hash } = heads.get(scope) ?? start(scope);
      minted += 1;
      const at = START_MS + minted * 1_000;
      const common = { args, at, device: key.device, id: mintId(key, at, minted), prev: hash, scope };
      const op: Op = { ...common, seq: seq + 1, verb: verb as VerbRef };
      const record = signOp(op, key, book, nodeHasher) as OpRecord;
      heads.set(scope, { seq: seq + 1, hash: record.hash });
      return record;
    },
  };
}

function mintId({ device }: DeviceKey, atMs: number, count: number): OpId {
  const ms = atMs.toString(16).padStart(12, '0');
  const low = `${device.slice(0, 10)}${count.toString(16).padStart(5, '0')}`;
  return `${ms.slice(0, 8)}-${ms.slice(8)}-7${low.slice(0, 3)}-8${low.slice(3, 6)}-${low.slice(6).padEnd(12, '0').slice(0, 12)}` as OpId;
}

export interface Firm {
  /** The office, which may read all. */
  readonly office: DeviceKey;
  readonly book: BookId;
  /** The genesis op and the catalogue: what `hq` holds. */
  readonly opening: readonly OpRecord[];
  /** The office changes a price in `hq`, and claims a token by it where it is given one. */
  reprice(product: number, token?: string): OpRecord;
  /** The enrolments of a branch's tills, in its scope. */
  enrol(branch: Scope, tills: readonly DeviceKey[]): readonly OpRecord[];
}

export function openFirm(): Firm {
  const key = keyOf('office');
  const args = { key: encodeHex(key.publicKey), name: 'Bench fleet', verbs: [] };
  const opening: Op = {
    args,
    at: START_MS,
    device: key.device,
    id: mintId(key, START_MS, 0),
    scope: hq,
    seq: 1,
    verb: 'book.open@1' as VerbRef,
  };
  const genesis = signOp(opening, key, undefined, nodeHasher) as OpRecord;
  const book = String(genesis.hash) as BookId;
  const office = createAuthor(key, book, (scope) => ({ seq: scope === hq ? 1 : 0, hash: genesis.hash }));
  const catalogue = Array.from({ length: CATALOGUE }, (_, product) =>
    office.write(hq, 'price.set@1', {
      sku: `SKU-${String(product + 1).padStart(4, '0')}`,
      currency: CURRENCY,
      unitPriceMilliMinor: 1_000 * (50 + product),
    }),
  );
  return {
    office: key,
    book,
    opening: [genesis, ...catalogue],
    reprice: (product, token) =>
      office.write(hq, 'price.set@1', {
        sku: `SKU-${String((product % CATALOGUE) + 1).padStart(4, '0')}`,
        currency: CURRENCY,
        unitPriceMilliMinor: 1_000 * (51 + product),
        ...(token === undefined ? {} : { claim: token }),
      }),
    enrol: (branch, tills) =>
      tills.map(({ device, publicKey }) =>
        office.write(branch, 'device.enroll@1', {
          device,
          key: encodeHex(publicKey),
          name: `till ${device.slice(0, 8)}`,
          role: 'till',
        }),
      ),
  };
}

/** What a till hands in, and what it is worth to the books. */
export interface Message {
  readonly record: OpRecord;
  readonly minor: number;
}

/** The start-of-day receipt: the session is open with this float. */
export function morning(till: number, author: Author): Message {
  const floatMinor = 5_000 + (till % 100) * 100;
  const args = { currency: CURRENCY, day: DAY, floatMinor, session: `till-${till}/1` };
  return { record: author.write(branchOf(till), 'session.open@1', args), minor: 0 };
}

/** The end-of-day fold: what the day's sales come to. */
export function evening(till: number, author: Author): Message {
  const dice = createDice(till + 1);
  const [cashMinor, cardMinor] = [dice.below(200_000), dice.below(900_000)];
  const minor = cashMinor + cardMinor;
  const args = {
    currency: CURRENCY,
    day: DAY,
    sales: 60 + dice.below(90),
    session: `till-${till}/1`,
    taxMinor: Math.round(minor / 6),
    tenders: [
      { amountMinor: cashMinor, kind: 'cash' },
      { amountMinor: cardMinor, kind: 'card' },
    ],
  };
  return { record: author.write(branchOf(till), 'session.close@1', args), minor };
}

/** A day's sales in full: three lines each, priced and taxed as the till does. */
export function sales(seed: number, author: Author, count: number, branch: Scope): Message[] {
  const dice = createDice(1_000_000 + seed);
  return Array.from({ length: count }, () => {
    const { args } = anySale(dice);
    const record = author.write(branch, 'sale.complete@1', args as unknown as JsonObject);
    return { record, minor: takingsOf(record) };
  });
}

/** What an op adds to the firm's takings: the sum of its tenders. */
export function takingsOf({ op }: Pick<OpRecord, 'op'>): number {
  const tenders = (op.args['tenders'] ?? []) as readonly { readonly amountMinor: number }[];
  return tenders.reduce((sum, { amountMinor }) => sum + amountMinor, 0);
}
