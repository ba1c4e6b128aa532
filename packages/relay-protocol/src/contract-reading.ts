// Cases of the contract of relay stores: what is told of logs, cosignatures, enrolments and wrapped keys to whoever asks.
import { deepEqual, equal } from 'node:assert/strict';
import type { DeviceId, RootHash, Scope } from '@tallystick/oplog';
import { branch, createContractBook, deviceOf, hq } from './contract-book.ts';
import { batchOf, bytesOf, type Case, plain, rootOf } from './contract-case.ts';
import { checkDeletedKeys, checkSweptBars } from './contract-keys.ts';

export const readingCases: readonly Case[] = [
  {
    name: 'serves whole batches within the limits, and always one',
    async run({ store, fleet }) {
      const { book, genesis, root } = fleet;
      const records = [genesis, ...root.writeMany(9)];
      const cuts = [0, 1, 4, 6, 10];
      for (const [index, from] of cuts.slice(0, -1).entries()) {
        await store.append([batchOf(book, hq, from, records.slice(from, cuts[index + 1]))]);
      }
      const pageOf = async (
        from: number,
        maxOps: number,
        maxBytes = 1 << 20,
      ): Promise<[number, RootHash] | undefined> => {
        const page = await store.page(book, hq, from, { maxOps, maxBytes });
        if (page === undefined) return undefined;
        const expected = records.slice(from, from + page.records.length).map(bytesOf);
        deepEqual(page.records.map(plain), expected);
        return [page.records.length, page.root];
      };
      deepEqual(await pageOf(0, 10), [10, rootOf(10)]);
      deepEqual(await pageOf(0, 9), [6, rootOf(6)]);
      deepEqual(await pageOf(0, 5), [4, rootOf(4)]);
      deepEqual(await pageOf(0, 0), [1, rootOf(1)]);
      deepEqual(await pageOf(6, 1), [4, rootOf(10)]);
      deepEqual(await pageOf(2, 2), [2, rootOf(4)]);
      deepEqual(await pageOf(0, 10, 1), [1, rootOf(1)]);
      equal(await pageOf(10, 10), undefined);
      const short = records.slice(0, 4).reduce((sum, { bytes }) => sum + bytes.length, 0);
      deepEqual(await pageOf(0, 10, short), [4, rootOf(4)]);
    },
  },

  {
    name: 'keeps scopes and books apart',
    async run({ store, fleet, name }) {
      const other = createContractBook(`${name} other`);
      const away = fleet.root.write({ scope: branch });
      await store.append([
        batchOf(fleet.book, hq, 0, [fleet.genesis], { enrolments: [{ position: 0, isFork: false }] }),
      ]);
      await store.append([
        batchOf(other.book, hq, 0, [other.genesis], { enrolments: [{ position: 0, isFork: false }] }),
      ]);
      await store.append([batchOf(fleet.book, branch, 0, [away])]);
      equal(await store.bookCount(), 2);
      deepEqual(await store.scopes(fleet.book), [
        { scope: branch, size: 1 },
        { scope: hq, size: 1 },
      ]);
      deepEqual(await store.scopes(other.book), [{ scope: hq, size: 1 }]);
      equal((await store.find(other.book, hq, [fleet.genesis.hash, away.hash])).size, 0);
      equal((await store.find(fleet.book, hq, [away.hash])).size, 0);
      equal((await store.chains(other.book, hq, [fleet.genesis.op.device])).size, 0);
      deepEqual(await store.records(other.book, branch, 0, 5), []);
      deepEqual(
        (await store.enrolments(other.book)).map(({ hash }) => hash),
        [other.genesis.hash],
      );
    },
  },

  {
    name: 'tells everybody who asks in the same moment of their own log',
    async run({ store, fleet }) {
      const { book, genesis, root } = fleet;
      const sold = root.write({ scope: branch });
      const { device } = genesis.op;
      const tile = (fill: number) => ({ level: 0, index: 0, hashes: new Uint8Array(32 * fill).fill(fill) });
      await store.append([
        batchOf(book, hq, 0, [genesis, root.write()], { tiles: [tile(2)] }),
        batchOf(book, branch, 0, [sold], { tiles: [tile(1)] }),
      ]);
      const nowhere = 'b/nowhere' as Scope;
      const ask = async (scope: Scope): Promise<unknown> => {
        const [log, chains, placed, hashes] = await Promise.all([
          store.log(book, scope),
          store.chains(book, scope, [deviceOf('nobody'), device]),
          store.find(book, scope, [sold.hash, genesis.hash]),
          store.tile(book, scope, 0, 0),
        ]);
        return [log?.size, chains.get(device)?.seq, [...placed.keys()], hashes?.length];
      };
      deepEqual(await Promise.all([branch, nowhere, hq, branch].map(ask)), [
        [1, 1, [sold.hash], 32],
        [undefined, undefined, [], undefined],
        [2, 2, [genesis.hash], 64],
        [1, 1, [sold.hash], 32],
      ]);
    },
  },

  {
    name: 'finds the root at the end of a batch',
    async run({ store, fleet }) {
      const { book, genesis, root } = fleet;
      await store.append([batchOf(book, hq, 0, [genesis])]);
      await store.append([batchOf(book, hq, 1, root.writeMany(2))]);
      const found = [undefined, rootOf(1), undefined, rootOf(3)];
      for (const [size, root] of found.entries()) equal(await store.rootAt(book, hq, size), root);
      equal(await store.rootAt(book, branch, 1), undefined);
    },
  },

  {
    name: 'keeps the newest cosignature of each device, and those of the greatest sizes',
    async run({ store, fleet }) {
      const { book, genesis } = fleet;
      await store.append([batchOf(book, hq, 0, [genesis])]);
      const [one, two, three] = ['one', 'two', 'three'].map((name) => deviceOf(name)).sort() as [
        DeviceId,
        DeviceId,
        DeviceId,
      ];
      const cosign = (device: DeviceId, size: number, maxKept = 2, scope = hq): unknown =>
        store.cosign({ book, scope, device, size, line: `${size} of ${device}\n` }, maxKept);
      const kept = async (): Promise<unknown> =>
        (await store.cosignatures(book, hq)).map(({ device, size, line }) => [device, size, line]);
      const said = (device: DeviceId, size: number): unknown => [device, size, `${size} of ${device}\n`];
      await cosign(one, 5);
      await cosign(one, 4);
      await cosign(one, 9, 2, branch);
      deepEqual(await kept(), [said(one, 5)]);
      await cosign(two, 5);
      await cosign(one, 6);
      deepEqual(await kept(), [said(one, 6), said(two, 5)]);
      await cosign(three, 5);
      deepEqual(await kept(), [said(one, 6), said(two, 5)]);
      await cosign(three, 7);
      deepEqual(await kept(), [said(three, 7), said(one, 6)]);
    },
  },

  {
    name: 'lists enrolments in the order they came, over all scopes',
    async run({ store, fleet }) {
      const { book, genesis, root } = fleet;
      const [first, second, third] = [root.write(), root.write({ scope: branch }), root.write()];
      await store.append([
        batchOf(book, hq, 0, [genesis, first], {
          enrolments: [
            { position: 0, isFork: false },
            { position: 1, isFork: false },
          ],
        }),
      ]);
      await store.append([batchOf(book, branch, 0, [second], { enrolments: [{ position: 0, isFork: false }] })]);
      await store.append([batchOf(book, hq, 2, [third], { enrolments: [{ position: 2, isFork: true }] })]);
      const listed = (await store.enrolments(book)).map(({ hash, position, isFork }) => [hash, position, isFork]);
      deepEqual(listed, [
        [genesis.hash, 0, false],
        [first.hash, 1, false],
        [second.hash, 0, false],
        [third.hash, 2, true],
      ]);
      equal((await store.enrolmentCount?.(book)) ?? 4, 4);
    },
  },

  {
    name: 'keeps wrapped keys of each book, and forgets them',
    async run({ store, fleet, name }) {
      const { keys } = store;
      const other = createContractBook(`${name} other`).book;
      const [one, two] = [deviceOf('one'), deviceOf('two')];
      const [first, second] = ['5a', 'a5'].map((byte) => `${byte.repeat(16)}.1.${'0'.repeat(16)}`) as [string, string];
      deepEqual([await keys.list(fleet.book), await keys.get(fleet.book, first)], [[], undefined]);
      equal(await keys.delete(fleet.book, first, 2), false);
      await keys.put(fleet.book, second, { device: one, text: 'grün' }, 1);
      await keys.put(fleet.book, first, { device: one, text: 'a' }, 1);
      await keys.put(fleet.book, first, { device: two, text: 'another' }, 1);
      await keys.put(fleet.book, first, { device: two, text: 'the third' }, 1);
      await keys.put(other, first, { device: one, text: 'theirs' }, 1);
      deepEqual(await keys.list(fleet.book), [
        { name: first, device: two, sizeBytes: 9 },
        { name: second, device: one, sizeBytes: 5 },
      ]);
      deepEqual(await keys.get(fleet.book, first), { device: two, text: 'the third', signedAt: 1 });
      deepEqual([await keys.delete(fleet.book, first, 2), await keys.delete(fleet.book, first, 2)], [true, false]);
      equal(await keys.get(fleet.book, first), undefined);
      deepEqual(await keys.get(other, first), { device: one, text: 'theirs', signedAt: 1 });
      deepEqual(await keys.list(fleet.book), [{ name: second, device: one, sizeBytes: 5 }]);
      equal(await store.bookCount(), 0);
    },
  },

  {
    name: 'takes no wrapped key back that was signed before it was deleted',
    async run({ store, fleet }) {
      await checkDeletedKeys(store.keys, fleet.book, deviceOf('one'));
    },
  },

  {
    name: 'forgets a deletion once nothing signed before it would be taken',
    async run({ store, fleet }) {
      await checkSweptBars(store.keys, fleet.book, deviceOf('one'));
    },
  },
];
