/**
 * Opening a book from a snapshot: the manifest is checked, the log of each scope begins where the snapshot stands, and the rows come shard by shard, each
 * held to the digest that names it. What is not loaded at once is loaded when somebody touches it; see residency.ts.
 */
import type { BaseHead, BookId, DeviceId, KeyId, LogStore, MaybePromise, OpHash } from '@tallystick/oplog';
import type { CryptoProvider } from './admitter.ts';
import type { SqlValue } from './driver.ts';
import { KernelError } from './errors.ts';
import { kernelTables } from './kernel-tables.ts';
import type { Replica } from './replica.ts';
import type { AbsentTable } from './residency.ts';
import { rootOf } from './roots.ts';
import { decodeShard } from './shard.ts';
import { MANIFEST, openManifest, type SnapshotManifest, type SnapshotScope } from './snapshot.ts';
import { judgeTrust, type SnapshotTrust } from './snapshot-trust.ts';
import { noteTrust } from './trust-note.ts';

/** Where the files of a snapshot are: a folder, a server, memory. Names are `manifest`, `proof`, and the digests of shards. */
export interface SnapshotSource {
  load(name: string): MaybePromise<Uint8Array | undefined>;
}

export interface SnapshotOptions {
  readonly from: SnapshotSource;
  /** `certified` refuses (`snapshot/untrusted`) what is not certified by its proof (docs/spec/snapshot.md, "Trust"). Else it is opened and `status()` says so. */
  readonly require?: 'certified';
  /** How many bytes of rows to load before opening resolves, the most touched tables first; the rest comes on touch. All when left out. */
  readonly hotBytes?: number;
}

/** What a replica asks of the snapshot that it is opened with: a replica of its own knows none of this code. */
export interface SnapshotStart {
  /** The book that this replica belongs to: never one that the snapshot names. */
  readonly book: BookId | undefined;
  /** Whether rows that were dropped could come again with the snapshot, where the log begins later. */
  reachesPastBases(log: LogStore, crypto: CryptoProvider): Promise<boolean>;
  /** Begins where the snapshot stands, if nothing is folded here yet. Answers whether it did. */
  begin(replica: Replica): Promise<boolean>;
  /** One table's rows, held to their digest; `pause` is waited for now and then. */
  read(replica: Replica, entry: AbsentTable, pause?: () => Promise<void>): Promise<Loaded>;
  /** Call inside a transaction. */
  insert: typeof insertRows;
  /** Loads a table while others work. Call outside `exclusive`. */
  loadBeside(replica: Replica, entry: AbsentTable): Promise<void>;
}

export function snapshotStart(options: SnapshotOptions, book: BookId | undefined): SnapshotStart {
  const start: SnapshotStart = {
    book,
    reachesPastBases: (log, crypto) => reachesPastBases(log, crypto, options.from, book),
    begin: (replica) => startFromSnapshot(replica, options),
    read: (replica, entry, pause) => readShard(replica, options.from, entry, pause),
    insert: insertRows,
    loadBeside: (replica, entry) => loadBeside(replica, start, entry),
  };
  return start;
}

export interface Loaded {
  readonly entry: AbsentTable;
  readonly rows: readonly (readonly SqlValue[])[];
}

const [CHAINS, GRAVITY] = ['chains', 'gravity'];

async function startFromSnapshot(replica: Replica, start: SnapshotOptions): Promise<boolean> {
  const isNew = replica.sql.prepare('SELECT 1 FROM scopes WHERE folded > 0').get([]) === undefined;
  if (!isNew || replica.book === undefined) return false;
  const bytes = await start.from.load(MANIFEST);
  if (bytes === undefined) throw new KernelError('snapshot/format', 'there is no manifest');
  const { manifest, hash } = await openManifest(bytes, replica.book, replica.crypto);
  const trust = await judgeTrust(manifest, start.from, replica.crypto);
  if (start.require === 'certified' && trust !== 'certified')
    throw new KernelError('snapshot/untrusted', `the proof does not bear out what ${manifest.device} says`);
  for (const scope of manifest.scopes) await mustFitLog(replica, scope);
  const loaded = await loadHot(replica, manifest, start);
  await replica.transaction(() => putInPlace(replica, manifest, loaded, { hash, trust }));
  return true;
}

async function reachesPastBases(
  log: LogStore,
  crypto: CryptoProvider,
  from: SnapshotSource,
  wanted: BookId | undefined,
): Promise<boolean> {
  const later = log.scopes().filter((scope) => log.base(scope).size > 0);
  const book = (log.meta('book') as BookId | undefined) ?? wanted;
  const bytes = book === undefined ? undefined : await from.load(MANIFEST);
  if (bytes === undefined || book === undefined) return false;
  try {
    const { scopes } = (await openManifest(bytes, book, crypto)).manifest;
    return later.every((scope) =>
      scopes.some((stands) => stands.scope === scope && stands.size >= log.base(scope).size),
    );
  } catch {
    return false;
  }
}

/** The log here is empty, begins at this place, or holds the same ops up to it. */
async function mustFitLog(replica: Replica, { scope, size, root, frontier }: SnapshotScope): Promise<void> {
  const { log } = replica;
  const [base, tip] = [log.base(scope), log.tip(scope)];
  const isEmpty = tip.size === 0 && (await log.pending(scope)).length === 0;
  if (isEmpty || (base.size === size && base.frontier.join() === frontier.join())) return;
  if (base.size <= size && size <= tip.size && (await rootOf(log, scope, size, replica.crypto.hasher)) === root) return;
  throw new KernelError(
    'snapshot/log',
    `the log of ${scope} holds ops ${base.size} to ${tip.size}, the snapshot stands on ${size} others`,
  );
}

/** What the kernel itself reads, then the most touched tables up to the budget. */
async function loadHot(
  replica: Replica,
  { scopes }: SnapshotManifest,
  { from, hotBytes = Number.POSITIVE_INFINITY }: SnapshotOptions,
): Promise<{ readonly here: readonly Loaded[]; readonly absent: readonly AbsentTable[] }> {
  const own = new Set([CHAINS, GRAVITY, ...kernelTables.flatMap(({ name }) => [name, `${name}_history`])]);
  const entries = scopes.flatMap(({ scope, shards }) => shards.map((shard) => ({ ...shard, scope })));
  // Rows are only added to a set, and new ones need none of the old: what is read and changed comes first.
  const isSet = ({ table }: AbsentTable): boolean => replica.schema.tables.get(table)?.def.kind === 'set';
  const ranked = entries.sort(
    (a, b) => Number(isSet(a)) - Number(isSet(b)) || b.gravity - a.gravity || (a.table < b.table ? -1 : 1),
  );
  const absent: AbsentTable[] = [];
  const here: Loaded[] = [];
  let left = hotBytes;
  for (const entry of ranked) {
    const isHot = own.has(entry.table) || entry.bytes <= left;
    if (!isHot) absent.push(entry);
    else here.push(await readShard(replica, from, entry));
    if (isHot && !own.has(entry.table)) left -= entry.bytes;
    // What is colder than a table that did not fit is not loaded before it.
    else if (!isHot) left = 0;
  }
  return { here, absent };
}

async function readShard(
  replica: Replica,
  from: SnapshotSource,
  entry: AbsentTable,
  pause?: () => Promise<void>,
): Promise<Loaded> {
  const bytes = await from.load(entry.digest);
  if (bytes === undefined)
    throw new KernelError('snapshot/shard', `there is no shard ${entry.digest} (${entry.table})`);
  return { entry, rows: await decodeShard(bytes, entry, entry.scope, replica.crypto.hasher, pause) };
}

async function putInPlace(
  replica: Replica,
  manifest: SnapshotManifest,
  { here, absent }: { readonly here: readonly Loaded[]; readonly absent: readonly AbsentTable[] },
  note: { readonly hash: string; readonly trust: SnapshotTrust },
): Promise<void> {
  const { sql, schema, log } = replica;
  for (const enrolment of manifest.enrolments)
    sql
      .prepare('INSERT OR IGNORE INTO enrolments (device, keyId, key, enrolment, isRoot) VALUES (?, ?, ?, ?, ?)')
      .run(enrolment);
  for (const { entry, rows } of here) insertRows(replica, entry, rows);
  for (const entry of absent) schema.residency.add(sql, entry);
  for (const { scope, size, lastId, frontier, note: checkpoint } of manifest.scopes) {
    sql.prepare('INSERT INTO scopes (scope, folded, lastId) VALUES (?, ?, ?)').run([scope, size, lastId]);
    const chains = here.find(({ entry }) => entry.scope === scope && entry.table === CHAINS)?.rows ?? [];
    // A log that is stored from its first op on stays so.
    if (log.tip(scope).size === 0)
      await log.begin(scope, { size, frontier, heads: chains.map((row) => headOf(row)) }, checkpoint);
  }
  await noteTrust(replica, { ...note, device: manifest.device });
}

function headOf([, device, seq, hash, keyId]: readonly SqlValue[]): BaseHead {
  return { device: device as DeviceId, seq: seq as number, hash: hash as OpHash, keyId: keyId as KeyId };
}

function insertRows({ sql, schema }: Replica, { table }: AbsentTable, rows: readonly (readonly SqlValue[])[]): void {
  const columns = sql.prepare('SELECT count(*) FROM pragma_table_info(?)').get([table])?.[0];
  const isKnown =
    table === CHAINS ||
    table === GRAVITY ||
    schema.tables.has(table) ||
    schema.tables.has(table.replace(/_history$/, ''));
  if (!isKnown || rows.some((row) => row.length !== columns))
    throw new KernelError('snapshot/tables', `this program has no table "${table}" of that shape`);
  const insert = sql.prepare(
    `INSERT INTO "${table}" VALUES (${rows[0]?.map(() => '?').join() ?? ''}) ON CONFLICT DO NOTHING`,
  );
  // Some may be here already: of a load in pieces that did not come to its end.
  for (const row of rows) insert.run(row);
}

/** So many rows hold nobody up. */
const MOST_ROWS = 1000;

/**
 * Loads a table while others work. The rows of a set stand for themselves, so they come in pieces; of all others they come at once. Somebody may touch the
 * table and load it meanwhile. Call outside `exclusive`.
 */
async function loadBeside(replica: Replica, start: SnapshotStart, entry: AbsentTable): Promise<void> {
  const { residency, tables } = replica.schema;
  const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));
  const isToCome = (): boolean => residency.get(entry.scope, entry.table) !== undefined;
  const { rows } = await start.read(replica, entry, pause);
  const most = tables.get(entry.table)?.def.kind === 'set' ? MOST_ROWS : rows.length;
  for (let from = 0; isToCome(); from += most) {
    await replica.exclusive(() =>
      replica.transaction(() => {
        if (!isToCome()) return;
        start.insert(replica, entry, rows.slice(from, from + most));
        if (from + most >= rows.length) residency.remove(replica.transactions.driver, entry);
      }),
    );
    await pause();
  }
}
