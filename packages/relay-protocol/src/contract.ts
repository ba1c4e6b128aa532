// The contract that every relay store passes, as cases for any test runner: the core has them for its own stores, and the maker of another
// store for that one. Records are real; roots and frontiers are made up, since a store keeps them and computes none.
import { deepEqual, equal } from 'node:assert/strict';
import type { MaybePromise } from '@tallystick/oplog';
import { appendCases } from './contract-append.ts';
import { createContractBook, deviceOf, hq } from './contract-book.ts';
import { all, batchOf, bytesOf, type Case, plain } from './contract-case.ts';
import { checkDeletedKeys, requireBar } from './contract-keys.ts';
import { readingCases } from './contract-reading.ts';
import type { RelayStore } from './store.ts';

export interface StoreUnderTest {
  /** Empty, and used by nobody else. */
  readonly store: RelayStore;
  /** The same data once more, after `store` was closed. A store that forgets has none. */
  readonly reopen?: (() => MaybePromise<RelayStore>) | undefined;
}

export interface StoreCase {
  /** What it shows. */
  readonly name: string;
  /** Rejects with an `AssertionError` where the store does not do it. Closes the stores that it used. */
  readonly run: (made: StoreUnderTest) => Promise<void>;
}

const cases: readonly Case[] = [
  ...appendCases,
  ...readingCases,
  {
    name: 'has everything again after it was opened again',
    needsReopen: true,
    async run({ store, reopen, fleet, name }) {
      const { book, genesis, root } = fleet;
      const records = [genesis, ...root.writeMany(4)];
      const tile = { level: 0, index: 0, hashes: new Uint8Array(160).fill(9) };
      await store.adoptIdentity('relay+1+a');
      await store.append([
        batchOf(book, hq, 0, records, {
          tiles: [tile],
          enrolments: [{ position: 0, isFork: false }],
          claims: [{ token: 'gift/1', position: 3 }],
        }),
      ]);
      const key = `${'5a'.repeat(16)}.1.${'0'.repeat(16)}`;
      const wrapped = { device: deviceOf('one'), text: 'wrapped' };
      await store.keys.put(book, key, wrapped, 1);
      const keyBook = createContractBook(`${name} keys`).book;
      await checkDeletedKeys(store.keys, keyBook, deviceOf('one'));
      await store.close();
      const again = await reopen();
      deepEqual(await again.keys.get(book, key), { ...wrapped, signedAt: 1 });
      await requireBar(again.keys, keyBook, deviceOf('one'));
      equal(await again.adoptIdentity('other+2+b'), 'relay+1+a');
      equal((await again.log(book, hq))?.size, 5);
      deepEqual((await again.page(book, hq, 0, all))?.records.map(plain), records.map(bytesOf));
      equal((await again.tile(book, hq, 0, 0))?.length, 160);
      equal((await again.enrolments(book))?.length, 1);
      equal((await again.claims(book, hq, ['gift/1'])).get('gift/1')?.position, 3);
      await again.append([batchOf(book, hq, 5, [root.write()])]);
      equal((await again.log(book, hq))?.size, 6);
    },
  },
];

/** The cases of a store of this name, without those of opening it again where `reopens` is false. */
export function relayStoreCases(name: string, { reopens = true }: { readonly reopens?: boolean } = {}): StoreCase[] {
  return cases
    .filter(({ needsReopen = false }) => reopens || !needsReopen)
    .map((one) => ({ name: one.name, run: (made) => runCase(name, one, made) }));
}

async function runCase(name: string, one: Case, { store, reopen }: StoreUnderTest): Promise<void> {
  const opened = [store];
  try {
    await one.run({
      store,
      fleet: createContractBook(name),
      name,
      async reopen() {
        if (reopen === undefined) throw new TypeError(`${name} has no reopen`);
        const again = await reopen();
        opened.push(again);
        return again;
      },
    });
  } finally {
    await opened.at(-1)?.close();
  }
}
