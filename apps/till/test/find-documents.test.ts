// The search for a part of a number against the plain question that it is the quick form of, on a table of 7,000 documents.
import initSqlJs, { type Database } from 'sql.js';
import { beforeAll, expect, it } from 'vitest';
import { type DocumentSearch, findByNumber } from '../src/engine/find-documents.ts';
import type { DocumentRow } from '../src/engine/port.ts';
import { countOfNumber } from '../src/engine/till-book.ts';

const documents = 7_000;
const numberOf = (at: number): string => `INV/till-${at % 3}/2026-11-${10 + Math.floor(at / 700)}/${(at % 700) + 1}`;

let database: Database;
let asked = 0;
beforeAll(async () => {
  database = new (await initSqlJs()).Database();
  database.run('CREATE TABLE documents (scope, id, device, day, number, PRIMARY KEY (scope, id)) WITHOUT ROWID');
  database.run('CREATE TABLE devices (device, name)');
  const row = database.prepare("INSERT INTO documents VALUES ('hq', ?, '', '', ?)");
  for (let at = 0; at < documents; at += 1) row.run([`01a${String(at).padStart(8, '0')}`, numberOf(at)]);
  row.run(['01a', 'INV/first-till/2026-11-01/1']);
  row.free();
});

function query(sql: string, params: readonly unknown[] = []): readonly { readonly id: string }[] {
  asked += 1;
  const statement = database.prepare(sql, params as never);
  const rows: { readonly id: string }[] = [];
  while (statement.step()) rows.push(statement.getAsObject() as never);
  statement.free();
  return rows;
}

const search: DocumentSearch = {
  book: { device: '' as never, query: query as never },
  scope: 'hq',
  countOfNumber,
  read: (where, params) =>
    query(`SELECT d.id FROM documents d WHERE d.scope = 'hq' AND ${where}`, params) as readonly DocumentRow[],
};

const idsOf = (rows: readonly { readonly id: string }[]): readonly string[] => rows.map(({ id }) => id);

it.each(['till-2', '11-19/7', 'first', 'FIRST', '2026', '_', 'nothing', '%'])(
  'finds “%s” as one walk does',
  async (text) => {
    const pattern = `%${text.replaceAll(/[\\%_]/g, (char) => `\\${char}`)}%`;
    const plain = query("SELECT id FROM documents WHERE number LIKE ? ESCAPE '\\' ORDER BY id DESC LIMIT 50", [
      pattern,
    ]);
    expect(idsOf(await findByNumber(search, text))).toEqual(idsOf(plain));
  },
);

it('takes a count for the end of a number, and for a part of one only where none ends so', async () => {
  const ended = query("SELECT id FROM documents WHERE number LIKE '%/17' ORDER BY id DESC");
  expect(ended).toHaveLength(10);
  expect(idsOf(await findByNumber(search, '17'))).toEqual(idsOf(ended));
  expect(await findByNumber(search, '2026')).toHaveLength(50);
});

it('lets others go on between two stretches, and ends when something else is looked for', async () => {
  let turns = 0;
  const timer = setInterval(() => (turns += 1), 0);
  await findByNumber(search, 'first');
  clearInterval(timer);
  expect(turns).toBeGreaterThan(1);
  asked = 0;
  const whole = findByNumber(search, 'first');
  const next = findByNumber(search, 'till-1');
  expect(await whole).toEqual([]);
  expect(await next).toHaveLength(50);
  // Two questions a stretch: one stretch of the search that was given up, one of the other.
  expect(asked).toBe(4);
});
