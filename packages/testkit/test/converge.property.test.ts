// The central property (DESIGN section 4): whatever several devices do, and however their ops travel, the books are those of a fold from nothing,
// on either driver, and end alike everywhere.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BookStore } from '@tallystick/kernel';
import { nodeCrypto, nodeStore } from '@tallystick/kernel/node';
import { sqljsStore } from '@tallystick/kernel/sqljs';
import { createMemoryLogStore } from '@tallystick/oplog';
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
} from '@tallystick/testkit';
import fc from 'fast-check';
import initSqlJs from 'sql.js';
import { describe, expect, it } from 'vitest';

const sqlite = await initSqlJs();
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
  await expectFolded(fleet);
  for (const { name, book } of fleet.members) {
    expect({ name, digest: book.digest() }).toEqual({ name, digest: fleet.book(0).digest() });
    expect({ name, pending: book.pendingOps() }).toEqual({ name, pending: [] });
    const store = nodeStore(':memory:');
    const { problems } = await book.prove(store);
    await store.close();
    expect({ name, problems }).toEqual({ name, problems: [] });
  }
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

describe.each(Object.entries(shelves))('any trading day on %s', (_name, makeShelf) => {
  it('is the fold of its ops from nothing, whatever came when', { timeout: 240_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(...history, (seed, shop, events) => runHistory(makeShelf, seed, shop, events)),
      { numRuns: Number(process.env['PROPERTY_RUNS'] ?? 12) },
    );
  });
});
