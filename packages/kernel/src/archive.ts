/**
 * Retention (DESIGN section 5): archive, read back, verify, only then drop. An archive is a book file of one scope's settled ops between two positions;
 * what it holds is checked op by op and against the tree of the log before a single record goes.
 */
import { createTree, leafHash } from '@tallystick/chain/hashing';
import {
  type BaseHead,
  encodeHex,
  type DeviceId,
  type LogBase,
  type LogStore,
  type OpRecord,
  type Scope as ScopeName,
} from '@tallystick/oplog';
import { createMemoryLogStore } from '@tallystick/oplog/memory';
import { decodeBundle } from '@tallystick/oplog/transport';
import { keyIdAfter } from '@tallystick/sign';
import { openRecords } from './admit.ts';
import { marks } from './builtin.ts';
import { mustBe } from './asked.ts';
import type { ImagePlace } from './driver.ts';
import { KernelError } from './errors.ts';
import { HQ } from './genesis.ts';
import type { Replica } from './replica.ts';
import { bookFile, parseHeader } from './transfer.ts';
import { verifyLog } from './verify.ts';
import { rootOf } from './roots.ts';
import { settledOnly } from './taking-in.ts';

export interface ArchiveOptions {
  /** Where the file goes, and is read back from. */
  readonly to: ImagePlace;
  readonly scope: ScopeName;
  /** Position before which records go; all that is settled when left out. */
  readonly until?: number;
}

export interface ArchiveReport {
  /** The file's name in its place. */
  readonly name: string;
  readonly from: number;
  readonly until: number;
  readonly bytes: number;
  /** Merkle root of the scope's log at `until`: whoever has it can check the file. */
  readonly root: string;
}

const PAGE = 2000;

/** Writes the archive, reads it back, verifies it, and lets the log begin after it. Throws `archive/*` with nothing dropped. Call inside `exclusive`. */
export async function archiveLog(replica: Replica, options: ArchiveOptions): Promise<ArchiveReport> {
  const { to, scope } = options;
  const { log, book } = replica;
  const [base, tip] = [log.base(scope), log.tip(scope)];
  const until = options.until ?? tip.size;
  mustBe(Number.isSafeInteger(until), 'a position');
  if (book === undefined || until <= base.size || until > tip.size)
    throw new KernelError(
      'archive/range',
      `${scope} holds settled ops ${base.size} to ${tip.size}, so not up to ${until}`,
    );
  if (replica.scope(scope).folded < until)
    throw new KernelError('archive/range', `${scope} is folded to ${replica.scope(scope).folded} only`);
  if (scope === HQ) await mustBeMarked(replica, until);
  const note = until === tip.size ? tip.note : '';
  const receipts = until === tip.size ? (await log.receipts(scope)).map((receipt) => receipt.note) : [];
  const records = await readAll(log, scope, base.size, until);
  const name = `${encodeURIComponent(scope)}-${base.size}-${until}`;
  await to.save(name, [bookFile(book, [{ scope, from: base.size, size: until, note, receipts }], records)]);
  const next = await verifyArchive(replica, scope, base, await to.load(name), { until, name });
  await replica.transaction(() => log.begin(scope, next.base));
  return { name, from: base.size, until, bytes: next.bytes, root: next.root };
}

/** Marks of other scopes name older sizes of `hq`, whose roots must stay known. A pending one may yet come after others. */
async function mustBeMarked(replica: Replica, until: number): Promise<void> {
  for (const { name } of replica.scopes()) {
    if (name === HQ) continue;
    const marked = await settledOnly(replica, name as ScopeName, ({ projection }) =>
      Number(projection.get(replica.schema.table(marks), ['hq'])?.['size'] ?? 0),
    );
    if (marked < until)
      throw new KernelError('archive/marked', `scope ${name} has marked ${marked} ops of hq, so not up to ${until}`);
  }
}

/** Believes nothing but what the file says and the frontier of the log: the same ops, whole, in order, and covered by signatures. */
async function verifyArchive(
  replica: Replica,
  scope: ScopeName,
  base: LogBase,
  bytes: Uint8Array | undefined,
  { until, name }: { readonly until: number; readonly name: string },
): Promise<{ readonly base: LogBase; readonly root: string; readonly bytes: number }> {
  const { hasher } = replica.crypto;
  const bad = (why: string): KernelError =>
    new KernelError('archive/unverified', `archive ${name} ${why}: nothing was dropped`);
  if (bytes === undefined) throw bad('cannot be read back');
  const part = partOf(replica, scope, bytes);
  const records = part?.from === base.size ? part.records : [];
  if (records.length !== until - base.size) throw bad('does not hold all ops');
  const tree = createTree(hasher, base);
  for (const record of records) tree.append(leafHash(record.bytes, hasher));
  const root = await rootOf(replica.log, scope, until, hasher);
  const frontier = tree.frontier();
  const copy = createMemoryLogStore();
  copy.setMeta('book', replica.book ?? '');
  copy.begin(scope, base);
  copy.settle(scope, base.size, records, { size: until, frontier, note: '' });
  const enrolments = replica.admitter.enrolments();
  const checked = await verifyLog(copy, replica.crypto, { enrolments, trustEnrolments: true });
  if (!checked.ok) throw bad(`has an op that does not verify: ${checked.problems[0]?.message ?? ''}`);
  if (encodeHex(tree.root()) !== root) throw bad('has another tree than the log');
  return { base: { size: until, frontier, heads: headsAfter(base, records) }, root, bytes: bytes.length };
}

/** The settled records of one scope in a book file, and the position of the first; undefined where one is not whole, or of another book. */
export function partOf(
  replica: Replica,
  scope: ScopeName,
  bytes: Uint8Array,
): { readonly from: number; readonly records: readonly OpRecord[] } | undefined {
  const { header, offset } = parseHeader(bytes);
  const { frames, tornAt } = decodeBundle(bytes.subarray(offset));
  const { records, undecodable } = openRecords(frames, replica.crypto.hasher);
  if (header.book !== replica.book || tornAt !== undefined || undecodable.length > 0) return undefined;
  const entry = header.scopes.find((claimed) => claimed.scope === scope);
  if (entry === undefined) return undefined;
  const { from, size } = entry;
  return { from, records: records.filter(({ op }) => op.scope === scope).slice(0, size - from) };
}

/** The last op of each chain: of two with one seq the first, as a store has it. */
function headsAfter({ heads }: LogBase, records: readonly OpRecord[]): BaseHead[] {
  const byDevice = new Map<DeviceId, BaseHead>(heads.map((head) => [head.device, head]));
  for (const record of records) {
    const { device, seq } = record.op;
    if (seq <= (byDevice.get(device)?.seq ?? 0)) continue;
    byDevice.set(device, { device, seq, hash: record.hash, keyId: keyIdAfter(record) });
  }
  return [...byDevice.values()];
}

/** Stored records between two positions. */
export async function readAll(log: LogStore, scope: ScopeName, from: number, until: number): Promise<OpRecord[]> {
  const records: OpRecord[] = [];
  while (from + records.length < until) {
    const at = from + records.length;
    records.push(...(await log.settled(scope, at, Math.min(PAGE, until - at))));
  }
  return records;
}
