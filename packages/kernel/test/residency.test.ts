// A set whose old rows are not here takes new ones: only what comes after the last old row, and nobody ever sees the new ones alone.
import { type Book, type BookStore, defineVerb, KernelError, openBook, setTable, type Verb } from '@tallystick/kernel';
import { nodeCrypto, nodeStore } from '@tallystick/kernel/node';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { encodeManifest, MANIFEST, openManifest } from '../src/snapshot.ts';
import { createTestRelay } from './fleet.ts';
import { memoryKeys, stores } from './shop.ts';

const notes = setTable('notes', { key: { page: 'text', line: 'integer' }, columns: { text: 'text' } });
interface Note {
  page: string;
  line: number;
}
const write: Verb<'note.write', Note> = defineVerb({
  name: 'note.write',
  version: 1,
  roles: ['owner'],
  tables: [notes],
  args: z.strictObject({ page: z.string().regex(/^[!-?A-~ü]*$/), line: z.int() }),
  // Which lines the page has already is read, and stands in the row.
  plan: (view, _op, { page, line }) => [notes.put({ page, line, text: `after ${view.list(notes, { page }).length}` })],
});
const verbs = [write] as const;
type Notebook = Book<typeof verbs>;

const files = new Map<string, Uint8Array>();
const place = {
  load: (name: string) => files.get(name),
  save: (name: string, parts: readonly Uint8Array[]) => void files.set(name, new Uint8Array(Buffer.concat(parts))),
};
const keys = memoryKeys();
const relay = await createTestRelay();
const first: Notebook = await openBook({ store: nodeStore(':memory:'), keys, verbs });
for (const [page, line] of [
  ['b', 1],
  ['d', 1],
  ['d', 2],
] as const)
  await first.commit('note.write', { page, line });
await first.sync(relay);
await first.saveSnapshot(place);
await first.close();

const open: Notebook[] = [];
afterEach(async () => {
  for (const book of open.splice(0)) await book.close();
});

async function restored(hotBytes: number, makeStore = () => nodeStore(':memory:')): Promise<Notebook> {
  const book: Notebook = await openBook({
    store: makeStore(),
    keys,
    verbs,
    book: first.id,
    snapshot: { from: place, hotBytes },
  });
  await book.anchor();
  open.push(book);
  return book;
}
const absent = (book: Notebook): string[] => (book.status().snapshot?.absent ?? []).map(({ table }) => table);
const said = async (book: Notebook, page: string, line: number): Promise<string> => {
  const commit = await book.commit('note.write', { page, line });
  return commit.ok ? 'ok' : commit.code;
};
const all = 'SELECT page, line, text FROM notes ORDER BY page, line';

it.each(Object.entries(stores))(
  'takes what comes after the last row, without the old ones: %s',
  async (_, makeStore) => {
    const [cold, whole] = [await restored(0, makeStore), await restored(Number.POSITIVE_INFINITY)];
    const later = [
      ['e', 1],
      ['e', 2],
      ['f', 1],
    ] as const;
    for (const [page, line] of later)
      expect([await said(cold, page, line), await said(whole, page, line)]).toEqual(['ok', 'ok']);
    expect(await said(cold, 'e', 2)).toBe('kernel/duplicate-id');
    expect(absent(cold)).toEqual(['notes']);
    // Neither rows nor digest are shown of a part.
    const notHere = expect.objectContaining({ code: 'kernel/not-resident' });
    expect(() => cold.digest()).toThrow(notHere);
    expect(() => cold.query(all)).toThrow(notHere);
    expect(() => cold.query('SELECT 1 FROM notes WHERE page = ? AND line = ?', ['b', 1])).toThrow(notHere);
    await cold.loadRest();
    expect(absent(cold)).toEqual([]);
    expect(cold.query(all)).toEqual(whole.query(all));
    expect(cold.digest().scopes['hq']?.tables['notes']).toBe(whole.digest().scopes['hq']?.tables['notes']);
  },
);

describe('a table of more rows than come at a time', () => {
  const rows = 2500;
  const keysOfMany = memoryKeys();
  const kept = new Map<string, Uint8Array>();
  const ofMany = {
    load: (name: string) => kept.get(name),
    save: (name: string, parts: readonly Uint8Array[]) => void kept.set(name, Buffer.concat(parts)),
  };
  const count = 'SELECT count(*) AS n FROM notes';
  const here = (book: Notebook): number => Number(book.queryHere(count)[0]?.['n']);
  let id: Notebook['id'];

  beforeAll(async () => {
    const many: Notebook = await openBook({ store: nodeStore(':memory:'), keys: keysOfMany, verbs });
    id = many.id;
    const wrote = (line: number) => ({ verb: 'note.write', args: { page: `b${line}`, line } }) as const;
    await many.commitAll(Array.from({ length: rows }, (_, line) => wrote(line)));
    await many.sync(await createTestRelay());
    await many.saveSnapshot(ofMany);
    await many.close();
  });

  async function beginLoading(store: BookStore): Promise<readonly [Notebook, Promise<void>]> {
    const book: Notebook = await openBook({
      store,
      keys: keysOfMany,
      verbs,
      book: id,
      snapshot: { from: ofMany, hotBytes: 0 },
    });
    await book.anchor();
    open.push(book);
    const rest = book.loadRest();
    while (here(book) === 0) await new Promise((resolve) => setTimeout(resolve));
    expect(here(book)).toBeLessThan(rows);
    expect(() => book.query(count)).toThrow(expect.objectContaining({ code: 'kernel/not-resident' }));
    return [book, rest];
  }

  it.each(Object.entries(stores))(
    'comes in pieces, and a write has its turn between them: %s',
    async (_, makeStore) => {
      const [book, rest] = await beginLoading(makeStore());
      const order: string[] = [];
      const written = said(book, 'c', 1).then((code) => order.push(code));
      await Promise.all([written, rest.then(() => order.push('all here'))]);
      expect(order).toEqual(['ok', 'all here']);
      expect([book.query(count), absent(book)]).toEqual([[{ n: rows + 1 }], []]);
    },
  );

  it.each(Object.entries(stores))('is whole for whoever touches it meanwhile: %s', async (_, makeStore) => {
    const [book, rest] = await beginLoading(makeStore());
    expect(await said(book, 'b7', rows)).toBe('ok');
    expect(book.query("SELECT text FROM notes WHERE page = 'b7'")).toEqual([{ text: 'after 0' }, { text: 'after 1' }]);
    await rest;
    expect(book.query(count)).toEqual([{ n: rows + 1 }]);
  });
});

it.each([
  ['the last row itself', 'd', 2, 'kernel/duplicate-id'],
  ['a row before it', 'b', 1, 'kernel/duplicate-id'],
  ['a page of which there are rows', 'd', 3, 'ok'],
  ['a page between', 'c', 1, 'ok'],
  ['what JavaScript and SQLite may order otherwise', 'ü', 1, 'ok'],
] as const)('loads the old ones for %s', async (_, page, line, code) => {
  const cold = await restored(0);
  expect([await said(cold, page, line), absent(cold)]).toEqual([code, []]);
  const [row] = cold.query<{ text: string }>('SELECT text FROM notes WHERE page = ? AND line = ?', [page, line]);
  expect(row?.text).toBe(page === 'd' && line === 3 ? 'after 2' : page === 'd' ? 'after 1' : 'after 0');
});

it('is signed for with its old rows', async () => {
  const cold = await restored(0);
  expect(await said(cold, 'e', 1)).toBe('ok');
  await cold.sync(relay);
  expect((await cold.attest()).ok).toBe(true);
  expect([absent(cold), cold.query(all).length]).toEqual([[], 4]);
});

it('is not loaded where the manifest lied about its last row', async () => {
  const [before, key] = [files.get(MANIFEST) as Uint8Array, await keys.load('device')];
  const { manifest } = await openManifest(before, first.id, nodeCrypto);
  const lying = manifest.scopes.map((scope) => ({
    ...scope,
    shards: scope.shards.map((shard) => (shard.table === 'notes' ? { ...shard, last: ['hq', 'b', 1, ''] } : shard)),
  }));
  const sign = (message: Uint8Array) => key?.sign(message) as Uint8Array;
  files.set(MANIFEST, await encodeManifest({ ...manifest, scopes: lying }, sign, nodeCrypto));
  const cold = await restored(0);
  files.set(MANIFEST, before);
  expect(await said(cold, 'c', 1)).toBe('ok');
  await expect(cold.loadRest()).rejects.toThrow(KernelError);
  await expect(cold.loadRest()).rejects.toMatchObject({ code: 'snapshot/shard' });
});
