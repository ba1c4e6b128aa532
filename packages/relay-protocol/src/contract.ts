// The contract that every relay store passes, as cases for any test runner: the core has them for its own stores, and the maker of another
// store for that one. Records are real; roots and frontiers are made up, since a store keeps them and computes none.
import { deepEqual, equal, rejects } from 'node:assert/strict';
import type { BookId, DeviceId, MaybePromise, OpRecord, RootHash, Scope } from '@tallystick/oplog';
import { checkDeletedKeys, checkSweptBars, requireBar } from './contract-keys.ts';
import { branch, type ContractBook, createContractBook, hq, deviceOf } from './contract-book.ts';
import type { Batch, ChainState, Claim, LogState, RelayStore } from './store.ts';

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

interface Case {
  readonly name: string;
  readonly needsReopen?: boolean;
  run(bench: Bench): Promise<void>;
}

interface Bench {
  readonly store: RelayStore;
  readonly reopen: () => MaybePromise<RelayStore>;
  readonly fleet: ContractBook;
  readonly name: string;
}

export function batchOf(
  book: BookId,
  scope: Scope,
  from: number,
  records: readonly OpRecord[],
  more: Partial<Batch> = {},
): Batch {
  const chains = new Map<OpRecord['op']['device'], ChainState>();
  for (const { op, hash } of records) chains.set(op.device, { seq: op.seq, hash, forks: 0, late: 0 });
  const size = from + records.length;
  return {
    book,
    scope,
    from,
    entries: records.map(({ op, hash, bytes }) => ({ hash, device: op.device, seq: op.seq, bytes })),
    state: { size, frontier: ['ab'.repeat(32), 'cd'.repeat(32)], root: rootOf(size) },
    chains,
    tiles: [],
    enrolments: [],
    claims: [],
    ...more,
  };
}

function rootOf(size: number): RootHash {
  return size.toString(16).padStart(64, '0') as RootHash;
}

const all = { maxOps: 1000, maxBytes: 1 << 20 };

const cases: readonly Case[] = [
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
      const listed = (await store.enrolments(book)).map(({ hash, isFork }) => [hash, isFork]);
      deepEqual(listed, [...[genesis, first, second].map(({ hash }) => [hash, false]), [third.hash, true]]);
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
      deepEqual(await keys.get(fleet.book, first), { device: two, text: 'the third' });
      deepEqual([await keys.delete(fleet.book, first, 2), await keys.delete(fleet.book, first, 2)], [true, false]);
      equal(await keys.get(fleet.book, first), undefined);
      deepEqual(await keys.get(other, first), { device: one, text: 'theirs' });
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
      deepEqual(await again.keys.get(book, key), wrapped);
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

/** Buffers and Uint8Arrays compare alike. */
function plain(bytes: Uint8Array): number[] {
  return [...bytes];
}

function bytesOf({ bytes }: OpRecord): number[] {
  return plain(bytes);
}
