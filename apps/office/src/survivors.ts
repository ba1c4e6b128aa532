// Logs to survey: every database under the folders that were named, each read from a copy, so that what is at work is not touched and what is damaged
// is not made worse.
import { nodeStore } from '@tallystick/kernel/node';
import type { LogStore, OpHash, OpRecord, Scope } from '@tallystick/oplog';
import { createMemoryLogStore } from '@tallystick/oplog/memory';
import { salvageSqliteLog, type Salvage } from '@tallystick/oplog/node';
import { createTree, leafHash, openRecord } from '@tallystick/chain';
import type { Survivor } from '@tallystick/recovery';
import Database from 'better-sqlite3';
import { copyFileSync, existsSync, globSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { shopCrypto } from './book.ts';
import { OfficeError } from './errors.ts';
import { homeAt } from './home.ts';

export interface OpenSurvivor extends Survivor {
  readonly book: string;
  readonly relay: string | undefined;
}

export interface Survivors {
  readonly logs: readonly OpenSurvivor[];
  close(): void;
}

/** Files of books under a data directory, by what a person calls them. */
function filesUnder(path: string): { readonly name: string; readonly file: string }[] {
  if (!existsSync(path)) throw new OfficeError('office/no-file', `${path}: there is nothing of the name`);
  if (!statSync(path).isDirectory()) return [{ name: basename(path), file: path }];
  const home = homeAt(path);
  const single = [
    { name: 'office', file: home.officeFile },
    { name: 'till', file: home.deviceFile },
  ].filter(({ file }) => existsSync(file));
  const tills = globSync('tills/*/till.db', { cwd: path }).sort();
  const found = [...single, ...tills.map((file) => ({ name: file.split('/')[1] ?? file, file: join(path, file) }))];
  return found.map(({ name, file }) => ({ name: `${basename(path)}/${name}`, file }));
}

/** Who reads a database that nobody has open leaves a journal beside it; one that is at work has one, and is copied by its own means. */
async function copyDatabase(file: string, copy: string): Promise<void> {
  if (!existsSync(`${file}-wal`)) {
    copyFileSync(file, copy);
    return;
  }
  const source = new Database(file, { readonly: true });
  await source.backup(copy).finally(() => source.close());
}

/** Undefined for a damaged one: what still reads of it is a survivor, too. */
async function openCopy(file: string, copy: string): Promise<ReturnType<typeof nodeStore> | undefined> {
  try {
    await copyDatabase(file, copy);
    return nodeStore(copy);
  } catch {
    return undefined;
  }
}

/** Throws `office/no-file`, `office/no-book`, and `office/data` with the name of a file of which nothing reads. */
export async function openSurvivors(paths: readonly string[]): Promise<Survivors> {
  const folder = mkdtempSync(join(tmpdir(), 'tally-survey-'));
  const stores: { close(): unknown }[] = [];
  const close = (): void => {
    for (const store of stores) store.close();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const logs: OpenSurvivor[] = [];
    for (const { name, file } of paths.flatMap(filesUnder)) {
      const copy = join(folder, `${logs.length}.db`);
      const store = await openCopy(file, copy);
      if (store === undefined) {
        const { log, book, relay } = salvageLog(file, mkdtempSync(join(folder, 'damaged-')));
        if (book !== undefined) logs.push({ name, log, book, relay });
        continue;
      }
      stores.push(store);
      const book = store.log.meta('book');
      if (book !== undefined) logs.push({ name, log: store.log, book, relay: store.log.meta('relay') });
    }
    if (logs.length === 0) throw new OfficeError('office/no-book', `${paths.join(', ')}: there is no book here`);
    return { logs, close };
  } catch (error) {
    close();
    throw error;
  }
}

export interface SalvagedLog extends Pick<Salvage, 'unreadable' | 'isEndUnknown' | 'book' | 'relay'> {
  readonly log: LogStore;
  /** Ops that hash to what they are stored under. */
  readonly read: number;
  /** Rows that can be read and are no op any more. */
  readonly changed: number;
}

/** What still reads of a database, from a copy of the file and its journal in `folder`. Throws `office/data` where nothing does. */
export function salvageLog(file: string, folder: string): SalvagedLog {
  const copy = join(folder, basename(file));
  for (const suffix of ['', '-wal'])
    if (existsSync(`${file}${suffix}`)) copyFileSync(`${file}${suffix}`, `${copy}${suffix}`);
  let salvage: Salvage;
  try {
    const db = new Database(copy);
    try {
      salvage = salvageSqliteLog(db);
    } finally {
      db.close();
    }
  } catch (cause) {
    throw new OfficeError('office/data', `${file}: not even its beginning can be read`, { cause });
  }
  const sound = salvage.records.filter(({ record }) => isSound(record));
  const log = createMemoryLogStore();
  const byScope = new Map<Scope, Map<number, OpRecord>>();
  const pending: OpRecord[] = [];
  for (const { record, position } of sound) {
    const { scope } = record.op;
    const placed = byScope.get(scope) ?? new Map<number, OpRecord>();
    byScope.set(scope, placed);
    if (position === undefined) pending.push(record);
    else placed.set(position, record);
  }
  for (const [scope, placed] of byScope) {
    const tree = createTree(shopCrypto.hasher);
    const prefix: OpRecord[] = [];
    for (let record = placed.get(0); record !== undefined; record = placed.get(prefix.length)) {
      prefix.push(record);
      tree.append(leafHash(record.bytes, shopCrypto.hasher));
    }
    const kept = salvage.notes.get(scope);
    const note = kept?.size === prefix.length ? kept.note : '';
    log.settle(scope, 0, prefix, { size: prefix.length, frontier: tree.frontier(), note });
    const settled = new Set<OpHash>(prefix.map(({ hash }) => hash));
    log.append([...placed.values()].filter(({ hash }) => !settled.has(hash)));
  }
  log.append(pending);
  const { unreadable, isEndUnknown, book, relay } = salvage;
  const changed = salvage.records.length - sound.length;
  return { log, read: sound.length, changed, unreadable, isEndUnknown, book, relay };
}

/** A row is an op only if its bytes are canonical and hash to the name it is stored under. */
function isSound({ bytes, hash }: OpRecord): boolean {
  try {
    const opened = openRecord(bytes, shopCrypto.hasher);
    return opened.ok && opened.value.hash === hash;
  } catch {
    return false;
  }
}
