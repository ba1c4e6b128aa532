// The central property (DESIGN section 4): whatever several devices do, and however their ops travel, the books are those of a fold from nothing,
// on either driver, and end alike everywhere.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BookStore, SqlDriver } from '@tallystick/kernel';
import { nodeCrypto, nodeStore } from '@tallystick/kernel/node';
import { sqljsStore } from '@tallystick/kernel/sqljs';
import { createMemoryLogStore } from '@tallystick/oplog/memory';
import {
  anySchedule,
  anyShop,
  auditShop,
  createFleet,
  type Event,
  type Fleet,
  type MemberOptions,
  play,
  type Shop,
  type ShopBook,
} from '@tallystick/testkit';
import fc from 'fast-check';
import initSqlJs from 'sql.js';
import { afterEach, describe, expect, it, vi } from 'vitest';
// A fault is planted inside the kernel, where no export reaches.
import { Tail } from '../../kernel/src/tail.ts';
import { TouchIndex } from '../../kernel/src/touch-index.ts';

const sqlite = await initSqlJs();
/** Histories a run; more for a hunt. */
const runs = Number(process.env['PROPERTY_RUNS'] ?? 12);
const members: readonly MemberOptions[] = [
  { name: 'office', role: 'owner' },
  { name: 'till-1', role: 'manager', skewMs: 2 * 86_400_000 },
  { name: 'till-2', role: 'manager', scope: 'b/1' },
  { name: 'till-3', role: 'till', scope: 'b/1', skewMs: -3_600_000 },
];

/** Where the members of one fleet keep their books; what one stored it finds again when it reopens. */
interface Shelf {
  store(member: number): BookStore;
  clear(): void;
}

const shelves: Readonly<Record<'better-sqlite3' | 'sql.js', () => Shelf>> = {
  'better-sqlite3': () => {
    const folder = mkdtempSync(join(tmpdir(), 'tallystick-converge-'));
    return {
      store: (member) => nodeStore(join(folder, `${member}.db`)),
      clear: () => rmSync(folder, { recursive: true, force: true }),
    };
  },
  'sql.js': () => {
    const logs = members.map(() => createMemoryLogStore());
    return {
      store: (member) => {
        const log = logs[member];
        return { ...sqljsStore({ sqlite, ...(log === undefined ? {} : { log }) }), crypto: nodeCrypto };
      },
      clear: () => undefined,
    };
  },
};

const fresh: readonly (() => BookStore)[] = [
  () => nodeStore(':memory:'),
  () => ({ ...sqljsStore({ sqlite }), crypto: nodeCrypto }),
];

/** The live state of every member is the fold of its log from nothing on both drivers, and its tables agree with each other. */
async function expectFolded(fleet: Fleet): Promise<void> {
  for (const { name, book } of fleet.members) {
    const live = book.digest();
    for (const open of fresh) {
      const store = open();
      const { digest, problems } = await book.replay(store);
      await store.close();
      expect({ name, problems, digest }).toEqual({ name, problems: [], digest: live });
    }
    expect({ name, findings: auditShop(book) }).toEqual({ name, findings: [] });
  }
}

/** Once everything has come to everybody: one digest, every row proven, every signature that is left vouched for. */
async function expectSettled(fleet: Fleet): Promise<void> {
  await fleet.settle();
  await fleet.exchange();
  await fleet.settle();
  // What waited aside until now, and no relay takes, goes round once more.
  await fleet.exchange();
  await expectFolded(fleet);
  for (const { name, book } of fleet.members) {
    expect({ name, digest: book.digest() }).toEqual({ name, digest: fleet.book(0).digest() });
    expect({ name, left: await membersPending(fleet, book) }).toEqual({ name, left: [] });
    const store = nodeStore(':memory:');
    const { problems } = await book.prove(store);
    await store.close();
    expect({ name, problems }).toEqual({ name, problems: [] });
  }
}

/** What members wrote and the relay has not. It may refuse a guest who is enrolled only by the losing branch of a fork. */
async function membersPending(fleet: Fleet, book: ShopBook): Promise<string[]> {
  const devices = new Set(fleet.members.map((member) => member.book.device));
  const left: string[] = [];
  for (const { hash } of book.pendingOps()) {
    const stored = await book.log.get(hash);
    if (stored === undefined || devices.has(stored.record.op.device)) left.push(hash);
  }
  return left;
}

async function runHistory(makeShelf: () => Shelf, seed: number, shop: Shop, events: readonly Event[]): Promise<void> {
  const shelf = makeShelf();
  const fleet = await createFleet({ seed, members, shop, crypto: nodeCrypto, store: (member) => shelf.store(member) });
  try {
    const stage = play(fleet, 'shared');
    for (const [index, event] of events.entries()) {
      await stage.next(event);
      if (index === events.length >> 1) await expectFolded(fleet);
    }
    await expectFolded(fleet);
    await expectSettled(fleet);
  } finally {
    await fleet.close();
    shelf.clear();
  }
}

const history = [
  fc.nat({ max: 1_000_000 }),
  anyShop({ maxProducts: 4 }),
  anySchedule({ members: members.length, minEvents: 4, maxEvents: 30 }),
] as const;

function anyHistory(makeShelf: () => Shelf) {
  return fc.asyncProperty(...history, (seed, shop, events) => runHistory(makeShelf, seed, shop, events));
}

describe.each(Object.entries(shelves))('any trading day on %s', (_name, makeShelf) => {
  it('is the fold of its ops from nothing, whatever came when', async () => {
    // The first history that breaks is reported as it is: making it smaller takes longer than the test may.
    await fc.assert(anyHistory(makeShelf), { numRuns: runs, endOnFailure: true });
  });
});

// A guest whom only the losing branch of a fork enrolled: what two members had aside of it went round one after the other.
it.each([
  { seed: 1_076_930_358, path: '2' },
  { seed: 2_066_066_356, path: '1' },
])('holds for the history of seed $seed, which once broke', async (drawn) => {
  await fc.assert(anyHistory(shelves['sql.js']), { ...drawn, numRuns: 1, endOnFailure: true });
});

describe('the property goes red', () => {
  /** What the first history that breaks says; undefined when none does. */
  async function firstBreak(makeShelf: () => Shelf, numRuns = 12): Promise<unknown> {
    const found = await fc.check(anyHistory(makeShelf), { numRuns, seed: 7, endOnFailure: true });
    return found.failed ? found.errorInstance : undefined;
  }

  afterEach(() => vi.restoreAllMocks());

  it('on a fold that never takes its tail back', async () => {
    vi.spyOn(TouchIndex.prototype, 'conflicts').mockReturnValue(false);
    expect(await firstBreak(shelves['sql.js'])).toMatchObject({ name: 'AssertionError' });
  });

  it('but not where no replica has the index of its tail: each is folded again', async () => {
    vi.spyOn(Tail.prototype, 'conflicts').mockReturnValue(undefined);
    expect(await firstBreak(shelves['sql.js'], 3)).toBeUndefined();
  });

  it('on a driver that drops one write', async () => {
    const forgetful = (): Shelf => {
      const shelf = shelves['sql.js']();
      return { ...shelf, store: (member) => forgetting(shelf.store(member)) };
    };
    expect(await firstBreak(forgetful)).toMatchObject({ name: 'AssertionError' });
  });
});

function forgetting(store: BookStore): BookStore {
  return { ...store, sql: dropWrite(store.sql, 5) };
}

/** A driver that says it has done the write with this number to a table of balances, and has not. */
function dropWrite(sql: SqlDriver, dropped: number): SqlDriver {
  let writes = 0;
  return {
    ...sql,
    prepare(text) {
      const statement = sql.prepare(text);
      if (!text.startsWith('INSERT INTO "balances"')) return statement;
      return { ...statement, run: (params) => (++writes === dropped ? 1 : statement.run(params)) };
    },
  };
}
