// A plain look at the rows of a book's database file before anybody opens it as a book: the kernel's proof goes on from there; it
// would stumble over rows that break these rules, or repair them, before it could name them.
import { openRecord } from '@tallystick/chain';
import type { ProofProblem } from '@tallystick/kernel';
import { nodeStore } from '@tallystick/kernel/node';
import { type OpHash, parseOpHash } from '@tallystick/oplog';
import Database from 'better-sqlite3';
import { shopCrypto } from './book.ts';
import { rowRules } from './stored-row-rules.ts';
import { messageOf } from './errors.ts';

const maxRows = 20;
/** Register history rows of pending ops stand at this place plus the op's ordinal in the tail. */
const pendingPlace = 2 ** 52;

/** Rows of the file that break a rule. A table that is missing or cannot be read throws. */
export function brokenRows(path: string): ProofProblem[] {
  const db = new Database(path, { readonly: true });
  try {
    const damaged = db.prepare<[], string>('PRAGMA integrity_check').pluck().all();
    const broken = rowRules.flatMap(({ table, why, sql }) => rowsOf(db, sql).map((row) => ({ table, row, why })));
    return [
      ...damaged.filter((line) => line !== 'ok').map((why) => ({ table: 'the database', row: '', why })),
      ...broken,
      // What the tail holds can be looked into only while it is what it should be.
      ...(broken.some(({ table }) => table === 'tail') ? [] : misplacedTail(db)),
      ...mislabelled(db, 'log_asides', 'lower(hex(hash))'),
      ...mislabelled(db, 'log_journal', 'place'),
    ];
  } finally {
    db.close();
  }
}

function rowsOf(db: Database.Database, sql: string): string[] {
  const rows = db.prepare<[], string | number>(`SELECT * FROM (${sql}) LIMIT ${maxRows}`).pluck().all();
  return rows.map(String);
}

interface WholeRow {
  readonly row: string | number;
  readonly hash: string;
  readonly scope: string | null;
  readonly bytes: Buffer;
}

/**
 * Records that are not the op, or not of the scope, they are stored as. Of the tables that hold whole records: `row` names those of one. Why one was held
 * back is judged at every opening.
 */
function mislabelled(db: Database.Database, table: 'log_asides' | 'log_journal', row: string): ProofProblem[] {
  const columns = table === 'log_asides' ? 'scope, bytes' : 'NULL AS scope, record AS bytes';
  const rows = db.prepare<[], WholeRow>(`SELECT ${row} AS row, lower(hex(hash)) AS hash, ${columns} FROM ${table}`);
  return rows.all().flatMap(({ row: name, hash, scope, bytes }) => {
    const opened = openRecord(new Uint8Array(bytes), shopCrypto.hasher);
    const isItself =
      opened.ok && opened.value.hash === hash && opened.value.op.scope === (scope ?? opened.value.op.scope);
    return isItself ? [] : [{ table, row: String(name), why: 'is not the op it is stored as' }];
  });
}

interface TailRow {
  readonly scope: string;
  readonly ordinal: number;
  readonly outline: string;
  readonly touched: string;
}

/** Pending ops whose writes are not in the history under the ordinal they are stored with. */
function misplacedTail(db: Database.Database): ProofProblem[] {
  const tail = db.prepare<[], TailRow>('SELECT scope, ordinal, outline, touched FROM tail').all();
  const why = 'what it wrote is not in the history at its place';
  return tail
    .filter((row) => registersWritten(db, row).some((name) => !hasPlace(db, name, row)))
    .map(({ scope, ordinal }) => ({ table: 'tail', row: `${scope} ${ordinal}`, why }));
}

/** Names of the registers that a pending op wrote: as its outline says, or the steps that would take back what is left of an op without effect. */
function registersWritten(db: Database.Database, { outline, touched }: TailRow): string[] {
  const labels = outline.split(' ').slice(1);
  const parts: unknown = JSON.parse(touched);
  const steps: unknown = Array.isArray(parts) ? parts[labels.length] : undefined;
  if (!Array.isArray(steps))
    return labels
      .filter((label) => label.startsWith('w'))
      .map((label) => label.slice(2))
      .filter((name) => hasHistory(db, name));
  return steps.flatMap((step: unknown) => {
    const [kind, table] = Array.isArray(step) ? (step as unknown[]) : [];
    return kind === 'write' && typeof table === 'string' ? [table] : [];
  });
}

function hasHistory(db: Database.Database, table: string): boolean {
  const names = db.prepare<[string]>("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?");
  return names.get(`${table}_history`) !== undefined;
}

function hasPlace(db: Database.Database, register: string, { scope, ordinal }: TailRow): boolean {
  if (!hasHistory(db, register)) return false;
  const atPlace = db.prepare<[string, number]>(`SELECT 1 FROM "${register}_history" WHERE scope = ? AND place = ?`);
  return atPlace.get(scope, pendingPlace + ordinal) !== undefined;
}

const countedReceipt = /^(.+) receipt (\d+)$/;

/** Names receipts by their id; the kernel, which does not know ids, counts those of a scope from 0. */
export function nameReceipts(path: string, problems: readonly ProofProblem[]): readonly ProofProblem[] {
  if (!problems.some(({ row }) => countedReceipt.test(row))) return problems;
  const db = new Database(path, { readonly: true });
  try {
    const select = db
      .prepare<[string, number], number>(
        'SELECT r.id FROM log_receipts r JOIN log_names n ON n.id = r.scope WHERE n.name = ? ORDER BY r.id LIMIT 1 OFFSET ?',
      )
      .pluck();
    return problems.map((problem) => {
      const [, scope, index] = countedReceipt.exec(problem.row) ?? [];
      if (scope === undefined || !problem.table.startsWith('log_receipt')) return problem;
      return { ...problem, row: `receipt ${select.get(scope, Number(index))}` };
    });
  } finally {
    db.close();
  }
}

/** Records that are not the op whose hash they are stored under: what stands against a database that cannot be opened as a book. */
export async function misnamedRecords(path: string): Promise<ProofProblem[]> {
  const store = nodeStore(path);
  try {
    const hashes = store.sql.query(
      "SELECT printf('%012x', tag) || lower(hex(rest)) AS hash FROM log_records UNION ALL SELECT lower(hex(hash)) FROM log_journal",
      [],
    );
    const problems: ProofProblem[] = [];
    for (const { hash } of hashes) {
      const why = await whyMisnamed(store.log, String(hash));
      if (why !== undefined) problems.push({ table: 'log_records', row: String(hash), why });
    }
    return problems.slice(0, maxRows);
  } finally {
    await store.close();
  }
}

async function whyMisnamed(log: ReturnType<typeof nodeStore>['log'], text: string): Promise<string | undefined> {
  const hash: OpHash | undefined = parseOpHash(text);
  if (hash === undefined) return 'is stored under what is no hash';
  try {
    const stored = await log.get(hash);
    const opened = stored === undefined ? undefined : openRecord(stored.record.bytes, shopCrypto.hasher);
    if (opened === undefined) return 'cannot be found under its own hash';
    if (!opened.ok) return `${opened.code}: ${opened.message}`;
    return opened.value.hash === hash ? undefined : `what is stored under this hash is op ${opened.value.hash}`;
  } catch (cause) {
    return `cannot be read: ${messageOf(cause)}`;
  }
}
