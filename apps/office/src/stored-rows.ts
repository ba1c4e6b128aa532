// What must hold between the rows of a book's database file before anybody opens it as a book: every number refers to something,
// positions and ordinals have no holes, texts that are JSON parse. The kernel's proof goes on from there; it would stumble
// over such rows, or repair them, before it could name them.
import Database from 'better-sqlite3';
import type { ProofProblem } from '@tallystick/kernel';

interface Invariant {
  readonly table: string;
  readonly why: string;
  /** Answers the rows that break it, by a name people can find them under. */
  readonly sql: string;
}

const maxRows = 20;
const builtinVerbs = "('book.open@1', 'device.enroll@1', 'manifest.adopt@1', 'hq.mark@1')";
const nameIds = 'SELECT id FROM log_names';

const invariants: readonly Invariant[] = [
  {
    table: 'log_format',
    why: 'is not the one format this release reads',
    sql: 'SELECT version FROM log_format WHERE version <> 1 OR (SELECT count(*) FROM log_format) <> 1',
  },
  { table: 'log_format', why: 'is missing', sql: "SELECT 'version' WHERE NOT EXISTS (SELECT 1 FROM log_format)" },
  ...(['scope', 'key', 'device', 'verb'] as const).map((column) => ({
    table: 'log_records',
    why: `its ${column} is no name in log_names`,
    sql: `SELECT 'ordinal ' || ordinal FROM log_records WHERE ${column} NOT IN (${nameIds})`,
  })),
  {
    table: 'log_records',
    why: 'ordinals have a hole before it',
    sql: "SELECT 'ordinal ' || ordinal FROM (SELECT ordinal, row_number() OVER (ORDER BY ordinal) AS place FROM log_records) WHERE ordinal <> place LIMIT 1",
  },
  {
    table: 'log_records',
    why: 'positions have a hole before it',
    sql: `SELECT 'scope ' || scope || ' position ' || position FROM (
            SELECT scope, position, row_number() OVER (PARTITION BY scope ORDER BY position) - 1 AS place FROM log_records WHERE position IS NOT NULL)
          WHERE position <> place LIMIT 1`,
  },
  {
    table: 'log_records',
    why: 'holds text that is not JSON',
    sql: `SELECT 'ordinal ' || ordinal FROM log_records WHERE (typeof(body) = 'text' AND NOT json_valid(body)) OR (seen IS NOT NULL AND NOT json_valid(seen))`,
  },
  {
    table: 'log_names',
    why: 'nothing refers to it',
    sql: `SELECT id || ' ' || name FROM log_names WHERE id NOT IN (
            SELECT scope FROM log_records UNION SELECT key FROM log_records UNION SELECT device FROM log_records
            UNION SELECT verb FROM log_records UNION SELECT scope FROM log_tips UNION SELECT scope FROM log_receipts)`,
  },
  {
    table: 'log_names',
    why: 'names no scope, device or verb of this book',
    sql: `SELECT id || ' ' || name FROM log_names WHERE name NOT IN (
            SELECT scope FROM scopes UNION SELECT device FROM enrolments UNION SELECT verb FROM manifest UNION SELECT verb FROM refusals)
          AND name NOT IN ${builtinVerbs}`,
  },
  {
    table: 'log_heads',
    why: 'refers to nothing',
    sql: `SELECT 'device ' || device || ' scope ' || scope FROM log_heads WHERE device NOT IN (${nameIds}) OR scope NOT IN (${nameIds}) OR ordinal NOT IN (SELECT ordinal FROM log_records)`,
  },
  {
    table: 'log_tips',
    why: 'its scope is no name in log_names',
    sql: `SELECT 'scope ' || scope FROM log_tips WHERE scope NOT IN (${nameIds})`,
  },
  {
    table: 'log_tips',
    why: 'its frontier is not JSON',
    sql: "SELECT 'scope ' || scope FROM log_tips WHERE NOT json_valid(frontier)",
  },
  {
    table: 'log_tips',
    why: 'its size is not the number of ops that have a position',
    sql: "SELECT 'scope ' || scope FROM log_tips t WHERE size <> (SELECT count(*) FROM log_records r WHERE r.scope = t.scope AND r.position IS NOT NULL)",
  },
  {
    table: 'log_tips',
    why: 'is missing for a scope with positions',
    sql: "SELECT DISTINCT 'scope ' || scope FROM log_records WHERE position IS NOT NULL AND scope NOT IN (SELECT scope FROM log_tips)",
  },
  {
    table: 'log_receipts',
    why: 'its scope is no name in log_names',
    sql: `SELECT 'receipt ' || id FROM log_receipts WHERE scope NOT IN (${nameIds})`,
  },
  {
    table: 'log_receipts',
    why: 'has no lines',
    sql: "SELECT 'receipt ' || id FROM log_receipts WHERE id NOT IN (SELECT receipt FROM log_receipt_lines)",
  },
  {
    table: 'log_receipt_lines',
    why: 'belongs to no receipt',
    sql: "SELECT 'receipt ' || receipt || ' line ' || line FROM log_receipt_lines WHERE receipt NOT IN (SELECT id FROM log_receipts)",
  },
  {
    table: 'log_meta',
    why: 'is not a value this release keeps',
    sql: "SELECT name FROM log_meta WHERE name NOT IN ('book', 'relay', 'unanchored') OR (name = 'unanchored' AND value NOT IN ('', '1'))",
  },
  {
    table: 'log_meta',
    why: 'is not the book that was opened here',
    sql: "SELECT name FROM log_meta WHERE name = 'book' AND value NOT IN (SELECT book FROM books)",
  },
  {
    table: 'log_meta',
    why: 'is missing',
    sql: "SELECT 'book' WHERE NOT EXISTS (SELECT 1 FROM log_meta WHERE name = 'book')",
  },
  {
    table: 'scopes',
    why: 'is no scope of the log',
    sql: 'SELECT scope FROM scopes WHERE scope NOT IN (SELECT name FROM log_names WHERE id IN (SELECT scope FROM log_records UNION SELECT scope FROM log_tips))',
  },
  {
    table: 'scopes',
    why: 'is not folded up to its tip',
    sql: 'SELECT s.scope FROM scopes s WHERE s.folded <> coalesce((SELECT t.size FROM log_tips t JOIN log_names n ON n.id = t.scope WHERE n.name = s.scope), 0)',
  },
  {
    table: 'tail',
    why: 'holds text that is not JSON',
    sql: "SELECT scope || ' ' || ordinal FROM tail WHERE NOT json_valid(touch) OR NOT json_valid(undo)",
  },
];

/** Rows of the file that break an invariant. A table that is missing or cannot be read is a problem of its own. */
export function brokenRows(path: string): ProofProblem[] {
  const db = new Database(path, { readonly: true });
  try {
    return invariants.flatMap(({ table, why, sql }) => rowsOf(db, sql).map((row) => ({ table, row, why })));
  } finally {
    db.close();
  }
}

function rowsOf(db: Database.Database, sql: string): string[] {
  const rows = db.prepare<[], string | number>(`SELECT * FROM (${sql}) LIMIT ${maxRows}`).pluck().all();
  return rows.map(String);
}
