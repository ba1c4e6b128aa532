// `tally prove` cannot be satisfied by a database that was edited: every table, every column, a changed, a removed and a made-up row.
import { copyFileSync, existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import Database from 'better-sqlite3';
import { builtinVerbs } from '@tallystick/kernel';
import { beforeAll, describe, expect, it } from 'vitest';
import { openOffice, shopVerbs } from '../src/book.ts';
import { brokenRows } from '../src/stored-rows.ts';
import { strangeObjects } from '../src/stored-schema.ts';
import { bookWith, edited, layOutCopy, proveEdited, readHonest, rowsOf, wholeHistory } from './edited-book.ts';
import { deletesOfAll, type Edit, editsOf, missedOf } from './table-edits.ts';
import { jsonOf, runTally } from './tally-process.ts';

const tables = readHonest((db) =>
  db.prepare<[], string>("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").pluck().all(),
);
/** The tables of verbs with their histories, and of verdicts. A proof compares them row by row, so an edit of one says nothing of another. */
const comparedAlone = new Set([...declaredBy([...builtinVerbs, ...shopVerbs]), 'corrections', 'refusals']);
const verbTables = tables.filter((table) => comparedAlone.has(table.replace(/_history$/, '')));

function declaredBy(verbs: readonly { readonly tables: readonly { readonly name: string }[] }[]): Set<string> {
  return new Set(verbs.flatMap((verb) => verb.tables.map(({ name }) => name)));
}

/** Most edits in one copy: a report has room for 100 rows, and a row that is moved takes two. */
const editsInOne = 45;

/** Of ops that are taken out together, every so manieth. */
const opsApart = 8;

/** Edits of one book, no two of one table, as few lots as it takes. */
function lotsOf(edits: readonly Edit[]): Edit[][] {
  const left = Map.groupBy(edits, ({ table, book }) => `${table} ${book.root}`);
  const lots: Edit[][] = [];
  while (left.size > 0) {
    const longest = [...left].sort(([, one], [, other]) => other.length - one.length);
    const book = longest[0]?.[1][0]?.book;
    const lot = longest.filter(([, [edit]]) => edit?.book === book).slice(0, editsInOne);
    lots.push(lot.flatMap(([, [edit]]) => (edit === undefined ? [] : [edit])));
    for (const [key, [, ...rest]] of lot) {
      if (rest.length > 0) left.set(key, rest);
      else left.delete(key);
    }
  }
  return lots;
}

/** Proves lot after lot; answers each edit that went unnamed, in words. */
async function missedIn(lots: readonly (readonly Edit[])[]): Promise<{ table: string; missed: string }[]> {
  const found: { table: string; missed: string }[] = [];
  for (const lot of lots)
    for (const [{ table, what }, wrong] of await missedOf(lot)) found.push({ table, missed: `${what}: ${wrong}` });
  return found;
}

describe('the proof of an office database', () => {
  it('passes when nothing was edited', async () => {
    expect(await proveEdited(() => undefined)).toMatchObject({ ok: true, problems: [] });
  });

  it('passes on the history of every verb too', async () => {
    expect(await proveEdited(() => undefined, wholeHistory)).toMatchObject({ ok: true, problems: [] });
  });

  it('is put to the test on rows of every table', () => {
    expect(declaredBy(shopVerbs).size).toBeGreaterThan(80);
    expect(tables.filter((table) => rowsOf(table, bookWith(table)).length === 0)).toEqual([
      // Of a device that began at a snapshot and left tables where they are; the kernel's snapshots are tested with such.
      'absent',
      // Of devices that attested to different books, for which one of them must fold wrongly.
      'disagreements',
      // Only a log that was archived begins at a base.
      'log_bases',
      // Whoever closes a book leaves it empty.
      'log_journal',
    ]);
  });

  describe('names the edited row', () => {
    let missed: Awaited<ReturnType<typeof missedIn>>;

    beforeAll(async () => {
      missed = await missedIn(lotsOf(verbTables.flatMap(editsOf)));
    });

    it.each(verbTables)('of %s', (table) => {
      expect(missed.filter((edit) => edit.table === table)).toEqual([]);
    });
  });

  // What `kernel_tables` says is made right by opening the book: rows that do not fit it are folded again.
  it.each(tables.filter((table) => table !== 'kernel_tables' && !verbTables.includes(table)))(
    'names the edited row of %s, which others hang on',
    async (table) => {
      expect(await missedIn(editsOf(table).map((edit) => [edit]))).toEqual([]);
    },
  );

  it('names every op that is taken out of the log', async () => {
    const deletes = deletesOfAll('log_records');
    // What is named for its neighbour's sake is not taken for named: those that go together stand apart.
    const lots = Map.groupBy(deletes, (edit) => deletes.indexOf(edit) % opsApart);
    expect(deletes.length).toBeGreaterThan(opsApart);
    expect(await missedIn([...lots.values()])).toEqual([]);
  });

  it.each(['index', 'table'])('misses every %s that is taken away, before the book is opened', async (type) => {
    const sql = "SELECT name FROM sqlite_schema WHERE type = ? AND name NOT LIKE 'sqlite!_%' ESCAPE '!'";
    const names = readHonest((db) => db.prepare<[string], string>(sql).pluck().all(type));
    expect(names.length).toBeGreaterThan(10);
    layOutCopy();
    const db = new Database(edited.officeFile);
    for (const name of names) db.exec(`DROP ${type} "${name}"`);
    db.close();
    const whys = (await strangeObjects(edited.officeFile)).map(({ why }) => why);
    expect(names.filter((name) => !whys.includes(`its ${type} ${name} is missing`))).toEqual([]);
  });

  it('says what to do with a file of an earlier release, and proves it once that is done', async () => {
    const asBefore = (db: Database.Database): void =>
      void db.exec('DROP TABLE log_journal; UPDATE log_format SET version = 1');
    const { ok, problems } = await proveEdited(asBefore);
    expect(ok).toBe(false);
    expect(problems.map(({ table }) => table)).toEqual(['log_format']);
    expect(problems[0]?.why).toContain('"tally status"');
    expect((await runTally('status', '--data', edited.root)).status).toBe(0);
    expect(jsonOf(await runTally('prove', '--data', edited.root, '--json'))).toMatchObject({ ok: true, problems: [] });
  });

  it.each([
    [
      'an index that is gone and would be made again',
      'DROP INDEX log_records_by_hash',
      'log_records',
      'its index log_records_by_hash is missing',
    ],
    ['a table that is gone', 'DROP TABLE voids', 'voids', 'its table voids is missing'],
    ['a table', 'CREATE TABLE notes (x)', 'notes', 'its table notes is no part of a book'],
    ['an index', 'CREATE INDEX i ON stock (onHand)', 'stock', 'its index i is no part of a book'],
    ['a view', 'CREATE VIEW v AS SELECT 1', 'v', 'its view v is no part of a book'],
    [
      'a trigger that waits for the next sale',
      'CREATE TRIGGER t AFTER INSERT ON stock BEGIN UPDATE stock SET onHand = 0; END',
      'stock',
      'its trigger t is no part of a book',
    ],
    [
      'a trigger named like what SQLite makes itself',
      'CREATE TRIGGER sqlites AFTER INSERT ON log_records BEGIN DELETE FROM log_asides; END',
      'log_records',
      'its trigger sqlites is no part of a book',
    ],
    ['statistics', 'ANALYZE', 'sqlite_stat1', 'its table sqlite_stat1 is no part of a book'],
    [
      'an index over something else',
      'DROP INDEX log_records_by_hash; CREATE INDEX log_records_by_hash ON log_records (seq)',
      'log_records',
      'its index log_records_by_hash is not declared as in a book',
    ],
    [
      'another column',
      'ALTER TABLE log_tips ADD COLUMN x TEXT',
      'log_tips',
      'its table log_tips is not declared as in a book',
    ],
  ])('sees %s', async (_what, sql, table, why) => {
    const proof = await proveEdited((db) => void db.exec(sql));
    expect(proof.ok).toBe(false);
    expect(proof.problems).toContainEqual({ table, row: '', why });
  });

  it('knows the newest ops where the journal alone has them, as a program that died leaves it', async () => {
    layOutCopy();
    const book = await openOffice(edited);
    for (const account of ['9876', '9877'])
      expect(await book.commit('account.open', { account, name: 'Journaled', kind: 'asset' })).toMatchObject({
        ok: true,
      });
    // Reading writes the ops' rows of the tail.
    expect(book.query("SELECT 1 FROM accounts WHERE name = 'Journaled'")).toHaveLength(2);
    const [left, copy] = [`${edited.officeFile}.left`, `${edited.officeFile}.copy`];
    for (const suffix of ['', '-wal']) copyFileSync(`${edited.officeFile}${suffix}`, `${left}${suffix}`);
    await book.close();
    const db = new Database(left);
    expect(db.prepare('SELECT count(*) FROM log_journal').pluck().get()).toBe(2);
    expect(brokenRows(left)).toEqual([]);
    db.pragma('wal_checkpoint(TRUNCATE)');
    db.close();
    const shorter = 'CAST(substr(record, 1, 96) || substr(record, 98) AS BLOB)';
    const another = "iif(hex(substr(record, 96, 1)) = '00', char(1), char(0))";
    const resigned = `CAST(substr(record, 1, 95) || ${another} || substr(record, 97) AS BLOB)`;
    for (const [edit, row, why] of [
      [`UPDATE log_journal SET record = ${shorter} WHERE place = 1`, '1', 'is not the op it is stored as'],
      ['UPDATE log_journal SET place = 9 WHERE place = 1', '8', 'is missing; rows are numbered from 1 without a gap'],
      [
        `INSERT INTO log_journal (hash, record) SELECT hash, ${resigned} FROM log_journal WHERE place = 1`,
        '3',
        'is the op of a row before it under other bytes',
      ],
    ] as const) {
      copyFileSync(left, copy);
      const changed = new Database(copy);
      changed.exec(edit);
      changed.close();
      expect(brokenRows(copy)).toContainEqual({ table: 'log_journal', row, why });
    }
  });

  it('leaves what it examined as it found it', async () => {
    await proveEdited((db) => void db.exec("UPDATE stock SET onHand = 99 WHERE sku = 'A'"));
    const db = new Database(edited.officeFile, { readonly: true });
    expect(db.prepare("SELECT DISTINCT onHand FROM stock WHERE sku = 'A'").pluck().all()).toEqual([99]);
    db.close();
  });
});

describe('tally prove', () => {
  it('exits 0 on honest books and 1 with table and row on edited ones', async () => {
    layOutCopy();
    expect(jsonOf(await runTally('prove', '--data', edited.root, '--json'))).toMatchObject({ ok: true, problems: [] });
    const db = new Database(edited.officeFile);
    db.exec("UPDATE balances SET amountMinor = amountMinor + 1 WHERE scope = 'hq' AND account = '4000'");
    db.close();
    const red = await runTally('prove', '--data', edited.root);
    expect(red.status).toBe(1);
    expect(red.stdout).toMatch(
      /^table balances row hq 4000 GBP: holds \[-?\d+\], the log says \[-?\d+\]\nNOT proved: 1 row/,
    );
    expect(await runTally('prove', '--data', edited.root, '--json')).toMatchObject({ status: 1 });
  });

  it('judges a database that an interrupted rebuild moved aside where it stands', async () => {
    layOutCopy();
    const aside = `${edited.officeFile}.aside`;
    renameSync(edited.officeFile, aside);
    writeFileSync(edited.officeFile, 'half built');
    const before = readFileSync(aside);
    expect(jsonOf(await runTally('prove', '--data', edited.root, '--json'))).toMatchObject({ ok: true });
    expect(readFileSync(aside).equals(before)).toBe(true);
    expect(readFileSync(edited.officeFile, 'utf8')).toBe('half built');
    const db = new Database(aside);
    db.exec("UPDATE stock SET onHand = 99 WHERE sku = 'A'");
    db.close();
    expect(jsonOf(await runTally('prove', '--data', edited.root, '--json'))).toMatchObject({ ok: false });
    expect(existsSync(aside)).toBe(true);
  });

  it('exits 1 on a file that is no database', async () => {
    layOutCopy();
    copyFileSync(new URL(import.meta.url).pathname, edited.officeFile);
    const { status, stdout } = await runTally('prove', '--data', edited.root);
    expect(status).toBe(1);
    expect(stdout).toContain('table the database row (all): cannot be read');
  });
});
