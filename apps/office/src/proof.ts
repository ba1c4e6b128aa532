// The proof at the end of trading: the same books four times. As they are; folded from the log into a fresh better-sqlite3 and
// into sql.js; and rebuilt from the tills after the office (and an embedded relay) have been deleted.
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { nodeStore } from '@tallystick/kernel/node';
import { sqljsStore } from '@tallystick/kernel/sqljs';
import { trialBalance } from '@tallystick/ledger';
import { createFileLogStore } from '@tallystick/oplog/file';
import { createNodeAppendFile } from '@tallystick/oplog/node';
import initSqlJs from 'sql.js';
import { deviceKey, officeStore, openTill, type ShopBook } from './book.ts';
import { OfficeError } from './errors.ts';
import { bringBack, dropAside, type Home, moveAside } from './home.ts';
import { grouped, type Progress } from './progress.ts';
import { openEmbeddedRelay } from './relay.ts';
import { type Edge, hq, openEdge, rebuildOffice, refillRelay, relayTip, type Tip, tipOf } from './rebuild.ts';
import type { TradedBooks } from './trade.ts';

const coverPage = 1_000;

/** Digests of the same log folded in different places; equal when nothing is wrong. */
export interface Digests {
  readonly officeDigest: string;
  readonly replayDigest: string;
  readonly sqljsDigest: string;
}

/** Folds the whole log, verifying it, into a fresh better-sqlite3 file and into sql.js. */
export async function replayDigests(home: Home, office: ShopBook, progress: Progress): Promise<Digests> {
  const officeDigest = office.digest().digest;
  const native = progress.begin('replay into better-sqlite3');
  const replayed = await replayIntoFile(home, office);
  native.finish(`${grouped(replayed.ops)} ops`);
  const portable = progress.begin('replay into sql.js');
  const inMemory = await replayIntoSqlJs(home, office);
  portable.finish(`${grouped(inMemory.ops)} ops`);
  return { officeDigest, replayDigest: replayed.digest, sqljsDigest: inMemory.digest };
}

/** A fold of a book's log from nothing. */
export interface Replay {
  readonly digest: string;
  readonly ops: number;
  readonly signatures: number;
}

export async function replayIntoFile(home: Home, book: ShopBook): Promise<Replay> {
  return withScratch(home, async (folder) => {
    const fresh = nodeStore(join(folder, 'replay.db'));
    try {
      return replayOf(await book.replay(fresh));
    } finally {
      await fresh.close();
    }
  });
}

/** The projections lie in memory, as they do in a browser; the log beside them in a file. */
export async function replayIntoSqlJs(home: Home, book: ShopBook): Promise<Replay> {
  return withScratch(home, async (folder) => {
    const log = createFileLogStore(createNodeAppendFile(join(folder, 'replay.log')));
    const fresh = sqljsStore({ sqlite: await initSqlJs(), log });
    try {
      return replayOf(await book.replay(fresh));
    } finally {
      await fresh.close();
    }
  });
}

function replayOf(replayed: Awaited<ReturnType<ShopBook['replay']>>): Replay {
  const problem = replayed.problems[0];
  if (problem !== undefined)
    throw new OfficeError(
      'office/proof',
      `op ${problem.hash} in the log does not verify: ${problem.code} ${problem.message}`,
    );
  return { digest: replayed.digest.digest, ops: replayed.ops, signatures: replayed.signatures };
}

/** Runs work with an empty folder inside the data directory, which is gone afterwards. */
export async function withScratch<T>(home: Home, work: (folder: string) => Promise<T>): Promise<T> {
  const folder = join(home.root, 'scratch');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  try {
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What came out of deleting and rebuilding. */
export interface Rebuilt {
  readonly books: TradedBooks;
  readonly rebuiltDigest: string;
  /** What the relay says after it was refilled, or, when it was left alone, what it always said. */
  readonly relay: Tip;
  readonly same: boolean;
}

/**
 * Deletes the office's database, and an embedded relay's, and rebuilds both from the tills. The old ones are kept aside until
 * the new ones have been found equal, and come back when they are not.
 */
export async function rebuildFromTills(
  home: Home,
  books: TradedBooks,
  officeDigest: string,
  progress: Progress,
): Promise<Rebuilt> {
  const before = tipOf(books.office);
  await coverOffice(home, books, before);
  const isEmbedded = books.settings.relay.kind === 'embedded';
  await books.office.close();
  if (isEmbedded) await books.relay.close();
  moveAside(home.officeFile);
  if (isEmbedded) moveAside(home.relayFile);
  const opened: { close(): Promise<void> }[] = [];
  try {
    const step = progress.begin('rebuild from the tills');
    const office = await rebuildFrom(home, books.settings.tills);
    opened.unshift(office);
    const relay = isEmbedded ? await openEmbeddedRelay(home) : books.relay;
    if (isEmbedded) opened.unshift(relay);
    const after = isEmbedded
      ? await refillRelay(office, relay.client)
      : await relayTip(office, relay.client, await deviceKey(home.officeFile));
    const rebuiltDigest = office.digest().digest;
    const same = rebuiltDigest === officeDigest && after.size === before.size && after.root === before.root;
    step.finish(`${grouped(after.size)} ops${isEmbedded ? ', and the relay refilled' : ''}`);
    if (!same) throw new OfficeError('office/proof', differs(officeDigest, rebuiltDigest, before, after));
    dropAside(home.officeFile);
    if (isEmbedded) dropAside(home.relayFile);
    return { books: { ...books, office, relay }, rebuiltDigest, relay: after, same };
  } catch (error) {
    for (const resource of opened) await resource.close();
    bringBack(home.officeFile);
    if (isEmbedded) bringBack(home.relayFile);
    throw error;
  }
}

function differs(digest: string, rebuilt: string, before: Tip, after: Tip): string {
  return `the rebuilt books differ: digest ${digest} is now ${rebuilt}, ${before.size} ops of root ${before.root} are now ${after.size} of root ${after.root}`;
}

async function rebuildFrom(home: Home, tills: number): Promise<ShopBook> {
  const edges = openEdges(home, tills);
  try {
    return await rebuildOffice(officeStore(home), edges);
  } finally {
    for (const edge of edges) await edge.close();
  }
}

function openEdges(home: Home, tills: number): ReturnType<typeof openEdge>[] {
  return Array.from({ length: tills }, (_, index) => openEdge(home.tillFile(index)));
}

/** Ops of the office that no till has pulled would be lost with it: one till takes them in first. */
async function coverOffice(home: Home, books: TradedBooks, tip: Tip): Promise<void> {
  const edges = openEdges(home, books.settings.tills);
  const covered = await isCovered(books.office, edges, tip);
  for (const edge of edges) await edge.close();
  if (covered) return;
  const till = await openTill(home.tillFile(0), books.office.id);
  await till.sync(books.relay.client);
  await till.close();
}

/** Whether every settled op of the office is in some till's log. */
async function isCovered(office: ShopBook, edges: readonly Edge[], tip: Tip): Promise<boolean> {
  for (let from = 0; from < tip.size; from += coverPage) {
    const page = await office.log.settled(hq, from, coverPage);
    if (page.some((record) => !edges.some((edge) => edge.log.has(record.hash)))) return false;
  }
  return true;
}

/** Sum of the trial balance over all accounts: zero in books that balance. */
export function trialBalanceSum(book: ShopBook): number {
  return trialBalance(book).reduce((sum, row) => sum + row.amountMinor, 0);
}
