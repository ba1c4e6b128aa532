// What waits beside the tables of a SQLite store is seen by nobody: whatever is appended, and whenever it is opened again, it answers as the store in memory does.
import { copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BookId, encodeHex, type OpRecord, parseScope, type Scope } from '@tallystick/oplog';
import Database from 'better-sqlite3';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { createMemoryRelayStore, type RelayStore } from '../src/index.ts';
import { createSqliteRelayStore } from '../src/node.ts';
import { batchOf } from '../src/contract-case.ts';
import { createContractBook } from '../src/contract-book.ts';

const folder = mkdtempSync(join(tmpdir(), 'relay-waiting-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const scopes = ['hq', 'b/1', 'b/2', 'b/3'].map((name) => parseScope(name) as Scope);

/**
 * One append: of each scope so many ops, whether the first of them enrols somebody, whether its tile begins with what it had before, as those of a tree do, and whether
 * the file is opened again after it.
 */
const step = fc.record({
  ops: fc.array(fc.integer({ min: 0, max: 9 }), { minLength: scopes.length, maxLength: scopes.length }),
  enrols: fc.boolean(),
  grows: fc.boolean(),
  reopens: fc.boolean(),
});

describe('batches that wait', () => {
  it('leave nothing of a log that began in an append which was undone', async () => {
    const path = join(folder, 'undone.sqlite');
    const { book, genesis, root } = createContractBook('undone');
    const [hq, shop, van] = scopes as [Scope, Scope, Scope];
    const [first, second] = [root.write({ scope: shop }), root.write({ scope: shop })];
    let store = createSqliteRelayStore(path);
    await store.append([batchOf(book, hq, 0, [genesis])]);
    const torn = [batchOf(book, shop, 0, [first]), batchOf(book, shop, 1, [second]), batchOf(book, hq, 9, [first])];
    expect(() => store.append(torn)).toThrow('relay/conflict');
    await store.append([batchOf(book, shop, 0, [first])]);
    await store.append([batchOf(book, van, 0, [root.write({ scope: van })])]);
    await store.close();
    store = createSqliteRelayStore(path);
    expect(await store.scopes(book)).toEqual([
      { scope: shop, size: 1 },
      { scope: van, size: 1 },
      { scope: hq, size: 1 },
    ]);
    await store.close();
  });

  it('are answered for like those in the tables, before and after a restart', async () => {
    let files = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 8 }), async (steps) => {
        const path = join(folder, `${files++}.sqlite`);
        let store = createSqliteRelayStore(path, { maxOpsWaiting: 20 });
        const oracle = createMemoryRelayStore();
        const { book, genesis, root } = createContractBook('waiting');
        const records = new Map<Scope, OpRecord[]>(scopes.map((scope) => [scope, []]));
        for (const { ops, enrols, grows, reopens } of steps) {
          const batches = scopes.flatMap((scope, index) => {
            const before = records.get(scope) as OpRecord[];
            const isFirst = scope === 'hq' && before.length === 0;
            const more = [
              ...(isFirst ? [genesis] : []),
              ...Array.from({ length: ops[index] as number }, () => root.write({ scope })),
            ];
            if (more.length === 0) return [];
            const from = before.length;
            before.push(...more);
            const tile = {
              level: 0,
              index: 0,
              hashes: grows ? tileOf(before.length) : tileOf(before.length).fill(from),
            };
            const enrolments = enrols ? [{ position: from, isFork: false }] : [];
            return [batchOf(book, scope, from, more, { tiles: [tile], enrolments })];
          });
          for (const one of [store, oracle]) await one.append(batches);
          if (reopens) {
            await store.close();
            store = createSqliteRelayStore(path, { maxOpsWaiting: 20 });
          }
          expect(await everythingOf(store, book, records)).toEqual(await everythingOf(oracle, book, records));
        }
        await store.close();
      }),
      { numRuns: 15 },
    );
  });

  it('do not keep the rows of busy logs because of a quiet one', async () => {
    const path = join(folder, 'quiet.sqlite');
    const maxOpsWaiting = 20;
    let store = createSqliteRelayStore(path, { maxOpsWaiting });
    const { book, genesis, root } = createContractBook('quiet');
    const [hq, quiet, busy] = scopes as [Scope, Scope, Scope];
    await store.append([batchOf(book, hq, 0, [genesis], { enrolments: [{ position: 0, isFork: false }] })]);
    await store.append([batchOf(book, quiet, 0, [root.write({ scope: quiet })])]);
    const counts: number[] = [];
    for (let at = 0; at < 240; at++) {
      await store.append([batchOf(book, busy, at, [root.write({ scope: busy })])]);
      // It begins to wait anew, and is read from its row at the next start.
      if (at === 100) await store.append([batchOf(book, quiet, 1, [root.write({ scope: quiet })])]);
      if (at % 30 !== 29) continue;
      await store.close();
      const db = new Database(path, { readonly: true });
      counts.push(db.prepare('SELECT count(*) FROM relay_waiting').pluck().get() as number);
      db.close();
      store = createSqliteRelayStore(path, { maxOpsWaiting });
    }
    expect(counts.filter((count) => count > 4 * maxOpsWaiting)).toEqual([]);
    expect(await store.scopes(book)).toEqual([
      { scope: quiet, size: 2 },
      { scope: busy, size: 240 },
      { scope: hq, size: 1 },
    ]);
    await store.close();
  });

  it('bring of a tile what is new, and are whole after a restart', async () => {
    const path = join(folder, 'tiles.sqlite');
    let store = createSqliteRelayStore(path);
    const { book, genesis, root } = createContractBook('tiles');
    const [hq] = scopes as [Scope];
    const put = (from: number, records: readonly OpRecord[]) =>
      store.append([
        batchOf(book, hq, from, records, {
          tiles: [{ level: 0, index: 0, hashes: tileOf(from + records.length) }],
        }),
      ]);
    await put(0, [genesis, ...Array.from({ length: 199 }, () => root.write())]);
    for (let at = 200; at < 204; at++) await put(at, [root.write()]);
    await store.close();
    const db = new Database(path, { readonly: true });
    const lengths = db.prepare('SELECT length(batches) FROM relay_waiting ORDER BY row').pluck().all() as number[];
    db.close();
    const [first = 0, ...others] = lengths;
    expect(others.map((length) => first - length > 200 * 32 - 64)).toEqual([true, true, true]);
    store = createSqliteRelayStore(path);
    expect(await store.tile(book, hq, 0, 0)).toEqual(tileOf(204));
    await store.close();
  });

  it('are read as earlier releases wrote them, each with its tile', async () => {
    const path = join(folder, 'earlier.sqlite');
    let store = createSqliteRelayStore(path);
    const { book, genesis, root } = createContractBook('earlier');
    const [hq] = scopes as [Scope];
    for (const [at, record] of [genesis, root.write(), root.write()].entries()) {
      // Nothing of one is the beginning of the next.
      const tile = { level: 0, index: 0, hashes: tileOf(at + 1).fill(at) };
      await store.append([batchOf(book, hq, at, [record], { tiles: [tile] })]);
    }
    await store.close();
    const db = new Database(path);
    const rows = db.prepare('SELECT row, batches FROM relay_waiting').all() as { row: number; batches: Buffer }[];
    for (const { row, batches } of rows) {
      const end = 4 + batches.readUInt32BE(0);
      const head = JSON.parse(batches.toString('utf8', 4, end)) as { tiles: number[][] }[];
      const earlier = head.map((batch) => ({ ...batch, tiles: batch.tiles.map((tile) => tile.slice(0, 3)) }));
      const text = Buffer.from(JSON.stringify(earlier));
      const length = Buffer.alloc(4);
      length.writeUInt32BE(text.length);
      const written = Buffer.concat([length, text, batches.subarray(end)]);
      db.prepare('UPDATE relay_waiting SET batches = ? WHERE row = ?').run(written, row);
    }
    db.close();
    expect(rows.length).toBe(3);
    store = createSqliteRelayStore(path);
    expect(await store.tile(book, hq, 0, 0)).toEqual(tileOf(3).fill(2));
    await store.close();
  });

  it('bring chains that none of their ops is the head of, as a fork leaves them', async () => {
    const path = join(folder, 'forked.sqlite');
    let store = createSqliteRelayStore(path);
    const { book, genesis, root } = createContractBook('forked');
    const [hq] = scopes as [Scope];
    const { device } = genesis.op;
    const chain = { seq: 1, hash: genesis.hash, forks: 1, late: 2 };
    await store.append([batchOf(book, hq, 0, [genesis])]);
    await store.append([batchOf(book, hq, 1, [root.write()], { chains: new Map([[device, chain]]) })]);
    await store.close();
    store = createSqliteRelayStore(path);
    expect(await store.chains(book, hq, [device])).toEqual(new Map([[device, chain]]));
    await store.close();
  });

  it('are in the file when the append returns', async () => {
    const path = join(folder, 'killed.sqlite');
    const store = createSqliteRelayStore(path);
    const { book, genesis, root } = createContractBook('killed');
    const [hq] = scopes as [Scope];
    const records = [genesis, root.write(), root.write()];
    for (const [at, record] of records.entries()) await store.append([batchOf(book, hq, at, [record])]);
    // The files as a killed process leaves them.
    const copy = join(folder, 'copy.sqlite');
    copyFileSync(path, copy);
    if (existsSync(`${path}-wal`)) copyFileSync(`${path}-wal`, `${copy}-wal`);
    await store.close();
    const again = createSqliteRelayStore(copy);
    expect(await again.records(book, hq, 0, 9)).toHaveLength(3);
    await again.close();
    const db = new Database(copy);
    expect(db.prepare('SELECT count(*) FROM relay_entries').pluck().get()).toBe(0);
    // A row that is lost is missed at the next start.
    db.exec('DELETE FROM relay_waiting WHERE row = 2');
    db.close();
    expect(() => createSqliteRelayStore(copy)).toThrow(expect.objectContaining({ code: 'relay/store' }));
  });
});

function tileOf(count: number): Uint8Array {
  return Uint8Array.from({ length: 32 * count }, (_, at) => at >> 5);
}

async function everythingOf(
  store: RelayStore,
  book: BookId,
  records: ReadonlyMap<Scope, readonly OpRecord[]>,
): Promise<unknown> {
  const found: unknown[] = [
    await store.scopes(book),
    (await store.enrolments(book)).map(({ hash, isFork }) => [hash, isFork]),
  ];
  for (const [scope, all] of records) {
    const hashes = all.map(({ hash }) => hash);
    const devices = new Set(all.map(({ op }) => op.device));
    found.push(
      await store.log(book, scope),
      await store.find(book, scope, hashes),
      await store.chains(book, scope, devices),
    );
    found.push((await store.tile(book, scope, 0, 0))?.join());
    for (let from = 0; from <= all.length; from++) {
      const page = await store.page(book, scope, from, { maxOps: 7, maxBytes: 1 << 20 });
      found.push(
        page?.root,
        page?.records.map(encodeHex),
        (await store.records(book, scope, from, 5)).map(encodeHex),
        await store.rootAt(book, scope, from),
      );
    }
  }
  return found;
}
