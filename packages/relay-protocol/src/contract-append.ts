// Cases of the contract of relay stores: what appending keeps, replaces and refuses.
import { deepEqual, equal, rejects } from 'node:assert/strict';
import type { OpRecord } from '@tallystick/oplog';
import { branch, createContractBook, hq } from './contract-book.ts';
import { all, batchOf, bytesOf, type Case, plain, rootOf } from './contract-case.ts';
import type { Claim, LogState } from './store.ts';

export const appendCases: readonly Case[] = [
  {
    name: 'has nothing in the beginning',
    async run({ store, fleet }) {
      const { book, genesis } = fleet;
      equal(await store.bookCount(), 0);
      deepEqual(await store.scopes(book), []);
      equal(await store.log(book, hq), undefined);
      equal((await store.chains(book, hq, [genesis.op.device])).size, 0);
      equal((await store.find(book, hq, [genesis.hash])).size, 0);
      equal(await store.page(book, hq, 0, all), undefined);
      deepEqual(await store.records(book, hq, 0, 10), []);
      equal(await store.tile(book, hq, 0, 0), undefined);
      deepEqual(await store.enrolments(book), []);
    },
  },

  {
    name: 'keeps the first identity it is given',
    async run({ store }) {
      equal(await store.adoptIdentity('relay+1+a'), 'relay+1+a');
      equal(await store.adoptIdentity('other+2+b'), 'relay+1+a');
    },
  },

  {
    name: 'gives back what a batch put in',
    async run({ store, fleet }) {
      const { book, genesis, root } = fleet;
      const records = [genesis, ...root.writeMany(3)];
      const tile = { level: 0, index: 0, hashes: new Uint8Array(128).fill(7) };
      await store.append([
        batchOf(book, hq, 0, records, { tiles: [tile], enrolments: [{ position: 0, isFork: false }] }),
      ]);
      const expected: LogState = {
        size: 4,
        frontier: ['ab'.repeat(32), 'cd'.repeat(32)],
        root: rootOf(4),
      };
      deepEqual(await store.log(book, hq), expected);
      equal(await store.bookCount(), 1);
      const bytes = records.reduce((sum, record) => sum + record.bytes.length, 0);
      equal((await store.storedBytes?.(book)) ?? bytes, bytes);
      deepEqual(await store.scopes(book), [{ scope: hq, size: 4 }]);
      const last = records[3] as OpRecord;
      const chains = await store.chains(book, hq, [last.op.device]);
      deepEqual([...chains.values()], [{ seq: 4, hash: last.hash, forks: 0, late: 0 }]);
      const found = await store.find(
        book,
        hq,
        records.map(({ hash }) => hash),
      );
      deepEqual(
        [...found.values()].map(({ position }) => position),
        [0, 1, 2, 3],
      );
      deepEqual(found.get(last.hash), { position: 3, device: last.op.device, seq: 4 });
      deepEqual((await store.records(book, hq, 1, 2)).map(plain), records.slice(1, 3).map(bytesOf));
      deepEqual(plain((await store.tile(book, hq, 0, 0)) as Uint8Array), plain(tile.hashes));
      const enrolments = await store.enrolments(book);
      deepEqual(
        enrolments.map(({ hash, bytes }) => [hash, plain(bytes)]),
        [[genesis.hash, bytesOf(genesis)]],
      );
    },
  },

  {
    name: 'replaces tiles and chains',
    async run({ store, fleet }) {
      const { book, genesis, root } = fleet;
      const hashes = (count: number): Uint8Array => new Uint8Array(32 * count).fill(count);
      await store.append([batchOf(book, hq, 0, [genesis], { tiles: [{ level: 0, index: 0, hashes: hashes(1) }] })]);
      const second = root.write();
      const chains = new Map([[second.op.device, { seq: 2, hash: second.hash, forks: 5, late: 2 }]]);
      const tiles = [{ level: 0, index: 0, hashes: hashes(2) }];
      await store.append([batchOf(book, hq, 1, [second], { chains, tiles })]);
      equal((await store.tile(book, hq, 0, 0))?.length, 64);
      const chain = (await store.chains(book, hq, [second.op.device])).get(second.op.device);
      deepEqual(chain, { seq: 2, hash: second.hash, forks: 5, late: 2 });
    },
  },

  {
    name: 'refuses a batch that does not start at the end, and keeps nothing of it',
    async run({ store, fleet }) {
      const { book, genesis, root } = fleet;
      await store.append([batchOf(book, hq, 0, [genesis])]);
      for (const from of [0, 2]) {
        const late = root.write();
        await rejects(async () => store.append([batchOf(book, hq, from, [late])]), {
          code: 'relay/conflict',
        });
        equal((await store.find(book, hq, [late.hash])).size, 0);
      }
      equal((await store.log(book, hq))?.size, 1);
    },
  },

  {
    name: 'gives a token to the first batch that claims it, in one log',
    async run({ store, fleet }) {
      const { book, genesis, root } = fleet;
      const [first, second] = [root.write(), root.write()];
      await store.append([batchOf(book, hq, 0, [genesis, first], { claims: [{ token: 'gift/1', position: 1 }] })]);
      const holder = { hash: first.hash, device: first.op.device, position: 1 };
      deepEqual(await store.claims(book, hq, ['gift/1', 'gift/2']), new Map([['gift/1', holder]]));
      const [free, taken] = ['gift/2', 'gift/1'].map((token) => ({ token, position: 2 })) as [Claim, Claim];
      const late = async (): Promise<void> => store.append([batchOf(book, hq, 2, [second], { claims: [free, taken] })]);
      await rejects(late, { code: 'relay/conflict' });
      equal((await store.log(book, hq))?.size, 2);
      equal((await store.claims(book, hq, ['gift/2'])).size, 0);
      const away = root.write({ scope: branch });
      await store.append([batchOf(book, branch, 0, [away], { claims: [{ token: 'gift/1', position: 0 }] })]);
      equal((await store.claims(book, branch, ['gift/1'])).get('gift/1')?.hash, away.hash);
      await store.append([batchOf(book, hq, 2, [second], { claims: [free] })]);
      deepEqual((await store.claims(book, hq, ['gift/1'])).get('gift/1'), holder);
      equal((await store.claims(book, hq, ['gift/2'])).get('gift/2')?.hash, second.hash);
    },
  },

  {
    name: 'takes the batches of several logs together, or none of them',
    async run({ store, fleet, name }) {
      const { book, genesis, root } = fleet;
      const other = createContractBook(`${name} other`);
      const [first, away] = [root.write(), root.write({ scope: branch })];
      await store.append([
        batchOf(book, hq, 0, [genesis], { enrolments: [{ position: 0, isFork: false }] }),
        batchOf(other.book, hq, 0, [other.genesis], { enrolments: [{ position: 0, isFork: false }] }),
        batchOf(book, branch, 0, [away]),
        batchOf(book, hq, 1, [first]),
      ]);
      deepEqual(await store.scopes(book), [
        { scope: branch, size: 1 },
        { scope: hq, size: 2 },
      ]);
      deepEqual(
        (await store.enrolments(other.book)).map(({ hash }) => hash),
        [other.genesis.hash],
      );
      const [second, gone] = [root.write(), root.write({ scope: branch })];
      const torn = [batchOf(book, hq, 2, [second]), batchOf(book, branch, 2, [gone])];
      await rejects(async () => store.append(torn), { code: 'relay/conflict' });
      equal((await store.log(book, hq))?.size, 2);
      equal((await store.find(book, hq, [second.hash])).size, 0);
      equal((await store.page(book, hq, 0, all))?.root, rootOf(2));
      equal(await store.rootAt(book, branch, 2), undefined);
    },
  },
];
