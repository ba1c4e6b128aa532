// What every store that several relays may share must let them do together. `open` gives one more store on the same data, which is
// empty at the first call.
import { createTree, leafHash } from '@tallystick/chain';
import { type BookId, encodeHex, type MaybePromise, type OpRecord, type RootHash } from '@tallystick/oplog';
import { describe, expect, it } from 'vitest';
import type { Batch, RelayStore } from '../src/index.ts';
import { growTiles } from '../src/tiles.ts';
import { batchOf } from '../src/contract-case.ts';
import { type Desk, emptyTip, follow, followAll, openDesk } from './desk.ts';
import { createFleet, hasher, hq } from './fleet.ts';

/** Goes on from what the store has, with the tree over all of it: another relay checks what it reads. */
export async function nextBatch(store: RelayStore, book: BookId, records: readonly OpRecord[]): Promise<Batch> {
  const log = (await store.log(book, hq)) ?? { size: 0, frontier: [] };
  const tree = createTree(hasher, log);
  const leaves = records.map(({ bytes }) => leafHash(bytes, hasher));
  for (const leaf of leaves) tree.append(leaf);
  const state = { size: tree.size, frontier: tree.frontier(), root: encodeHex(tree.root()) as RootHash };
  const tiles = await growTiles(log.size, leaves, (level, index) => store.tile(book, hq, level, index), hasher);
  return batchOf(book, hq, log.size, records, { state, tiles });
}

export function frontEndsContract(name: string, open: () => MaybePromise<RelayStore>): void {
  describe(`several relays on ${name}`, () => {
    it('append to one log, and each position is given once', async () => {
      const { book, genesis, root } = createFleet(`${name} positions`);
      const stores = [await open(), await open()] as const;
      await stores[0].append([await nextBatch(stores[0], book, [genesis])]);
      await stores[1].refresh?.();
      const records = root.writeMany(20);
      let conflicts = 0;
      const write = async (store: RelayStore): Promise<void> => {
        for (let next = records.shift(); next !== undefined; ) {
          try {
            await store.append([await nextBatch(store, book, [next])]);
            next = records.shift();
          } catch (error) {
            expect(error).toMatchObject({ code: 'relay/conflict' });
            conflicts += 1;
          }
        }
      };
      await Promise.all(stores.map(write));
      for (const store of stores) {
        await store.refresh?.();
        expect((await store.log(book, hq))?.size).toBe(21);
        const kept = await store.records(book, hq, 0, 100);
        expect(new Set(kept.map((bytes) => Buffer.from(bytes).toString('hex'))).size).toBe(21);
        await store.close();
      }
      expect(conflicts).toBeGreaterThan(0);
    });

    it('take the pushes of one book, know whom the other let in, and show one log', async () => {
      const fleet = createFleet(`${name} pushes`);
      const limits = { tailLookMs: 50 };
      const desks = [openDesk({ store: await open(), limits }), openDesk({ store: await open(), limits })] as const;
      await desks[0].push(fleet.book, [fleet.genesis]);
      // The other one has folded the roster before the tills are let in.
      expect((await desks[1].push(fleet.book, [fleet.root.write()])).results[0]?.verdict).toBe('stored');
      const tills = ['first', 'second', 'third', 'fourth'].map((till) => fleet.enrol(till));
      await desks[0].push(
        fleet.book,
        tills.map(({ enrolment }) => enrolment),
      );
      // Who listens to one relay hears of what the other takes.
      const tail = await desks[1].client.tail(fleet.book, [{ scope: hq, size: 6 }]);
      const heard = tail.next();
      await desks[0].push(fleet.book, [fleet.root.write()]);
      expect((await heard).value).toEqual({ scope: hq, size: 7 });
      await tail.return();
      const pushed: OpRecord[] = [];
      const sell = async (desk: Desk, { writer }: (typeof tills)[number]): Promise<void> => {
        for (let day = 0; day < 5; day++) {
          const records = writer.writeMany(3);
          const { results } = await desk.push(fleet.book, records);
          expect(results.map(({ verdict }) => verdict)).toEqual(['stored', 'stored', 'stored']);
          pushed.push(...records);
        }
      };
      await Promise.all(tills.map((till, index) => sell(desks[index % 2] as Desk, till)));
      for (const desk of desks) {
        const { records, tip } = await followAll(follow(desk.client, fleet.book), emptyTip);
        expect(tip.size).toBe(7 + 60);
        expect(new Set(records.map(({ hash }) => hash))).toEqual(
          new Set([...records.slice(0, 7), ...pushed].map(({ hash }) => hash)),
        );
        await desk.relay.close();
        await desk.store.close();
      }
    });
  });
}
