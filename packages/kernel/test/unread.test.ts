// Whose failure it is when a verb fails: what the database could not read stops the commit and refuses nothing, and what the verb itself throws
// refuses its op, whatever name its error has.
import {
  type BookStore,
  defineVerb,
  type Effect,
  openBook,
  refuse,
  setTable,
  sumTable,
  type View,
} from '@tallystick/kernel';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { memoryKeys, stores, testEdge } from './shop.ts';

const failure = (): Error => Object.assign(new Error('out of memory'), { name: 'SqliteError' });
const fails = (): never => {
  throw failure();
};
const stock = sumTable('stock', { key: { sku: 'text' }, sums: ['onHand'] });
const notes = setTable('notes', { key: { id: 'text' }, columns: { sku: 'text' } });
const checked = setTable('checked', { key: { id: 'text' }, columns: { sku: 'text' }, check: fails });
const deriving = setTable('deriving', { key: { id: 'text' }, columns: { sku: 'text' }, derive: fails });
const row = { id: 'a', sku: 'pear' };

/** A book with one verb, over a database whose reads of `notes` fail while `state.isFailing`. */
async function openWith(
  store: BookStore,
  plan: (view: View) => readonly Effect[],
  state: { isFailing: boolean } = { isFailing: false },
) {
  const tables = [stock, notes, checked, deriving];
  const verb = { name: 'shop.try', version: 1, roles: ['owner'], tables, args: z.strictObject({}) } as const;
  const prepare: BookStore['sql']['prepare'] = (sql) => {
    const statement = store.sql.prepare(sql);
    if (!/^SELECT .* FROM "notes"/s.test(sql)) return statement;
    return { ...statement, get: (params) => (state.isFailing ? fails() : statement.get(params)) };
  };
  const verbs = [defineVerb({ ...verb, plan })] as const;
  return openBook({ store: { ...store, sql: { ...store.sql, prepare } }, keys: memoryKeys(), verbs, edge: testEdge() });
}

it.each([
  ['plan', fails],
  ['check of a table', () => [stock.add({ sku: 'pear' }, { onHand: 1 }), checked.put(row)]],
  ['derivation of a table', () => [stock.add({ sku: 'pear' }, { onHand: 1 }), deriving.put(row)]],
])('a %s that throws an error by the name of the database refuses its op and stops nothing', async (_, plan) => {
  for (const open of Object.values(stores)) {
    const book = await openWith(open(), plan);
    expect(await book.commit('shop.try', {})).toMatchObject({ ok: false, code: 'kernel/verb-failed' });
    expect(book.query('SELECT * FROM stock')).toEqual([]);
    await book.close();
  }
});

it.each<[string, (view: View) => readonly Effect[]]>([
  ['and lets it through', (view) => (view.get(notes, { id: 'b' }), [notes.put(row)])],
  [
    'and swallows it',
    (view) => {
      try {
        view.get(notes, { id: 'b' });
      } catch {
        return [stock.add({ sku: 'pear' }, { onHand: 1 })];
      }
      return [notes.put(row)];
    },
  ],
])('a plan that meets a database that fails %s refuses nothing: the commit says so', async (_, plan) => {
  for (const open of Object.values(stores)) {
    const state = { isFailing: true };
    const book = await openWith(open(), plan, state);
    await expect(book.commit('shop.try', {})).rejects.toMatchObject({ code: 'kernel/storage' });
    state.isFailing = false;
    expect(await book.commit('shop.try', {})).toMatchObject({ ok: true });
    expect([book.query('SELECT id FROM notes'), book.query('SELECT * FROM stock')]).toEqual([[{ id: 'a' }], []]);
    await book.close();
  }
});

it('an op whose plan throws by that name where it is folded later stands there without effect, and what comes after it is folded', async () => {
  const tables = [stock];
  const declared = { version: 1, roles: ['owner', 'till'], tables, args: z.strictObject({}) } as const;
  const first = defineVerb({
    ...declared,
    name: 'shop.first',
    plan: (view) =>
      view.sum(stock, { sku: 'pear' }).onHand > 0 ? fails() : [stock.add({ sku: 'pear' }, { onHand: 1 })],
  });
  const more = defineVerb({ ...declared, name: 'shop.more', plan: () => [stock.add({ sku: 'pear' }, { onHand: 1 })] });
  const verbs = [first, more] as const;
  for (const open of Object.values(stores)) {
    const office = await openBook({ store: open(), keys: memoryKeys(), verbs, edge: testEdge() });
    const till = await openBook({ store: open(), keys: memoryKeys(), verbs, edge: testEdge(2), book: office.id });
    const { device, publicKey } = till.status();
    await office.commit('device.enroll', { device, key: publicKey, name: 'till', role: 'till' });
    await till.import(await office.export());
    for (const book of [office, till]) expect(await book.commit('shop.first', {})).toMatchObject({ ok: true });
    expect(await till.commit('shop.more', {})).toMatchObject({ ok: true });
    await office.import(await till.export());
    expect(office.query('SELECT onHand FROM stock')).toEqual([{ onHand: 2 }]);
    expect(office.query('SELECT code FROM refusals')).toEqual([{ code: 'kernel/verb-failed' }]);
    await till.import(await office.export());
    expect(till.digest().digest).toBe(office.digest().digest);
    for (const book of [office, till]) await book.close();
  }
});

it('what is left of a refused op and cannot be written stops the import, and is there after the next', async () => {
  const declared = { version: 1, roles: ['owner', 'till'], args: z.strictObject({}) } as const;
  const first = defineVerb({
    ...declared,
    name: 'shop.first',
    tables: [stock, notes],
    plan: (view) =>
      view.sum(stock, { sku: 'pear' }).onHand > 0 ? refuse('shop/late') : [stock.add({ sku: 'pear' }, { onHand: 1 })],
    remains: () => [stock.add({ sku: 'plum' }, { onHand: 1 }), notes.put(row)],
  });
  const verbs = [first] as const;
  for (const open of Object.values(stores)) {
    const state = { isFailing: false };
    const store = open();
    const prepare: BookStore['sql']['prepare'] = (sql) => {
      const statement = store.sql.prepare(sql);
      if (!/^INSERT .*"notes"/s.test(sql)) return statement;
      return { ...statement, run: (params) => (state.isFailing ? fails() : statement.run(params)) };
    };
    const failing = { ...store, sql: { ...store.sql, prepare } };
    const office = await openBook({ store: failing, keys: memoryKeys(), verbs, edge: testEdge() });
    const till = await openBook({ store: open(), keys: memoryKeys(), verbs, edge: testEdge(2), book: office.id });
    const { device, publicKey } = till.status();
    await office.commit('device.enroll', { device, key: publicKey, name: 'till', role: 'till' });
    await till.import(await office.export());
    for (const book of [office, till]) expect(await book.commit('shop.first', {})).toMatchObject({ ok: true });
    const file = await till.export();
    state.isFailing = true;
    await expect(office.import(file)).rejects.toMatchObject({ code: 'kernel/storage' });
    state.isFailing = false;
    await office.import(file);
    expect(office.query('SELECT id FROM notes')).toEqual([{ id: 'a' }]);
    await till.import(await office.export());
    expect(till.digest().digest).toBe(office.digest().digest);
    for (const book of [office, till]) await book.close();
  }
});
