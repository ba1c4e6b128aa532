// The gate for the packages' own verbs: each has effect in a generated history, which folds alike live and again, on both drivers.
import { type BookStore, defineVerb } from '@tallystick/kernel';
import { nodeCrypto, nodeStore } from '@tallystick/kernel/node';
import { sqljsStore } from '@tallystick/kernel/sqljs';
import { checkBook, everyVerb, liveEveryVerb } from '@tallystick/testkit';
import initSqlJs from 'sql.js';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';

const sqlite = await initSqlJs();
const stores = {
  'better-sqlite3': () => nodeStore(':memory:'),
  'sql.js': () => ({ ...sqljsStore({ sqlite }), crypto: nodeCrypto }),
};

describe('the history of a seed', () => {
  it('folds every verb, everywhere alike', async () => {
    const digests: string[] = [];
    for (const store of Object.values(stores)) digests.push(await digestOf(1, store));
    expect(new Set(digests).size).toBe(1);
  });

  // Another shop and another day, lived on one store and replayed on both. In fewer steps a rare verb may not occur.
  it.each([2, 3, 4, 5])('folds alike in seed %i too', async (seed) => {
    expect(await digestOf(seed, seed % 2 === 0 ? stores['sql.js'] : stores['better-sqlite3'], 40)).toMatch(
      /^[0-9a-f]{64}$/,
    );
  });
});

/** Lives the history, and compares what it came to with a replay on each store. */
async function digestOf(seed: number, store: () => BookStore, steps?: number): Promise<string> {
  const fleet = await liveEveryVerb({ seed, crypto: nodeCrypto, store, ...(steps === undefined ? {} : { steps }) });
  const verbs = steps === undefined ? everyVerb : [];
  const report = await checkBook(fleet.book(0), { verbs, crypto: nodeCrypto, stores });
  expect(report.problems).toEqual([]);
  for (const { book } of fleet.members) expect(book.digest().digest).toBe(report.digest);
  await fleet.close();
  return report.digest;
}

it('is shut to a verb that a package adds and no history has', async () => {
  const added = defineVerb({
    name: 'shop.added',
    version: 1,
    roles: [],
    tables: [],
    args: z.strictObject({}),
    plan: () => [],
  });
  const fleet = await liveEveryVerb({ seed: 1, crypto: nodeCrypto, store: stores['better-sqlite3'] });
  const { problems } = await checkBook(fleet.book(0), { verbs: [...everyVerb, added], crypto: nodeCrypto, stores: {} });
  await fleet.close();
  expect(problems).toEqual(['no op of shop.added@1 was accepted: nothing is known of it']);
});
