// Work in steps: what it did before it waits is committed and seen, what fails is not, and it fails once nothing of it is on its way any more.
import { type BookStore, openBook } from '@tallystick/kernel';
import { nodeCrypto } from '@tallystick/kernel/node';
import { type OpRecord, orderTail } from '@tallystick/oplog';
import { createMemoryLogStore } from '@tallystick/oplog/memory';
import { describe, expect, it } from 'vitest';
import { Replica } from '../src/replica.ts';
import type { Steps } from '../src/steps.ts';
import { mergePending } from '../src/taking-in.ts';
import { HQ } from './fleet.ts';
import { memoryKeys, shopVerbs, stores, testEdge } from './shop.ts';

/** A replica that lacks the last three moves of a book, and those. */
async function lacking(store: BookStore): Promise<{ readonly replica: Replica; readonly lost: readonly OpRecord[] }> {
  const keys = memoryKeys();
  const source = await openBook({ store: stores['better-sqlite3'](), keys, verbs: shopVerbs, edge: testEdge() });
  for (const quantity of [1, 2, 3]) await source.commit('stock.move', { sku: 'apple', quantity });
  const records = orderTail(await source.log.pending(HQ));
  await store.log.setMeta('book', source.id);
  await store.log.append(records.slice(0, -3));
  await source.close();
  return { replica: await Replica.open(store, shopVerbs, nodeCrypto), lost: records.slice(-3) };
}

describe.each(Object.entries(stores))('work in steps on %s', (name, createStore) => {
  const seen = (replica: Replica): unknown =>
    replica.read((sql) => [sql.query('SELECT onHand FROM stock', [])[0]?.['onHand'], replica.scope(HQ).tailSize]);

  it('shows what it did before it waits, and takes back only what came after', async () => {
    const { replica, lost } = await lacking(createStore());
    const waits = Promise.withResolvers<void>();
    function* work(): Steps<void> {
      yield* mergePending(replica, lost.slice(0, 1));
      yield waits.promise;
      yield* mergePending(replica, lost.slice(1));
      throw new Error('no more');
    }
    const working = replica.exclusive(() => replica.inSteps(work));
    const failed = working.catch((error: unknown) => error);
    await Promise.resolve();
    expect(seen(replica)).toEqual([1, 3]);
    waits.resolve();
    expect(await failed).toMatchObject({ message: 'no more' });
    // A log of its own has kept the others, and they are folded all the same.
    expect(seen(replica)).toEqual(name === 'sql.js' ? [6, 5] : [1, 3]);
    await replica.exclusive(() => replica.inSteps(() => mergePending(replica, lost)));
    expect(seen(replica)).toEqual([6, 5]);
  });

  it.each([false, true])('fails when what it waits for is over, too; no row can be read: %s', async (isDead) => {
    const store = createStore();
    let isBroken = false;
    const fault = (): Error => Object.assign(new Error('disk I/O error'), { name: 'SqliteError' });
    const prepare: BookStore['sql']['prepare'] = (sql) => {
      const statement = store.sql.prepare(sql);
      const run: typeof statement.run = (params) => {
        if (isBroken && sql === 'COMMIT') throw fault();
        return statement.run(params);
      };
      const get: typeof statement.get = (params) => {
        if (isBroken && isDead) throw fault();
        return statement.get(params);
      };
      return { ...statement, run, get };
    };
    const log = createMemoryLogStore();
    const { replica, lost } = await lacking({ ...store, log, sql: { ...store.sql, prepare } });
    const write = Promise.withResolvers<void>();
    let isWritten = false;
    function* work(): Steps<void> {
      yield* mergePending(replica, lost);
      isBroken = true;
      yield write.promise.then(() => (isWritten = true));
    }
    const failed = replica
      .exclusive(() => replica.inSteps(work))
      .catch((error: unknown) => ({ code: (error as { readonly code?: string }).code, isWritten }));
    await Promise.resolve();
    if (isDead) expect(() => seen(replica)).toThrow(expect.objectContaining({ code: 'kernel/storage' }));
    else expect(seen(replica)).toEqual([undefined, 2]);
    await new Promise((resolve) => setImmediate(resolve));
    isBroken = false;
    write.resolve();
    expect(await failed).toEqual({ code: 'kernel/storage', isWritten: true });
    if (isDead) await replica.exclusive(() => replica.transaction(() => undefined));
    expect(seen(replica)).toEqual([6, 5]);
  });
});
