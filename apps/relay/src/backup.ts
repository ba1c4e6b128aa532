// Backup and restore of a relay on SQLite: a folder with its database, its key and a list of what is in it, written last.
import { createHash } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  constants,
  copyFileSync,
  createReadStream,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { nodeHasher } from '@tallystick/chain/node';
import { RelayError } from '@tallystick/relay-protocol';
import { checkRelayFile, createSqliteRelayStore, type RelayFileReport } from '@tallystick/relay-protocol/node';
import { askCopy } from './control.ts';

export interface Backup extends RelayFileReport {
  readonly takenAt: string;
  /** Of the database, in hex. */
  readonly sha256: string;
}

const database = 'relay.sqlite';
const keyFile = 'relay.key';
const listFile = 'backup.json';
const format = 'tallystick-relay-backup/1';

/**
 * Copies the relay of `dataDir`, running or not, into `folder`, a new or empty one; reads the copy back, and lists what is in it. Without the list a folder
 * is no backup. Throws `relay/store`.
 */
export async function backupRelay(dataDir: string, folder: string): Promise<Backup> {
  const source = join(dataDir, database);
  if (!existsSync(source))
    throw new RelayError(
      'relay/store',
      `${dataDir} has no ${database}; PostgreSQL and NATS are backed up by their own means`,
    );
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (readdirSync(folder).length > 0) throw new RelayError('relay/store', `${folder} is not empty`);
  const copy = resolve(folder, database);
  const copied = await askCopy(dataDir);
  if (copied === undefined) await copyStopped(source, copy);
  else moveFile(copied, copy);
  chmodSync(copy, 0o600);
  copyKey(join(dataDir, keyFile), join(folder, keyFile));
  const backup = {
    ...checkRelayFile(copy, nodeHasher),
    takenAt: new Date().toISOString(),
    sha256: await digestOf(copy),
  };
  writeWhole(join(folder, listFile), `${JSON.stringify({ format, ...backup })}\n`);
  syncPath(folder);
  return backup;
}

/**
 * Puts a backup into `dataDir`, where no database may be. The key in it stays if it is the same. What devices handed in since the backup is theirs to bring again.
 * Throws `relay/store`, `relay/identity`.
 */
export async function restoreRelay(folder: string, dataDir: string): Promise<Backup> {
  const listed = readList(folder);
  const source = join(folder, database);
  const sha256 = await digestOf(source);
  if (sha256 !== listed.sha256) throw new RelayError('relay/store', `${source} is not what was backed up: ${sha256}`);
  const report = checkRelayFile(source, nodeHasher);
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const target = join(dataDir, database);
  if (existsSync(target)) throw new RelayError('relay/store', `${target} is there; move it away first`);
  const [key, kept] = [join(folder, keyFile), join(dataDir, keyFile)];
  if (!existsSync(kept)) copyKey(key, kept);
  else if (!readFileSync(kept).equals(readFileSync(key)))
    throw new RelayError('relay/identity', `${kept} is the key of another relay`);
  // A log that a lost database left behind would be taken for this one's.
  for (const suffix of ['-wal', '-shm']) rmSync(target + suffix, { force: true });
  const part = `${target}.part`;
  copyFileSync(source, part);
  syncPath(part);
  renameSync(part, target);
  syncPath(dataDir);
  return { ...report, takenAt: listed.takenAt, sha256 };
}

/** Nobody else may begin meanwhile: the store is for one process at a time. */
async function copyStopped(source: string, copy: string): Promise<void> {
  const store = createSqliteRelayStore(source);
  try {
    await store.backup(copy);
  } finally {
    await store.close();
  }
}

/** To another disk, where it has to. */
function moveFile(from: string, to: string): void {
  copyFileSync(from, to, constants.COPYFILE_FICLONE);
  syncPath(to);
  rmSync(from);
}

function copyKey(from: string, to: string): void {
  copyFileSync(from, to);
  chmodSync(to, 0o600);
  syncPath(to);
}

function readList(folder: string): Backup {
  const path = join(folder, listFile);
  try {
    const list = JSON.parse(readFileSync(path, 'utf8')) as Partial<Backup> & { readonly format?: unknown };
    if (list.format === format && typeof list.sha256 === 'string' && typeof list.takenAt === 'string')
      return list as Backup;
  } catch (cause) {
    throw new RelayError('relay/store', `${folder} is no whole backup`, { cause });
  }
  throw new RelayError('relay/store', `${path} is not in the form ${format}`);
}

async function digestOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}

function writeWhole(path: string, text: string): void {
  writeFileSync(path, text, { mode: 0o600 });
  syncPath(path);
}

function syncPath(path: string): void {
  const file = openSync(path, 'r');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
