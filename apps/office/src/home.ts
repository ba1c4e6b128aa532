// The data directory of the office: where databases, keys and settings lie, who may use it (one process at a time), and how
// it is put right after a crash in the middle of a rebuild.
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import Database from 'better-sqlite3';
import { z } from 'zod';
import { messageOf, OfficeError } from './errors.ts';

/** Paths inside one data directory. */
export interface Home {
  readonly root: string;
  readonly officeFolder: string;
  readonly officeFile: string;
  readonly relayFolder: string;
  readonly relayFile: string;
  /** Database of a device that is no office and keeps its book in the directory itself. */
  readonly deviceFile: string;
  tillFile(index: number): string;
}

/** The layout under `root`; nothing is created. */
export function homeAt(root: string): Home {
  return {
    root,
    officeFolder: join(root, 'office'),
    officeFile: join(root, 'office', 'office.db'),
    relayFolder: join(root, 'relay'),
    relayFile: join(root, 'relay', 'relay.db'),
    deviceFile: join(root, 'till.db'),
    tillFile: (index) => join(root, 'tills', `till-${String(index + 1).padStart(2, '0')}`, 'till.db'),
  };
}

const settingsSchema = z.strictObject({
  version: z.literal(1),
  book: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .optional(),
  currency: z.string().regex(/^[A-Z]{3}$/),
  tills: z.int().min(0),
  relay: z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('none') }),
    z.strictObject({ kind: z.literal('embedded') }),
    z.strictObject({ kind: z.literal('url'), url: z.string().min(1) }),
  ]),
});

/** What a data directory remembers besides its databases. Nothing here is a fact of the books. */
export interface Settings {
  readonly version: 1;
  /** Book this directory belongs to; absent on a device that has a key and has not joined yet. */
  readonly book?: string | undefined;
  readonly currency: string;
  /** Tills that trade from this directory; fixed, because it decides which till an invoice belongs to. */
  readonly tills: number;
  readonly relay:
    | { readonly kind: 'none' }
    | { readonly kind: 'embedded' }
    | { readonly kind: 'url'; readonly url: string };
}

/** The settings of a data directory, or undefined when it has none yet. */
export function readSettings(home: Home): Settings | undefined {
  const path = join(home.root, 'tally.json');
  if (!existsSync(path)) return undefined;
  try {
    return settingsSchema.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch (cause) {
    throw new OfficeError('office/settings', `${path}: cannot be understood`, { cause });
  }
}

/** Of a directory that begins with somebody's book: it counts in the currency that the book trades in most. */
export function settingsOf(book: { query(sql: string): readonly object[] } | undefined): Settings {
  const asked = `SELECT currency FROM (SELECT currency FROM balances UNION ALL SELECT currency FROM prices)
    WHERE currency <> '' GROUP BY currency ORDER BY count(*) DESC, currency LIMIT 1`;
  const [row] = (book?.query(asked) ?? []) as readonly { readonly currency: string }[];
  return { version: 1, currency: row?.currency ?? 'GBP', tills: 0, relay: { kind: 'none' } };
}

/** Replaces the settings; after a crash either the old or the new ones are there. */
export function writeSettings(home: Home, settings: Settings): void {
  mkdirSync(home.root, { recursive: true });
  replaceFile(join(home.root, 'tally.json'), `${JSON.stringify(settings, undefined, 2)}\n`);
}

function replaceFile(path: string, text: string): void {
  const temporary = `${path}.new`;
  const file = openSync(temporary, 'w');
  try {
    writeFileSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(temporary, path);
  syncFolder(dirname(path));
}

/** Makes renames and removals in a folder durable. */
export function syncFolder(path: string): void {
  const folder = openSync(path, 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

/**
 * Takes the directory for this process alone, and touches nothing in it. The lock is an exclusive SQLite transaction on a file of
 * its own, so the operating system gives it back when the process dies. Throws `office/busy` and `office/data`.
 */
export function lockHome(home: Home): { release(): void } {
  const lock = openLock(home);
  try {
    lock.exec('BEGIN EXCLUSIVE');
  } catch (cause) {
    lock.close();
    throw new OfficeError('office/busy', `${home.root}: another tally is at work in this directory; stop it first`, {
      cause,
    });
  }
  return { release: () => lock.close() };
}

/** Takes the directory as `lockHome` does and puts right what an interrupted rebuild left. */
export function takeHome(home: Home): { release(): void } {
  const lock = lockHome(home);
  bringBack(home.officeFile);
  bringBack(home.relayFile);
  return lock;
}

function openLock(home: Home): Database.Database {
  try {
    mkdirSync(home.root, { recursive: true });
    return new Database(join(home.root, 'lock'), { timeout: 0 });
  } catch (cause) {
    const why = messageOf(cause);
    throw new OfficeError('office/data', `${home.root}: no databases can be kept here (${why})`, { cause });
  }
}

const asideSuffix = '.aside';

/** The file that `takeHome` would find its database in: `path`, or what an interrupted rebuild moved aside. */
export function standingFile(path: string): string {
  return existsSync(`${path}${asideSuffix}`) ? `${path}${asideSuffix}` : path;
}

const journalSuffixes = ['-wal', '-shm', '-journal'];

/**
 * Moves a database out of the way before it is rebuilt: one rename, because a database that was closed well has no journal
 * beside it. Throws `office/busy` when it has one.
 */
export function moveAside(path: string): void {
  const journal = journalSuffixes.find((suffix) => existsSync(`${path}${suffix}`));
  if (journal !== undefined)
    throw new OfficeError('office/busy', `${path}${journal} is there: the database is still open`);
  renameSync(path, `${path}${asideSuffix}`);
  syncFolder(dirname(path));
}

/** Deletes what `moveAside` kept, once the rebuilt database has been proved to be as good. */
export function dropAside(path: string): void {
  rmSync(`${path}${asideSuffix}`, { force: true });
  syncFolder(dirname(path));
}

/** Undoes `moveAside` when the rebuild did not come to its end, deleting what it had built so far. */
export function bringBack(path: string): void {
  if (!existsSync(`${path}${asideSuffix}`)) return;
  for (const suffix of ['', ...journalSuffixes]) rmSync(`${path}${suffix}`, { force: true });
  renameSync(`${path}${asideSuffix}`, path);
  syncFolder(dirname(path));
}
