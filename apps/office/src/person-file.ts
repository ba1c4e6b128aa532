// Everything that the books hold of one person: the texts, opened where this device may, and every row that names one of their customer numbers, with the parts of
// its documents.
import { findEnvelopes, type SubjectId } from '@tallystick/erasure';
import type { Reading, SubjectDesk } from '@tallystick/kernel/subjects';
import type { Scope } from '@tallystick/oplog';
import type { ArchivedLog } from './archived-log.ts';
import type { ShopBook } from './book.ts';
import { formatMinor } from './currency.ts';
import { recordsOf } from './log-pages.ts';
import { personFields, type PersonRow } from './subjects.ts';

export interface HeldText {
  readonly scope: string;
  /** Without its version where the op is not in the log here. */
  readonly verb: string;
  readonly field: string;
  readonly op: string;
  /** Where the op is not in the log here, the moment that its id begins with. */
  readonly at: number;
  readonly reading: Reading;
}

type Row = Readonly<Record<string, string | number>>;

export interface PersonFile {
  readonly subject: SubjectId;
  /** Numbers under which the person was ever described. */
  readonly customers: readonly string[];
  /** Those of them under which somebody else was described too: whose their rows are nobody can say, so they are left out. */
  readonly shared: readonly string[];
  readonly texts: readonly HeldText[];
  /** By scope, the first op that was looked at where it is not 0: of earlier ones `texts` has what the rows of persons still hold, and no more. */
  readonly begins: Readonly<Record<string, number>>;
  /** By table: sales and other documents, balances, entitlements, terms, requests. */
  readonly rows: Readonly<Record<string, readonly Row[]>>;
}

/** `archived`: of ops that are not in the log here any more. */
export async function readPersonFile(
  book: ShopBook,
  desk: SubjectDesk,
  subject: SubjectId,
  archived?: ArchivedLog,
): Promise<PersonFile> {
  const customers = book
    .query<{ customer: string }>('SELECT DISTINCT customer FROM persons_history WHERE subject = ? ORDER BY customer', [
      subject,
    ])
    .map(({ customer }) => customer);
  const shared = customers.filter(
    (customer) =>
      book.query('SELECT 1 FROM persons_history WHERE customer = ? AND subject <> ? LIMIT 1', [customer, subject])
        .length > 0,
  );
  const own = customers.filter((customer) => !shared.includes(customer));
  return {
    subject,
    customers,
    shared,
    texts: await readTexts(book, desk, subject, archived),
    begins: beginsOf(book, archived),
    rows: readRows(book, subject, own),
  };
}

async function readTexts(
  book: ShopBook,
  desk: SubjectDesk,
  subject: SubjectId,
  archived: ArchivedLog | undefined,
): Promise<HeldText[]> {
  const texts: HeldText[] = [];
  const inLog = new Set<string>();
  for (const scope of book.log.scopes()) {
    for await (const { op } of recordsOf(book, scope, archived)) {
      for (const { field, text, envelope } of findEnvelopes(op.args)) {
        if (envelope.subject !== subject) continue;
        const reading = await desk.read(text, { scope: op.scope, device: op.device, id: op.id, field });
        texts.push({ scope: op.scope, verb: op.verb, field, op: op.id, at: op.at, reading });
        inLog.add(text);
      }
    }
  }
  return [...(await readRowTexts(book, desk, subject, inLog)), ...texts];
}

/** Those whose ops are not in the log here: rows outlive them, and so do rows that were replaced. */
async function readRowTexts(
  book: ShopBook,
  desk: SubjectDesk,
  subject: SubjectId,
  inLog: ReadonlySet<string>,
): Promise<HeldText[]> {
  // An envelope begins `env1.`, and then says its subject.
  const sealedFor = personFields.map((field) => `substr(${field}, 6, ${subject.length})`).join();
  const columns = ['scope', 'device', 'op', ...personFields].join();
  const rows = ['persons', 'persons_history'].map(
    (table) => `SELECT ${columns} FROM ${table} WHERE ? IN (${sealedFor})`,
  );
  const found = book.query<Omit<PersonRow, 'customer' | 'subject'>>(`${rows.join(' UNION ')} ORDER BY op`, [
    subject,
    subject,
  ]);
  const texts: HeldText[] = [];
  for (const { scope, device, op, ...fields } of found) {
    for (const { field, text, envelope } of findEnvelopes(fields)) {
      if (envelope.subject !== subject || inLog.has(text)) continue;
      const reading = await desk.read(text, { scope, device, id: op, field });
      texts.push({ scope, verb: 'person.describe', field, op, at: momentOf(op), reading });
    }
  }
  return texts;
}

/** UUIDv7: 48 bits of milliseconds come first. */
function momentOf(op: string): number {
  return Number.parseInt(op.replace('-', '').slice(0, 12), 16);
}

function beginsOf(book: ShopBook, archived: ArchivedLog | undefined): PersonFile['begins'] {
  const begins = book.log.scopes().map((scope): readonly [string, number] => [scope, book.log.base(scope).size]);
  return Object.fromEntries(
    begins.filter(([scope, from]) => from > 0 && archived?.recordsByScope.has(scope as Scope) !== true),
  );
}

/** What is not looked at, because it is not here; `done` is what was done with the rest. */
export function archivedLines({ begins }: Pick<PersonFile, 'begins'>, done: string): string[] {
  return Object.entries(begins).map(
    ([scope, from]) =>
      `the first ${from} ops of ${scope} are in an archive: what they say of the person ${done} only where the rows of persons still hold it (--archives PLACE has all)`,
  );
}

/** By what the tables are, not by a list of ours, so that a verb that is added is not left out. */
function readRows(book: ShopBook, subject: SubjectId, customers: readonly string[]): PersonFile['rows'] {
  const rows: Record<string, readonly Row[]> = {};
  const collect = (column: string, values: readonly (string | number)[]): void => {
    if (values.length === 0) return;
    for (const table of tablesWith(book, column)) {
      const marks = values.map(() => '?').join();
      const found = book.query<Row>(`SELECT * FROM "${table}" WHERE "${column}" IN (${marks}) ORDER BY 1, 2`, values);
      if (found.length > 0) rows[table] = found;
    }
  };
  collect('subject', [subject]);
  collect('customer', customers);
  collect(
    'document',
    (rows['documents'] ?? []).map(({ id }) => String(id)),
  );
  return rows;
}

function tablesWith(book: ShopBook, column: string): readonly string[] {
  const asked = `SELECT m.name FROM sqlite_master m JOIN pragma_table_info(m.name) c
    WHERE m.type = 'table' AND c.name = ? AND m.name NOT LIKE '%\\_history' ESCAPE '\\' ORDER BY m.name`;
  return book.query<{ name: string }>(asked, [column]).map(({ name }) => name);
}

/** For the person who asked. */
export function personFileLines({ subject, customers, shared, texts, begins, rows }: PersonFile): string[] {
  const shown = texts.map(({ at, field, reading, verb }) => `  ${dayOf(at)} ${field}: ${wordOf(reading)} (${verb})`);
  const tables = Object.entries(rows).flatMap(([table, found]) => [
    '',
    `${table}: ${found.length}`,
    ...found.map((row) => `  ${rowLine(row)}`),
  ]);
  const numbers = customers.length === 0 ? '' : `, customer ${customers.join(', ')}`;
  const left = shared.map(
    (customer) => `somebody else was described as ${customer} too, so what stands under it is left out`,
  );
  return [
    `subject ${subject}${numbers}`,
    ...left,
    ...archivedLines({ begins }, 'is in here'),
    '',
    `texts: ${texts.length}`,
    ...shown,
    ...tables,
  ];
}

function rowLine(row: Row): string {
  const currency = String(row['currency'] ?? '');
  return Object.entries(row)
    .filter(([, value]) => value !== '')
    .map(([name, value]) => {
      if (name.endsWith('Minor') && currency !== '')
        return `${name.slice(0, -5)}=${formatMinor(Number(value), currency)} ${currency}`;
      if (name === 'at') return `at=${dayOf(Number(value))}`;
      return `${name}=${String(value).startsWith('env1.') ? '(sealed, see texts)' : value}`;
    })
    .join(' ');
}

function dayOf(at: number): string {
  return new Date(at).toISOString().slice(0, 10);
}

export function wordOf(reading: Reading): string {
  switch (reading.state) {
    case 'shown':
      return reading.text;
    case 'erased':
      return '(erased)';
    case 'no-key':
      return '(this device may not read it)';
    case 'unreadable':
      return `(unreadable: ${reading.code})`;
  }
}
