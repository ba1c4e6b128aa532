/**
 * "Prove the books" (DESIGN section 5): fold the log into a fresh database and scan the live tables, and compare both, row by row. The log itself is
 * checked signature by signature, its notes against the relay's pinned key. A check that replays the same code over the same cache is no proof.
 */
import { type Aside, type DeviceId, parseScope } from '@tallystick/oplog';
import { originOf, verifyCheckpoint, verifyReceipt } from '@tallystick/relay-protocol';
import { admit, openRecords } from './admit.ts';
import type { BookStore, SqlDriver, SqlValue } from './driver.ts';
import type { Replica } from './replica.ts';
import { replay } from './replay.ts';
import { PENDING_PLACE, type Schema } from './schema.ts';
import { fetchAll } from './snapshot-save.ts';
import { noteAudit } from './snapshot-trust.ts';
import { pinnedRelay } from './relay-key.ts';
import { rootOfTip } from './roots.ts';
import type { Verb } from './verb.ts';
import { type OlderOps, wholeLog } from './whole-log.ts';

export interface ProofProblem {
  readonly table: string;
  /** The row's key as people can find it. */
  readonly row: string;
  readonly why: string;
}

export interface ProofReport {
  readonly ok: boolean;
  /** Ops folded afresh. */
  readonly ops: number;
  /** Signatures checked. */
  readonly signatures: number;
  /** Rows compared. */
  readonly rows: number;
  /** Digest of the live tables, and of the fresh fold. */
  readonly digest: string;
  readonly freshDigest: string;
  /** At most `MAX_PROBLEMS`; empty when ok. */
  readonly problems: readonly ProofProblem[];
}

const MAX_PROBLEMS = 100;

/** Folds everything into `fresh`, an empty store that the caller closes, and compares. A start from a snapshot that is proven so is noted. */
export async function prove(
  live: Replica,
  verbs: readonly Verb[],
  fresh: BookStore,
  older: OlderOps = {},
): Promise<ProofReport> {
  const problems: ProofProblem[] = [];
  await fetchAll(live);
  const replayed = await replay({
    from: await wholeLog(live, older),
    into: fresh,
    verbs,
    crypto: live.crypto,
    every: true,
  });
  const notes = await checkNotes(live, replayed.replica);
  // The tree that the relay signed fixes signatures too, valid or not; where it vouches for none, each must be good.
  const unvouched = replayed.covered.filter(({ scope }) => !notes.vouched.has(scope));
  for (const { scope, position, hash, code, message } of [...replayed.problems, ...unvouched]) {
    problems.push({
      table: 'log_records',
      row: `${scope} ${position === undefined ? 'pending' : `position ${position}`} ${hash}`.trim(),
      why: `${code}: ${message}`,
    });
  }
  problems.push(...compareHeads(live, replayed.replica), ...notes.problems, ...(await checkAsides(live)));
  problems.push(...compareObjects(live.sql, fresh.sql), ...checkLogNames(live.sql));
  const compared = compareTables(live.schema, fresh.sql);
  problems.push(...compared.problems);
  const digest = live.digest().digest;
  if (digest !== replayed.digest.digest && problems.length === 0)
    problems.push({ table: 'scopes', row: '', why: 'the digests differ although no compared row does' });
  const ok = problems.length === 0;
  if (ok) await noteAudit(live);
  return {
    ok,
    ops: replayed.ops,
    signatures: replayed.signatures,
    rows: compared.rows,
    digest,
    freshDigest: replayed.digest.digest,
    problems: problems.slice(0, MAX_PROBLEMS),
  };
}

/** Each device's head as the store answers it, against the chains as they are. */
function compareHeads(live: Replica, fresh: Replica): ProofProblem[] {
  const problems: ProofProblem[] = [];
  for (const scope of fresh.log.scopes()) {
    const isWhole = live.log.base(scope).size === 0;
    const chains = fresh.sql.prepare('SELECT device, seq FROM chains WHERE scope = ?').iterate([scope]);
    for (const [device, folded] of [...chains] as [DeviceId, number][]) {
      const named = live.log.head(device, scope)?.seq ?? 0;
      const end = fresh.log.head(device, scope)?.seq ?? 0;
      // Which branch of a fork is the head depends on what arrived first here; how far the chain goes does not. A log that begins at a snapshot
      // has never seen the branch without effect, which may be the longer one.
      if (isWhole ? named === end : named >= folded && named <= end) continue;
      const why = `names ${named === 0 ? 'no op that is here' : `op ${named}`}, the chain ends at op ${end}`;
      problems.push({ table: 'log_heads', row: `${scope} ${device}`, why });
    }
  }
  return problems;
}

/** Checkpoints and receipts must open under the relay's pinned key and say what is stored, as the fresh fold has it. `vouched`: scopes whose checkpoint does. */
async function checkNotes(
  live: Replica,
  fresh: Replica,
): Promise<{ problems: ProofProblem[]; vouched: ReadonlySet<string> }> {
  const problems: ProofProblem[] = [];
  const vouched = new Set<string>();
  const relay = pinnedRelay(live);
  const { hasher, ed25519 } = live.crypto;
  const verify = ed25519.verify.bind(ed25519);
  for (const scope of live.log.scopes()) {
    const { size, note } = live.log.tip(scope);
    const receipts = await live.log.receipts(scope);
    if (note === '' && receipts.length === 0) continue;
    if (relay === undefined || live.book === undefined) {
      problems.push({ table: 'log_meta', row: 'relay', why: 'signed notes, and no readable relay key' });
      continue;
    }
    const check = { key: relay, origin: originOf(relay, live.book, scope), verify, hasher };
    const signed = note === '' ? undefined : await verifyCheckpoint(note, check);
    if (signed?.ok === false) problems.push({ table: 'log_tips', row: scope, why: signed.message });
    const isTrue =
      signed?.ok === true &&
      signed.value.size === size &&
      signed.value.root === rootOfTip(fresh.log.tip(scope), hasher);
    if (isTrue) vouched.add(scope);
    else if (signed?.ok) {
      const why = `the signed checkpoint is about size ${signed.value.size} and another root`;
      problems.push({ table: 'log_tips', row: scope, why });
    }
    for (const [index, receipt] of receipts.entries()) {
      const opened = await verifyReceipt(receipt.note, check);
      const row = `${scope} receipt ${index}`;
      if (!opened.ok) problems.push({ table: 'log_receipts', row, why: opened.message });
      else if (
        JSON.stringify(opened.value.lines) !==
        JSON.stringify(receipt.lines.map(({ position, hash }) => ({ position, hash })))
      ) {
        problems.push({ table: 'log_receipt_lines', row, why: 'the stored lines are not those the relay signed' });
      }
    }
  }
  return { problems, vouched };
}

/** A record kept aside must still be refused, for the reason that stands beside it. */
async function checkAsides(live: Replica): Promise<ProofProblem[]> {
  const asides = await live.log.asides();
  const { records, undecodable } = openRecords(
    asides.map((entry) => entry.bytes),
    live.crypto.hasher,
  );
  const { notAccepted } = await admit(live.admitter.door, records);
  const verdicts = new Map(notAccepted.map((entry) => [entry.record.hash, entry]));
  const isTrue = ({ hash, scope, code, message }: Aside): boolean => {
    const verdict = verdicts.get(hash);
    return verdict?.record.op.scope === scope && verdict.code === code && verdict.message === message;
  };
  return [
    ...undecodable.map(({ index, message }) => ({
      table: 'log_asides',
      row: asides[index]?.hash ?? String(index),
      why: message,
    })),
    ...asides
      .filter((entry) => parseScope(entry.scope) === undefined || !isTrue(entry))
      .map((entry) => ({
        table: 'log_asides',
        row: entry.hash,
        why: 'checking it again says otherwise',
      })),
  ];
}

/** Rows of a SQLite log that belong to nothing: a receipt of no scope, a line that is not counted from 0, a value nobody reads. */
function checkLogNames(live: SqlDriver): ProofProblem[] {
  if (live.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'log_meta'").get([]) === undefined) return [];
  const strange = (table: string, why: string, sql: string): ProofProblem[] =>
    [...live.prepare(sql).iterate([])].map(([row]) => ({ table, row: String(row), why }));
  return [
    ...strange(
      'log_receipts',
      'is of no scope',
      'SELECT id FROM log_receipts WHERE scope NOT IN (SELECT id FROM log_names)',
    ),
    ...strange(
      'log_receipt_lines',
      'its lines do not count from 0',
      "SELECT 'receipt ' || receipt FROM log_receipt_lines GROUP BY receipt HAVING min(line) <> 0 OR max(line) <> count(*) - 1",
    ),
    ...strange(
      'log_meta',
      'is of no book',
      "SELECT name FROM log_meta WHERE name NOT IN ('book', 'identity', 'other-views', 'relay', 'relay-epoch', 'relay-findings', 'relay-joined', 'snapshot', 'taken-back', 'unanchored')",
    ),
  ];
}

/** Tables, indexes, triggers and views that a fresh database of these verbs does not have. */
function compareObjects(live: SqlDriver, fresh: SqlDriver): ProofProblem[] {
  const objects = (driver: SqlDriver): Map<string, string> =>
    new Map(
      [
        ...driver
          .prepare("SELECT type || ' ' || name, coalesce(sql, '') FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%'")
          .iterate([]),
      ].map(([name, sql]) => [String(name), String(sql)]),
    );
  const wanted = objects(fresh);
  const found = objects(live);
  const problems: ProofProblem[] = [];
  const isLog = (name: string): boolean => / log_/.test(name) && !wanted.has('table log_records');
  const say = (name: string, why: string): void => {
    problems.push({ table: name.split(' ')[1] ?? name, row: '', why: `${name} is ${why}` });
  };
  for (const [name, sql] of found)
    if (!isLog(name) && wanted.get(name) !== sql) say(name, "not as this book's verbs declare it");
  for (const name of wanted.keys()) if (!found.has(name) && !/ log_/.test(name)) say(name, 'missing');
  return problems;
}

interface Comparison {
  readonly table: string;
  readonly keys: number;
  readonly sql: string;
}

/** Places of pending ops and the order they were folded in are this replica's own business; they are compared by op. */
function comparisonsOf(schema: Schema): Comparison[] {
  const comparisons: Comparison[] = [];
  for (const table of schema.tables.values()) {
    const keys = ['scope', ...table.keyNames].map((name) => `"${name}"`);
    const columns = [...keys, ...table.columnNames.map((name) => `"${name}"`)].join(', ');
    comparisons.push({
      table: table.name,
      keys: keys.length,
      sql: `SELECT ${columns} FROM "${table.name}" ORDER BY ${keys.join(', ')}`,
    });
    if (table.def.kind !== 'register') continue;
    const place = `CASE WHEN place < ${PENDING_PLACE} THEN place ELSE (SELECT 'pending ' || hash FROM tail WHERE tail.scope = h.scope AND tail.ordinal = h.place - ${PENDING_PLACE}) END`;
    const sql = `SELECT ${keys.join(', ')}, ${place} AS placed, ${columns} FROM "${table.name}_history" AS h ORDER BY ${keys.join(', ')}, placed`;
    comparisons.push({ table: `${table.name}_history`, keys: keys.length + 1, sql });
  }
  return [
    ...comparisons,
    whole('kernel_tables', 1, 'name', 'shape'),
    whole('gravity', 2, 'scope', 'name', 'touches'),
    whole('absent', 2, 'scope', 'name'),
    whole('scopes', 1, 'scope', 'folded', 'lastId'),
    whole('chains', 2, 'scope', 'device', 'seq', 'hash', 'keyId'),
    whole('enrolments', 2, 'device', 'enrolment', 'keyId', 'key', 'isRoot'),
    {
      table: 'tail',
      keys: 2,
      // Whether a sum was near its bound when an op was folded depends on what was folded before it, which arrived as it did.
      sql: `SELECT scope, hash, ltrim(outline, '!') AS outline, touched FROM tail ORDER BY scope, hash`,
    },
  ];
}

/** Every row of these columns, of which the first are the key. */
function whole(table: string, keys: number, ...columns: readonly string[]): Comparison {
  return { table, keys, sql: `SELECT ${columns.join()} FROM ${table} ORDER BY ${columns.slice(0, keys).join()}` };
}

function compareTables(schema: Schema, fresh: SqlDriver): { rows: number; problems: ProofProblem[] } {
  const problems: ProofProblem[] = [];
  let rows = 0;
  for (const comparison of comparisonsOf(schema)) {
    try {
      rows += compareRows(comparison, schema.driver, fresh, problems);
    } catch (cause) {
      problems.push({
        table: comparison.table,
        row: '',
        why: `cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`,
      });
    }
  }
  return { rows, problems };
}

/** Walks both results in key order, side by side. */
function compareRows(
  { table, keys, sql }: Comparison,
  live: SqlDriver,
  fresh: SqlDriver,
  problems: ProofProblem[],
): number {
  const left = live.prepare(sql).iterate([]);
  const right = fresh.prepare(sql).iterate([]);
  let rows = 0;
  try {
    let got = nextRow(left);
    let want = nextRow(right);
    while ((got !== undefined || want !== undefined) && problems.length < MAX_PROBLEMS) {
      const order = got === undefined ? 1 : want === undefined ? -1 : compareKeys(got, want, keys);
      const why = differenceOf(order <= 0 ? got : undefined, order >= 0 ? want : undefined, keys);
      if (why !== undefined) problems.push({ table, row: rowName((order <= 0 ? got : want) ?? [], keys), why });
      rows += 1;
      if (order <= 0) got = nextRow(left);
      if (order >= 0) want = nextRow(right);
    }
  } finally {
    left.return?.();
    right.return?.();
  }
  return rows;
}

function nextRow(rows: IterableIterator<readonly SqlValue[]>): readonly SqlValue[] | undefined {
  const next: IteratorResult<readonly SqlValue[], unknown> = rows.next();
  return next.done === true ? undefined : next.value;
}

/** How two rows of one key differ, one of which may not be there. */
function differenceOf(
  got: readonly SqlValue[] | undefined,
  want: readonly SqlValue[] | undefined,
  keys: number,
): string | undefined {
  if (got === undefined) return want === undefined ? undefined : `is missing; the log says ${rowRest(want, keys)}`;
  if (want === undefined) return `holds ${rowRest(got, keys)}, the log has no such row`;
  const [held, said] = [JSON.stringify(got), JSON.stringify(want)];
  return held === said ? undefined : `holds ${rowRest(got, keys)}, the log says ${rowRest(want, keys)}`;
}

const utf8 = new TextEncoder();

/** SQLite's own order: integers before text, text by its bytes. */
function compareKeys(left: readonly SqlValue[], right: readonly SqlValue[], keys: number): number {
  for (let index = 0; index < keys; index++) {
    const a = left[index] as SqlValue;
    const b = right[index] as SqlValue;
    if (a === b) continue;
    if (typeof a !== typeof b) return typeof a === 'number' ? -1 : 1;
    return typeof a === 'number' ? a - (b as number) : compareText(a, b as string);
  }
  return 0;
}

function compareText(a: string, b: string): number {
  const left = utf8.encode(a);
  const right = utf8.encode(b);
  const length = Math.min(left.length, right.length);
  for (let index = 0; index < length; index++) {
    const difference = (left[index] as number) - (right[index] as number);
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}

function rowName(row: readonly SqlValue[], keys: number): string {
  return row.slice(0, keys).join(' ');
}

function rowRest(row: readonly SqlValue[], keys: number): string {
  return JSON.stringify(row.slice(keys));
}
