// What the office page shows, read from the folded tables: sales, stock, trial balance, devices and the tip.
import { trialBalance } from '@tallystick/ledger';
import type { ShopBook } from '../book.ts';
import { findingWords, otherViewWords } from '../relay-words.ts';
import { salesByDay, stockList } from '../queries.ts';
import { datedDocuments } from '../redated.ts';
import { readWaitingWork, type WaitingWork } from './acts.ts';
import { readCorrections, readRefusals, type ShownCorrection, type ShownRefusal } from './corrections.ts';

const shownDays = 31;
const shownDocuments = 13;
const shownStock = 500;

/** One document in the list of the latest ones. */
export interface RecentDocument {
  readonly number: string;
  readonly kind: string;
  readonly at: number;
  readonly device: string;
  readonly totalMinor: number;
  readonly currency: string;
  readonly lines: number;
}

/** Sums of one business day, or of one hour of it. */
export interface SalesSlot {
  /** Business day, or milliseconds of the start of an hour as text. */
  readonly slot: string;
  readonly sales: number;
  readonly refunds: number;
  readonly grossMinor: number;
  readonly refundedMinor: number;
}

/** A name and what was sold under it, tax included. */
export interface Rank {
  readonly name: string;
  readonly amountMinor: number;
}

export interface LiveDevice {
  readonly device: string;
  readonly name: string;
  readonly role: string;
  readonly ops: number;
  readonly documents: number;
  readonly lastAt: number;
  readonly self: boolean;
  readonly status: 'active' | 'revoked';
  /** Name of the device whose place it took, or ''. */
  readonly replaces: string;
  /** How the key in force is backed up: `passkey`, `organisation`, `shares`, with spaces between; '' when it cannot come back. */
  readonly backups: string;
  /** The code of a wiped browser that waits for its key out of escrow, or ''. */
  readonly asksForKey: string;
}

export interface LiveState {
  readonly book: { readonly id: string; readonly name: string; readonly currency: string };
  readonly relay: RelayHealth;
  readonly tip: {
    readonly scope: string;
    readonly size: number;
    readonly pending: number;
    readonly root: string;
    readonly note: string;
  };
  readonly days: readonly SalesSlot[];
  readonly hours: readonly SalesSlot[];
  readonly documents: readonly RecentDocument[];
  /** Of the latest day, the greatest first; what came back is taken off. */
  readonly bestSellers: readonly Rank[];
  readonly byTill: readonly Rank[];
  readonly stock: readonly {
    readonly sku: string;
    readonly name: string;
    readonly category: string;
    readonly onHand: number;
    readonly unitScale: number;
  }[];
  readonly stockSkus: number;
  readonly trialBalance: readonly {
    readonly account: string;
    readonly name: string;
    readonly kind: string;
    readonly currency: string;
    readonly amountMinor: number;
  }[];
  readonly devices: readonly LiveDevice[];
  readonly waitingWork: readonly WaitingWork[];
  /** The newest first; as many as a person looks through. */
  readonly corrections: readonly ShownCorrection[];
  readonly refused: readonly ShownRefusal[];
  /** What the relay was convicted of, a sentence each. */
  readonly relayFindings: readonly string[];
  /** Devices that say they saw another log, a sentence each. */
  readonly otherViews: readonly string[];
  readonly refusals: number;
  readonly asides: number;
  readonly openInvitations: number;
  readonly backups: ShownBackups;
}

/** How the backups of this office stand. */
export interface ShownBackups {
  readonly lines: readonly string[];
  /** People must see it: twice the cadence went by, or a place did not take the last one. */
  readonly isMissed: boolean;
}

export interface RelayHealth {
  readonly url: string;
  readonly state: 'connecting' | 'linked' | 'unreachable' | 'distrusted';
  /** When the last exchange ended well, 0 before the first. */
  readonly syncedAtMs: number;
  readonly message: string;
}

/** What the tables do not say. */
interface Facts {
  readonly currency: string;
  readonly relay: RelayHealth;
  readonly tip: LiveState['tip'];
  readonly asides: number;
  readonly backups: ShownBackups;
  readonly openInvitations: number;
  /** Devices whose key a browser waits for. */
  /** Codes by device. */
  readonly waiting: ReadonlyMap<string, string>;
}

/** A row whose columns are named as the members of `T`; every table here is STRICT, so their types are those declared. */
type RowOf<T> = Pick<T, keyof T>;

/** Everything the page shows, as of now. */
export function readLiveState(book: ShopBook, facts: Facts): LiveState {
  const { currency, relay, tip, asides, backups, openInvitations, waiting } = facts;
  const days = salesByDay(book, currency).slice(-shownDays);
  const stock = stockList(book);
  const { relayFindings, otherViews } = book.status();
  return {
    book: { id: book.id, name: textOf(book, "SELECT name AS value FROM books WHERE scope = 'hq'"), currency },
    relay,
    relayFindings: relayFindings.map(findingWords),
    otherViews: otherViews.map(otherViewWords),
    tip,
    days: days.map(({ day, ...sums }) => ({ slot: day, ...sums })),
    hours: salesByHour(book, days.at(-1)?.day ?? '', currency),
    documents: recentDocuments(book),
    bestSellers: ranks(book, bestSellersSql, days.at(-1)?.day ?? '', currency),
    byTill: ranks(book, byTillSql, days.at(-1)?.day ?? '', currency),
    stock: stock.slice(0, shownStock),
    stockSkus: stock.length,
    trialBalance: trialBalance(book),
    devices: liveDevices(book, waiting),
    waitingWork: readWaitingWork(book),
    corrections: readCorrections(book),
    refused: readRefusals(book),
    refusals: Number(textOf(book, 'SELECT count(*) AS value FROM refusals')),
    asides,
    backups,
    openInvitations,
  };
}

function textOf(book: ShopBook, sql: string): string {
  return String(book.query(sql, [])[0]?.['value'] ?? '');
}

function salesByHour(book: ShopBook, day: string, currency: string): readonly SalesSlot[] {
  return book.query<RowOf<SalesSlot>>(
    `SELECT CAST(at / 3600000 * 3600000 AS TEXT) AS slot, sum(kind = 'sale') AS sales, sum(kind IN ('refund', 'void')) AS refunds,
            sum(CASE WHEN kind = 'sale' THEN totalMinor ELSE 0 END) AS grossMinor,
            sum(CASE WHEN kind IN ('refund', 'void') THEN totalMinor ELSE 0 END) AS refundedMinor
       FROM ${datedDocuments} WHERE recordDay = ? AND currency = ? AND kind IN ('sale', 'refund', 'void', 'exchange')
      GROUP BY at / 3600000 ORDER BY at / 3600000`,
    [day, currency],
  );
}

const bestSellersSql = `
  SELECT max(l.name) AS name, sum(l.amountMinor + l.taxMinor) AS amountMinor
    FROM ${datedDocuments} d JOIN documentLines l ON l.scope = d.scope AND l.document = d.id
   WHERE d.recordDay = ? AND d.currency = ? AND d.kind IN ('sale', 'refund', 'void', 'exchange')
   GROUP BY l.sku ORDER BY amountMinor DESC, l.sku LIMIT 6`;

const byTillSql = `
  SELECT coalesce(v.name, d.device) AS name, sum(d.totalMinor) AS amountMinor
    FROM ${datedDocuments} d LEFT JOIN devices v ON v.scope = 'hq' AND v.device = d.device
   WHERE d.recordDay = ? AND d.currency = ? AND d.kind IN ('sale', 'refund', 'void', 'exchange')
   GROUP BY d.device ORDER BY amountMinor DESC, name LIMIT 6`;

function ranks(book: ShopBook, sql: string, day: string, currency: string): readonly Rank[] {
  return book.query<RowOf<Rank>>(sql, [day, currency]);
}

function recentDocuments(book: ShopBook): readonly RecentDocument[] {
  return book.query<RowOf<RecentDocument>>(
    `SELECT d.number, d.kind, d.at, coalesce(v.name, '') AS device, d.totalMinor, d.currency,
            (SELECT count(*) FROM documentLines l WHERE l.scope = d.scope AND l.document = d.id) AS lines
       FROM (SELECT * FROM documents ORDER BY at DESC, id DESC LIMIT ?) d
       LEFT JOIN devices v ON v.device = d.device ORDER BY d.at DESC, d.id DESC`,
    [shownDocuments],
  );
}

function liveDevices(book: ShopBook, waiting: ReadonlyMap<string, string>): readonly LiveDevice[] {
  const rows = book.query<RowOf<Omit<LiveDevice, 'self' | 'asksForKey'>>>(
    `SELECT v.device, v.name, v.role, v.status, coalesce(r.name, '') AS replaces, coalesce(k.kinds, '') AS backups,
            coalesce(c.seq, 0) AS ops, coalesce(d.documents, 0) AS documents, coalesce(d.lastAt, 0) AS lastAt
       FROM devices v LEFT JOIN devices r ON r.scope = v.scope AND r.device = v.replaces
       LEFT JOIN (SELECT scope, device, keyId, group_concat(kind, ' ' ORDER BY kind) AS kinds FROM keyBackups GROUP BY scope, device, keyId) k
         ON k.scope = v.scope AND k.device = v.device AND k.keyId = v.keyId
       LEFT JOIN (SELECT device, sum(seq) AS seq FROM chains GROUP BY device) c ON c.device = v.device
       LEFT JOIN (SELECT device, count(*) AS documents, max(at) AS lastAt FROM documents GROUP BY device) d ON d.device = v.device
      ORDER BY v.role <> 'owner', v.name, v.device`,
    [],
  );
  return rows.map((row) => ({ ...row, self: row.device === book.device, asksForKey: waiting.get(row.device) ?? '' }));
}
