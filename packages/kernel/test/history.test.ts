// The golden histories: book files as releases wrote them. Whatever is folded today must come to what was folded then.
import { readFileSync, globSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { defineVerb, openBook, type Verb } from '@tallystick/kernel';
import type { BookId } from '@tallystick/oplog';
import { describe, expect, it } from 'vitest';
import { teaHouse } from '../../../fixtures/kernel/program.ts';
import { provenDigest } from './fleet.ts';
import { memoryKeys, stores } from './shop.ts';

interface History {
  readonly book: BookId;
  readonly relayKey: string;
  readonly scopes: readonly object[];
  readonly digest: object;
  readonly refusals: readonly { readonly code: string }[];
  readonly corrections: readonly { readonly code: string }[];
  readonly file: string;
}

const folder = fileURLToPath(new URL('../../../fixtures/kernel', import.meta.url));
const files = globSync('published/*.json', { cwd: folder }).sort();

function openHistory(file: string): History {
  return JSON.parse(readFileSync(`${folder}/${file}`, 'utf8')) as History;
}

/** What a device that joins with this program makes of the file. */
async function fold(history: History, verbs: readonly Verb[], driver: keyof typeof stores) {
  const { book: id, relayKey } = history;
  const store = { ...stores[driver](), close: () => undefined };
  const open = (program: readonly Verb[]) =>
    openBook({ store, keys: memoryKeys(), verbs: program, book: id, relayKey, replicate: 'all' });
  const book = await open(verbs);
  const report = await book.import(Buffer.from(history.file, 'base64'));
  expect(report).toMatchObject({ aside: [], undecodable: [] });
  return { book, open };
}

it('are there, with every verdict in them', () => {
  expect(files.length).toBeGreaterThan(0);
  const codes = new Set(
    files.flatMap((file) => {
      const { refusals, corrections } = openHistory(file);
      return [...refusals, ...corrections].map(({ code }) => code);
    }),
  );
  expect([...codes].sort()).toEqual(['kernel/revoked', 'retail/late-cash', 'tea/owed', 'tea/taken']);
});

describe.each(files)('%s', (file) => {
  const history = openHistory(file);

  it.each(Object.keys(stores) as (keyof typeof stores)[])('folds on %s to what it was', async (driver) => {
    const { book } = await fold(history, teaHouse(2), driver);
    const rows = (table: string): readonly object[] =>
      book.query(`SELECT scope, verb, code, details FROM ${table} ORDER BY scope, id`);
    expect(book.status().scopes.map(({ scope, settled, pending }) => ({ scope, settled, pending }))).toEqual(
      history.scopes,
    );
    expect({ refusals: rows('refusals'), corrections: rows('corrections') }).toEqual({
      refusals: history.refusals,
      corrections: history.corrections,
    });
    expect(book.digest()).toEqual(history.digest);
    await provenDigest(book, stores[driver]);
  });

  it('stops a program of the first release, and goes on with the second', async () => {
    const { book, open } = await fold(history, teaHouse(1), 'better-sqlite3');
    expect(book.status().scopes[0]?.stop).toMatchObject({ code: 'kernel/unsupported-table', release: 'tea house 2' });
    const upgraded = await open(teaHouse(2));
    expect(upgraded.digest()).toEqual(history.digest);
  });

  it('shows a verb that does otherwise than it did', async () => {
    const changed = teaHouse(2).map((verb) => {
      if (verb.ref !== 'leaves.buy@1') return verb;
      return defineVerb({
        ...verb,
        plan: (view, op, args) => verb.plan(view, { ...op, id: '' }, { ...(args as object), pots: 1 }),
      });
    });
    const { book } = await fold(history, changed, 'sql.js');
    expect(book.digest()).not.toEqual(history.digest);
  });
});
