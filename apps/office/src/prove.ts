// Proving a database file: the kernel folds its log afresh and compares every row, on a copy, because opening a database may
// already repair or extend it, and evidence must stay as it was found.
import { copyFileSync, existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { openBook, type ProofProblem, type ProofReport } from '@tallystick/kernel';
import { nodeStore } from '@tallystick/kernel/node';
import { type BookReader, carryFaults } from '@tallystick/ledger';
import { keysFolder, shopVerbs } from './book.ts';
import { messageOf, OfficeError } from './errors.ts';
import { type Home, standingFile } from './home.ts';
import { withScratch } from './proof.ts';
import { brokenRows, misnamedRecords, nameReceipts } from './stored-rows.ts';
import { olderFormatTable, strangeObjects } from './stored-schema.ts';

/** What was proved, or which rows stand against it. */
export type Proof = Pick<ProofReport, 'ok' | 'ops' | 'signatures' | 'rows' | 'digest' | 'problems'>;

/** A book up to this size is folded afresh in memory, a larger one into a file. */
const inMemoryBytes = 64 * 1_024 * 1_024;

const nothingProved: Proof = { ok: false, ops: 0, signatures: 0, rows: 0, digest: '', problems: [] };

/**
 * Proves the office database of a directory, or a device's own when it is no office. Wants the directory locked, and reads the
 * database where it stands: one that an interrupted rebuild moved aside is judged there. `archives`: book files with the ops that went from the log.
 */
export async function proveDirectory(home: Home, archives: readonly Uint8Array[] = []): Promise<Proof> {
  const file = [standingFile(home.officeFile), home.deviceFile].find((path) => existsSync(path));
  if (file === undefined) throw new OfficeError('office/no-book', `${home.root}: there are no books here`);
  return withScratch(home, (folder) => proveCopy(file, folder, archives));
}

async function proveCopy(file: string, folder: string, archives: readonly Uint8Array[]): Promise<Proof> {
  const copy = join(folder, 'copy.db');
  // A rollback journal is played back at the next opening, so it belongs to what is judged.
  for (const suffix of ['', '-wal', '-journal'])
    if (existsSync(`${file}${suffix}`)) copyFileSync(`${file}${suffix}`, `${copy}${suffix}`);
  // The plain look comes first: opening the copy may repair what it finds.
  const broken = await problemsOf(copy);
  const proof = await proveBook(copy, keysFolder(file), folder, archives).catch((cause: unknown) =>
    unreadable(copy, broken, cause),
  );
  return {
    ...proof,
    ok: proof.ok && broken.length === 0,
    problems: [...broken, ...nameReceipts(copy, proof.problems)],
  };
}

/** A database that cannot even be opened is not proved; the layer that gave up says why, unless the place is known already. */
async function unreadable(copy: string, broken: readonly ProofProblem[], cause: unknown): Promise<Proof> {
  const why = messageOf(cause);
  const misnamed = await misnamedRecords(copy).catch(() => []);
  const isPlaceKnown = broken.length > 0 || misnamed.length > 0;
  return { ...nothingProved, problems: isPlaceKnown ? misnamed : [{ table: 'the database', row: '', why }] };
}

async function proveBook(
  copy: string,
  keysDir: string,
  folder: string,
  archives: readonly Uint8Array[],
): Promise<Proof> {
  const store = nodeStore(copy, { keysDir });
  // Nobody misses a copy that a crash takes: it waits for no disk.
  store.sql.exec('PRAGMA synchronous = OFF');
  const book = await openBook({ store, verbs: shopVerbs });
  const fresh = nodeStore(statSync(copy).size < inMemoryBytes ? ':memory:' : join(folder, 'fresh.db'));
  try {
    const { ok, ops, signatures, rows, digest, problems } = await book.prove(fresh, { archives });
    const faults = falseCarries(book);
    return { ok: ok && faults.length === 0, ops, signatures, rows, digest, problems: [...problems, ...faults] };
  } finally {
    await book.close();
    await fresh.close();
  }
}

/** What the log says truly and cannot be true: a result that was carried and is not what the days came to. */
function falseCarries(book: BookReader): readonly ProofProblem[] {
  return carryFaults(book).map(({ scope, op, device, account, currency, carriedMinor, dueMinor }) => ({
    table: 'carries',
    row: `${scope} ${op}`,
    why: `device ${device} carried ${carriedMinor} ${currency} of ${account}, which came to ${dueMinor}, in minor units`,
  }));
}

async function problemsOf(copy: string): Promise<readonly ProofProblem[]> {
  const problems: ProofProblem[] = [];
  try {
    problems.push(...(await strangeObjects(copy)));
    // Rows are read as this release keeps them.
    if (problems.every(({ table }) => table !== olderFormatTable)) problems.push(...brokenRows(copy));
  } catch (cause) {
    const why = `cannot be read: ${messageOf(cause)}`;
    problems.push({ table: 'the database', row: '', why });
  }
  return problems;
}
