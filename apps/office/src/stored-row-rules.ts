// What must hold between the rows of a book's database file, as SQL that answers the rows that break it. Where one row refers to
// another that is not there, either may be the one that was changed: both are named, each by a rule of its own.

import { builtinVerbs } from '@tallystick/kernel';

/** A rule about one table. */
export interface RowRule {
  readonly table: string;
  readonly why: string;
  /** Answers the rows that break the rule, by a name people can find them under. */
  readonly sql: string;
}

const builtinNames = builtinVerbs.map(({ name, version }) => `'${name}@${version}'`).join(', ');
const nameIds = 'SELECT id FROM log_names';
const scopeIds = 'SELECT n.id FROM log_names n JOIN scopes s ON s.scope = n.name';
/** The ids of names by where they are used. */
const usedIds = `SELECT scope AS id FROM log_records UNION SELECT key FROM log_records UNION SELECT device FROM log_records
  UNION SELECT verb FROM log_records UNION SELECT scope FROM log_tips UNION SELECT scope FROM log_receipts
  UNION SELECT device FROM log_heads UNION SELECT scope FROM log_heads`;
/** The name of the row's scope, or its id where it has none. */
const scopeName = '(SELECT coalesce(max(name), scope) FROM log_names WHERE id = scope)';
const deviceName = '(SELECT coalesce(max(name), device) FROM log_names WHERE id = device)';
const hexHash = "printf('%012x', tag) || lower(hex(rest))";
/** Hashes of ops without a position. The newest may be in the journal alone, as long as a program has the book open or after it died. */
const pendingHashes = `SELECT ${hexHash} FROM log_records WHERE position IS NULL UNION ALL SELECT lower(hex(hash)) FROM log_journal`;
/** Scopes of the ops in the journal, out of the text behind key id and signature. */
const journalScopes =
  "SELECT CAST(substr(record, 97) AS TEXT) ->> '$.scope' FROM log_journal WHERE json_valid(CAST(substr(record, 97) AS TEXT))";

/** Rows of `log_records` for which a condition holds, named by their ordinal or another. */
function records(condition: string, ordinal = 'ordinal'): string {
  return `SELECT 'ordinal ' || (${ordinal}) FROM log_records r WHERE ${condition}`;
}

const recordRules: readonly RowRule[] = [
  ...(['scope', 'key', 'device', 'verb'] as const).map((column) => ({
    table: 'log_records',
    why: `its ${column} is no name in log_names`,
    sql: records(`${column} NOT IN (${nameIds})`),
  })),
  { table: 'log_records', why: 'its scope is no scope of this book', sql: records(`scope NOT IN (${scopeIds})`) },
  {
    table: 'log_records',
    why: 'what it follows is not stored',
    sql: records("typeof(prev) = 'integer' AND prev NOT IN (SELECT ordinal FROM log_records)"),
  },
  {
    table: 'log_records',
    why: 'is missing; ops are numbered without a gap',
    // Where ops went into archives there are gaps; what else is missing there is found by positions, heads and the tail.
    sql: records(
      `ordinal > 1 AND ordinal - 1 NOT IN (SELECT ordinal FROM log_records)
       AND NOT EXISTS (SELECT 1 FROM log_bases WHERE size > 0)`,
      'ordinal - 1',
    ),
  },
  {
    table: 'log_records',
    why: 'is missing; ops after it have their positions',
    sql: `SELECT ${scopeName} || ' position ' || (position - 1) FROM log_records r
          WHERE position > coalesce((SELECT size FROM log_bases b WHERE b.scope = r.scope), 0)
          AND position - 1 NOT IN (SELECT position FROM log_records WHERE scope = r.scope AND position IS NOT NULL)`,
  },
  {
    table: 'log_records',
    why: 'holds text that is not JSON',
    sql: records("(typeof(body) = 'text' AND NOT json_valid(body)) OR (seen IS NOT NULL AND NOT json_valid(seen))"),
  },
  {
    table: 'log_records',
    why: 'is missing; log_heads refers to it',
    sql: "SELECT 'ordinal ' || ordinal FROM log_heads WHERE ordinal NOT IN (SELECT ordinal FROM log_records)",
  },
  {
    table: 'log_records',
    why: 'is missing; it was folded into the tail',
    sql: `SELECT scope || ' pending ' || hash FROM tail WHERE hash NOT IN (${pendingHashes})`,
  },
];

const journalRules: readonly RowRule[] = [
  {
    // Each goes behind the last, and all go together.
    table: 'log_journal',
    why: 'is missing; rows are numbered from 1 without a gap',
    sql: 'SELECT place - 1 FROM log_journal WHERE place <> 1 AND place - 1 NOT IN (SELECT place FROM log_journal)',
  },
  {
    // Two programs on one file may both bring an op, with the same bytes.
    table: 'log_journal',
    why: 'is the op of a row before it under other bytes',
    sql: `SELECT place FROM (
            SELECT place, record, first_value(record) OVER (PARTITION BY hash ORDER BY place) AS earlier FROM log_journal)
          WHERE record <> earlier`,
  },
];

const nameRules: readonly RowRule[] = [
  {
    table: 'log_names',
    why: 'is missing; other rows refer to it',
    sql: `SELECT id FROM (${usedIds}) WHERE id NOT IN (${nameIds})`,
  },
  {
    table: 'log_names',
    why: 'nothing refers to it',
    // What went into archives leaves its names behind.
    sql: `SELECT id || ' ' || name FROM log_names WHERE id NOT IN (${usedIds}) AND NOT EXISTS (SELECT 1 FROM log_bases)`,
  },
  {
    table: 'log_names',
    why: 'names no scope, device or verb of this book',
    sql: `SELECT id || ' ' || name FROM log_names WHERE name NOT IN (
            SELECT scope FROM scopes UNION SELECT device FROM enrolments UNION SELECT verb FROM manifest UNION SELECT verb FROM refusals)
          AND name NOT IN (${builtinNames})`,
  },
];

const noteRules: readonly RowRule[] = [
  {
    table: 'log_heads',
    why: 'is not the last op of this chain',
    sql: `SELECT ${scopeName} || ' ' || ${deviceName} FROM log_heads h WHERE NOT EXISTS (
            SELECT 1 FROM log_records r WHERE r.ordinal = h.ordinal AND r.device = h.device AND r.scope = h.scope AND r.seq = h.seq)`,
  },
  {
    table: 'log_heads',
    why: 'is missing for a chain that is stored',
    sql: `SELECT DISTINCT ${scopeName} || ' ' || ${deviceName} FROM log_records r WHERE NOT EXISTS (
            SELECT 1 FROM log_heads h WHERE h.device = r.device AND h.scope = r.scope)`,
  },
  {
    table: 'log_tips',
    why: 'its scope is no scope of this book',
    sql: `SELECT ${scopeName} FROM log_tips WHERE scope NOT IN (${scopeIds})`,
  },
  {
    table: 'log_tips',
    why: 'its frontier is not JSON',
    sql: `SELECT ${scopeName} FROM log_tips WHERE NOT json_valid(frontier)`,
  },
  {
    table: 'log_tips',
    why: 'its size is not the number of ops that have a position',
    sql: `SELECT ${scopeName} FROM log_tips t WHERE size <> coalesce((SELECT b.size FROM log_bases b WHERE b.scope = t.scope), 0) + (
            SELECT count(*) FROM log_records r WHERE r.scope = t.scope AND r.position IS NOT NULL)`,
  },
  {
    table: 'log_tips',
    why: 'is missing for a scope with positions',
    sql: `SELECT DISTINCT ${scopeName} FROM log_records WHERE position IS NOT NULL AND scope NOT IN (SELECT scope FROM log_tips)`,
  },
  {
    // A tip without a note comes only from receipts, of which the last op's must then be here.
    table: 'log_tips',
    why: 'neither a checkpoint nor a receipt of the relay covers its last op',
    sql: `SELECT (SELECT name FROM log_names WHERE id = t.scope) FROM log_tips t JOIN log_records r ON r.scope = t.scope AND r.position = t.size - 1
          WHERE t.note = '' AND NOT EXISTS (
            SELECT 1 FROM log_receipt_lines l WHERE lower(hex(l.hash)) = ${hexHash} AND l.position = r.position)`,
  },
  {
    // What begins later proves nothing without its archives, which are held against the frontier.
    table: 'log_bases',
    why: 'its scope has no log that goes on from there',
    sql: `SELECT ${scopeName} FROM log_bases b WHERE NOT EXISTS (SELECT 1 FROM log_tips t WHERE t.scope = b.scope AND t.size >= b.size AND b.size > 0)`,
  },
  {
    table: 'log_receipts',
    why: 'its scope is no scope of this book',
    sql: `SELECT 'receipt ' || id FROM log_receipts WHERE scope NOT IN (${scopeIds})`,
  },
  {
    table: 'log_receipts',
    why: 'has no lines',
    sql: "SELECT 'receipt ' || id FROM log_receipts WHERE id NOT IN (SELECT receipt FROM log_receipt_lines)",
  },
  {
    table: 'log_receipts',
    why: 'is missing; its lines are there',
    sql: "SELECT DISTINCT 'receipt ' || receipt FROM log_receipt_lines WHERE receipt NOT IN (SELECT id FROM log_receipts)",
  },
  {
    table: 'log_receipt_lines',
    why: 'belongs to no receipt',
    sql: "SELECT 'receipt ' || receipt || ' line ' || line FROM log_receipt_lines WHERE receipt NOT IN (SELECT id FROM log_receipts)",
  },
  {
    table: 'log_receipt_lines',
    why: 'lines have a hole before it',
    sql: `SELECT 'receipt ' || receipt || ' line ' || line FROM (
            SELECT receipt, line, row_number() OVER (PARTITION BY receipt ORDER BY line) - 1 AS place FROM log_receipt_lines)
          WHERE line <> place`,
  },
];

const engineRules: readonly RowRule[] = [
  {
    table: 'log_format',
    why: 'is not the one format this release reads',
    sql: 'SELECT version FROM log_format WHERE version <> 2 OR (SELECT count(*) FROM log_format) <> 1',
  },
  { table: 'log_format', why: 'is missing', sql: 'SELECT 2 WHERE NOT EXISTS (SELECT 1 FROM log_format)' },
  {
    table: 'log_meta',
    why: 'is not a value this release keeps',
    sql: `SELECT name FROM log_meta WHERE name NOT IN ('book', 'identity', 'other-views', 'relay', 'relay-epoch', 'relay-findings', 'relay-joined', 'snapshot', 'unanchored') OR (name = 'unanchored' AND value NOT IN ('', '1'))
          OR (name = 'snapshot' AND (substr(value, 1, instr(value, ' ') - 1) NOT IN ('untrusted', 'certified', 'audited')
            OR length(substr(value, instr(value, ' ') + 1)) <> 129 OR substr(value, instr(value, ' ') + 1) GLOB '*[^0-9a-f ]*'))`,
  },
  {
    table: 'log_meta',
    why: 'does not say which renewal of which device of this book keeps it',
    sql: `SELECT name FROM log_meta WHERE name = 'identity'
          AND value NOT IN (SELECT max(CAST(value AS INTEGER), 2) || ' ' || device FROM enrolments)`,
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
    sql: `SELECT scope FROM scopes WHERE scope NOT IN (SELECT name FROM log_names WHERE id IN (SELECT scope FROM log_records UNION SELECT scope FROM log_tips)
            UNION ALL ${journalScopes})`,
  },
  {
    table: 'scopes',
    why: 'is missing; the log has ops of it',
    sql: 'SELECT name FROM log_names WHERE id IN (SELECT scope FROM log_records) AND name NOT IN (SELECT scope FROM scopes)',
  },
  {
    table: 'scopes',
    why: 'is not folded up to its tip',
    sql: 'SELECT s.scope FROM scopes s WHERE s.folded <> coalesce((SELECT t.size FROM log_tips t JOIN log_names n ON n.id = t.scope WHERE n.name = s.scope), 0)',
  },
  {
    table: 'absent',
    why: 'says that a table is still to come from a snapshot; an office starts from none',
    sql: "SELECT scope || ' ' || name FROM absent",
  },
  {
    table: 'tail',
    why: 'holds text that is not JSON',
    sql: "SELECT scope || ' ' || ordinal FROM tail WHERE NOT json_valid(touched)",
  },
  {
    table: 'tail',
    why: 'is about an op that is not stored as pending',
    sql: `SELECT scope || ' ' || ordinal || ' ' || hash FROM tail WHERE hash NOT IN (${pendingHashes})`,
  },
];

/** Every rule, in the order in which what breaks them is told. */
export const rowRules: readonly RowRule[] = [
  ...recordRules,
  ...journalRules,
  ...nameRules,
  ...noteRules,
  ...engineRules,
];
