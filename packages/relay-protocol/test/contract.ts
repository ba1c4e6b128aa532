// The contract suite that every relay store passes. `make` gives an empty store and a way to open the same data again.
import type { BookId, DeviceId, MaybePromise, OpRecord, RootHash, Scope } from '@tallystick/oplog';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Batch, ChainState, Claim, LogState, RelayStore } from '../src/index.ts';
import { branch, createFleet, type Fleet, hq, keyOf } from './fleet.ts';

export interface StoreUnderTest {
  readonly store: RelayStore;
  /** The same data once more, after `store` was closed. */
  reopen(): MaybePromise<RelayStore>;
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

/** `forgets` is for a store in memory: the part about opening it again does not apply. */
export function relayStoreContract(
  name: string,
  make: () => MaybePromise<StoreUnderTest>,
  { forgets = false }: { readonly forgets?: boolean } = {},
): void {
  describe(`${name} keeps the relay store contract`, () => {
    let fleet: Fleet;
    let made: StoreUnderTest;
    let store: RelayStore;

    beforeEach(async () => {
      fleet = createFleet(name);
      made = await make();
      store = made.store;
    });
    afterEach(async () => store.close());

    it('has nothing in the beginning', async () => {
      const { book, genesis } = fleet;
      expect(await store.bookCount()).toBe(0);
      expect(await store.scopes(book)).toEqual([]);
      expect(await store.log(book, hq)).toBeUndefined();
      expect((await store.chains(book, hq, [genesis.op.device])).size).toBe(0);
      expect((await store.find(book, hq, [genesis.hash])).size).toBe(0);
      expect(await store.page(book, hq, 0, all)).toBeUndefined();
      expect(await store.records(book, hq, 0, 10)).toEqual([]);
      expect(await store.tile(book, hq, 0, 0)).toBeUndefined();
      expect(await store.enrolments(book)).toEqual([]);
    });

    it('keeps the first identity it is given', async () => {
      expect(await store.adoptIdentity('relay+1+a')).toBe('relay+1+a');
      expect(await store.adoptIdentity('other+2+b')).toBe('relay+1+a');
    });

    it('gives back what a batch put in', async () => {
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
      expect(await store.log(book, hq)).toEqual(expected);
      expect(await store.bookCount()).toBe(1);
      expect(await store.scopes(book)).toEqual([{ scope: hq, size: 4 }]);
      const last = records[3] as OpRecord;
      const chains = await store.chains(book, hq, [last.op.device]);
      expect([...chains.values()]).toEqual([{ seq: 4, hash: last.hash, forks: 0, late: 0 }]);
      const found = await store.find(
        book,
        hq,
        records.map(({ hash }) => hash),
      );
      expect([...found.values()].map(({ position }) => position)).toEqual([0, 1, 2, 3]);
      expect(found.get(last.hash)).toEqual({ position: 3, device: last.op.device, seq: 4 });
      expect((await store.records(book, hq, 1, 2)).map(plain)).toEqual(records.slice(1, 3).map(bytesOf));
      expect(plain((await store.tile(book, hq, 0, 0)) as Uint8Array)).toEqual(plain(tile.hashes));
      const enrolments = await store.enrolments(book);
      expect(enrolments.map(({ hash, bytes }) => [hash, plain(bytes)])).toEqual([[genesis.hash, bytesOf(genesis)]]);
    });

    it('replaces tiles and chains', async () => {
      const { book, genesis, root } = fleet;
      const hashes = (count: number): Uint8Array => new Uint8Array(32 * count).fill(count);
      await store.append([batchOf(book, hq, 0, [genesis], { tiles: [{ level: 0, index: 0, hashes: hashes(1) }] })]);
      const second = root.write();
      const chains = new Map([[second.op.device, { seq: 2, hash: second.hash, forks: 5, late: 2 }]]);
      const tiles = [{ level: 0, index: 0, hashes: hashes(2) }];
      await store.append([batchOf(book, hq, 1, [second], { chains, tiles })]);
      expect(await store.tile(book, hq, 0, 0)).toHaveLength(64);
      const chain = (await store.chains(book, hq, [second.op.device])).get(second.op.device);
      expect(chain).toEqual({ seq: 2, hash: second.hash, forks: 5, late: 2 });
    });

    it('refuses a batch that does not start at the end, and keeps nothing of it', async () => {
      const { book, genesis, root } = fleet;
      await store.append([batchOf(book, hq, 0, [genesis])]);
      for (const from of [0, 2]) {
        const late = root.write();
        await expect(async () => store.append([batchOf(book, hq, from, [late])])).rejects.toMatchObject({
          code: 'relay/conflict',
        });
        expect((await store.find(book, hq, [late.hash])).size).toBe(0);
      }
      expect((await store.log(book, hq))?.size).toBe(1);
    });

    it('gives a token to the first batch that claims it, in one log', async () => {
      const { book, genesis, root } = fleet;
      const [first, second] = [root.write(), root.write()];
      await store.append([batchOf(book, hq, 0, [genesis, first], { claims: [{ token: 'gift/1', position: 1 }] })]);
      const holder = { hash: first.hash, device: first.op.device, position: 1 };
      expect(await store.claims(book, hq, ['gift/1', 'gift/2'])).toEqual(new Map([['gift/1', holder]]));
      const [free, taken] = ['gift/2', 'gift/1'].map((token) => ({ token, position: 2 })) as [Claim, Claim];
      const late = async (): Promise<void> => store.append([batchOf(book, hq, 2, [second], { claims: [free, taken] })]);
      await expect(late).rejects.toMatchObject({ code: 'relay/conflict' });
      expect((await store.log(book, hq))?.size).toBe(2);
      expect((await store.claims(book, hq, ['gift/2'])).size).toBe(0);
      const away = root.write({ scope: branch });
      await store.append([batchOf(book, branch, 0, [away], { claims: [{ token: 'gift/1', position: 0 }] })]);
      expect((await store.claims(book, branch, ['gift/1'])).get('gift/1')?.hash).toBe(away.hash);
      await store.append([batchOf(book, hq, 2, [second], { claims: [free] })]);
      expect((await store.claims(book, hq, ['gift/1'])).get('gift/1')).toEqual(holder);
      expect((await store.claims(book, hq, ['gift/2'])).get('gift/2')?.hash).toBe(second.hash);
    });

    it('takes the batches of several logs together, or none of them', async () => {
      const { book, genesis, root } = fleet;
      const other = createFleet(`${name} other`);
      const [first, away] = [root.write(), root.write({ scope: branch })];
      await store.append([
        batchOf(book, hq, 0, [genesis], { enrolments: [{ position: 0, isFork: false }] }),
        batchOf(other.book, hq, 0, [other.genesis], { enrolments: [{ position: 0, isFork: false }] }),
        batchOf(book, branch, 0, [away]),
        batchOf(book, hq, 1, [first]),
      ]);
      expect(await store.scopes(book)).toEqual([
        { scope: branch, size: 1 },
        { scope: hq, size: 2 },
      ]);
      expect((await store.enrolments(other.book)).map(({ hash }) => hash)).toEqual([other.genesis.hash]);
      const [second, gone] = [root.write(), root.write({ scope: branch })];
      const torn = [batchOf(book, hq, 2, [second]), batchOf(book, branch, 2, [gone])];
      await expect(async () => store.append(torn)).rejects.toMatchObject({ code: 'relay/conflict' });
      expect((await store.log(book, hq))?.size).toBe(2);
      expect((await store.find(book, hq, [second.hash])).size).toBe(0);
      expect((await store.page(book, hq, 0, all))?.root).toBe(rootOf(2));
      expect(await store.rootAt(book, branch, 2)).toBeUndefined();
    });

    it('serves whole batches within the limits, and always one', async () => {
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
        expect(page.records.map(plain)).toEqual(expected);
        return [page.records.length, page.root];
      };
      expect(await pageOf(0, 10)).toEqual([10, rootOf(10)]);
      expect(await pageOf(0, 9)).toEqual([6, rootOf(6)]);
      expect(await pageOf(0, 5)).toEqual([4, rootOf(4)]);
      expect(await pageOf(0, 0)).toEqual([1, rootOf(1)]);
      expect(await pageOf(6, 1)).toEqual([4, rootOf(10)]);
      expect(await pageOf(2, 2)).toEqual([2, rootOf(4)]);
      expect(await pageOf(0, 10, 1)).toEqual([1, rootOf(1)]);
      expect(await pageOf(10, 10)).toBeUndefined();
      const short = records.slice(0, 4).reduce((sum, { bytes }) => sum + bytes.length, 0);
      expect(await pageOf(0, 10, short)).toEqual([4, rootOf(4)]);
    });

    it('keeps scopes and books apart', async () => {
      const other = createFleet(`${name} other`);
      const away = fleet.root.write({ scope: branch });
      await store.append([
        batchOf(fleet.book, hq, 0, [fleet.genesis], { enrolments: [{ position: 0, isFork: false }] }),
      ]);
      await store.append([
        batchOf(other.book, hq, 0, [other.genesis], { enrolments: [{ position: 0, isFork: false }] }),
      ]);
      await store.append([batchOf(fleet.book, branch, 0, [away])]);
      expect(await store.bookCount()).toBe(2);
      expect(await store.scopes(fleet.book)).toEqual([
        { scope: branch, size: 1 },
        { scope: hq, size: 1 },
      ]);
      expect(await store.scopes(other.book)).toEqual([{ scope: hq, size: 1 }]);
      expect((await store.find(other.book, hq, [fleet.genesis.hash, away.hash])).size).toBe(0);
      expect((await store.find(fleet.book, hq, [away.hash])).size).toBe(0);
      expect((await store.chains(other.book, hq, [fleet.root.key.device])).size).toBe(0);
      expect(await store.records(other.book, branch, 0, 5)).toEqual([]);
      expect((await store.enrolments(other.book)).map(({ hash }) => hash)).toEqual([other.genesis.hash]);
    });

    it('finds the root at the end of a batch', async () => {
      const { book, genesis, root } = fleet;
      await store.append([batchOf(book, hq, 0, [genesis])]);
      await store.append([batchOf(book, hq, 1, root.writeMany(2))]);
      const found = [undefined, rootOf(1), undefined, rootOf(3)];
      for (const [size, root] of found.entries()) expect(await store.rootAt(book, hq, size)).toBe(root);
      expect(await store.rootAt(book, branch, 1)).toBeUndefined();
    });

    it('keeps the newest cosignature of each device, and those of the greatest sizes', async () => {
      const { book, genesis } = fleet;
      await store.append([batchOf(book, hq, 0, [genesis])]);
      const [one, two, three] = ['one', 'two', 'three'].map((name) => keyOf(name).device).sort() as [
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
      expect(await kept()).toEqual([said(one, 5)]);
      await cosign(two, 5);
      await cosign(one, 6);
      expect(await kept()).toEqual([said(one, 6), said(two, 5)]);
      await cosign(three, 5);
      expect(await kept()).toEqual([said(one, 6), said(two, 5)]);
      await cosign(three, 7);
      expect(await kept()).toEqual([said(three, 7), said(one, 6)]);
    });

    it('lists enrolments in the order they came, over all scopes', async () => {
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
      expect(listed).toEqual([...[genesis, first, second].map(({ hash }) => [hash, false]), [third.hash, true]]);
      expect((await store.enrolmentCount?.(book)) ?? 4).toBe(4);
    });

    if (forgets) return;

    it('has everything again after it was opened again', async () => {
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
      await store.close();
      store = await made.reopen();
      expect(await store.adoptIdentity('other+2+b')).toBe('relay+1+a');
      expect((await store.log(book, hq))?.size).toBe(5);
      expect((await store.page(book, hq, 0, all))?.records.map(plain)).toEqual(records.map(bytesOf));
      expect(await store.tile(book, hq, 0, 0)).toHaveLength(160);
      expect(await store.enrolments(book)).toHaveLength(1);
      expect((await store.claims(book, hq, ['gift/1'])).get('gift/1')?.position).toBe(3);
      await store.append([batchOf(book, hq, 5, [root.write()])]);
      expect((await store.log(book, hq))?.size).toBe(6);
    });
  });
}

/** Buffers and Uint8Arrays compare alike. */
function plain(bytes: Uint8Array): number[] {
  return [...bytes];
}

function bytesOf({ bytes }: OpRecord): number[] {
  return plain(bytes);
}
