// Backups of the key files of a data directory: all keys in one file, each sealed by itself in age's armor, and the shares of one key.
// The keys of a server lie in plain files, so unlike a till's they can be backed up at any time.
import { openSync, closeSync, existsSync, fsyncSync, readdirSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { openBackup, type OpenedKey, type Opener, type Recipient, restoreKey, sealKey } from '@tallystick/custody';
import { nodeHasher } from '@tallystick/chain/node';
import type { KeyId } from '@tallystick/oplog';
import { type DeviceKey, keyIdOf, parseKeyText } from '@tallystick/sign';
import { createFileKeyStore, nodeEd25519 } from '@tallystick/sign/node';
import { z } from 'zod';
import { keysFolder, type ShopBook } from './book.ts';
import { messageOf, OfficeError } from './errors.ts';
import type { Home } from './home.ts';

const hexSchema = z.string().regex(/^[0-9a-f]{64}$/);
const backupSchema = z.strictObject({
  tallystick: z.literal('keys/1'),
  /** The book they write in, where they have one. */
  book: hexSchema.optional(),
  keys: z
    .array(z.strictObject({ name: z.string().regex(/^[a-z][a-z0-9-]{0,63}$/), keyId: hexSchema, sealed: z.string() }))
    .min(1)
    .max(64),
});
export type KeyBackupFile = z.infer<typeof backupSchema>;

export interface NamedKey {
  readonly name: string;
  readonly key: OpenedKey;
}

/** Where the keys of a directory lie: the office's, or those of a device that is no office. */
export function keysFolderOf(home: Home): string {
  const office = keysFolder(home.officeFile);
  return existsSync(home.officeFile) || listKeyNames(office).length > 0 ? office : keysFolder(home.deviceFile);
}

/** Names of the keys in a folder; empty when there is none. */
export function listKeyNames(folder: string): readonly string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .flatMap((file) => (file.endsWith('.key') ? [file.slice(0, -'.key'.length)] : []))
    .sort();
}

/** The key of a name, opened; wipe its seed. Its file is checked by the key store first. Throws `office/keys`. */
export async function openKeyFile(folder: string, name: string): Promise<OpenedKey> {
  const kept = await createFileKeyStore(folder).load(name);
  const text = kept === undefined ? '' : readFileSync(join(folder, `${name}.key`), 'utf8');
  const material = await parseKeyText(text, nodeEd25519);
  if (material === undefined) throw new OfficeError('office/keys', `${folder}: there is no key ${name} here`);
  const { publicKey } = material.pair;
  return { seed: material.seed, publicKey, keyId: keyIdOf(publicKey, nodeHasher) };
}

/** Seals every key of a folder. */
export async function sealKeys(folder: string, to: Recipient, book: string | undefined): Promise<KeyBackupFile> {
  const keys: KeyBackupFile['keys'] = [];
  for (const name of listKeyNames(folder)) {
    const key = await openKeyFile(folder, name);
    try {
      keys.push({ name, keyId: key.keyId, sealed: await sealKey(key, to) });
    } finally {
      key.seed.fill(0);
    }
  }
  if (keys.length === 0) throw new OfficeError('office/keys', `${folder}: there are no keys here`);
  return { tallystick: 'keys/1', keys, ...(book === undefined ? {} : { book }) };
}

/** Throws `office/keys`. */
export function parseKeyBackup(path: string): KeyBackupFile {
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    throw new OfficeError('office/keys', `${path}: cannot be read as a backup of keys`, { cause });
  }
  const parsed = backupSchema.safeParse(json);
  if (!parsed.success) throw new OfficeError('office/keys', `${path}: this is not a backup of keys`);
  return parsed.data;
}

/** Opens every key before any is put back, so that a wrong passphrase leaves nothing half done. */
export async function openKeys(backup: KeyBackupFile, opener: Opener): Promise<readonly NamedKey[]> {
  const opened: NamedKey[] = [];
  for (const { name, keyId, sealed } of backup.keys) {
    const key = await openBackup(sealed, opener, { expect: keyId as KeyId });
    if (!key.ok) throw new OfficeError('office/keys', `key ${name}: ${key.message} (${key.code})`);
    opened.push({ name, key: key.value });
  }
  return opened;
}

/** Puts keys into a folder, which must have none of them. Throws `office/keys`. */
export async function putKeysBack(folder: string, keys: readonly NamedKey[]): Promise<void> {
  const there = new Set(listKeyNames(folder));
  const taken = keys.find(({ name }) => there.has(name));
  if (taken !== undefined) throw new OfficeError('office/keys', `${folder}: there is a key ${taken.name} here already`);
  const store = createFileKeyStore(folder);
  for (const { name, key } of keys) await restoreKey(store, name, key);
}

/** Writes a file that only its owner may read, and never over another. Throws `office/keys`. */
export function writePrivateFile(path: string, text: string): void {
  let file: number;
  try {
    file = openSync(path, 'wx', 0o600);
  } catch (cause) {
    const why = messageOf(cause);
    throw new OfficeError('office/keys', `${path}: cannot be made (${why})`, { cause });
  }
  try {
    const bytes = Buffer.from(text);
    for (let offset = 0; offset < bytes.length; ) offset += writeSync(file, bytes, offset);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** The first line of a file, or of standard input for `-`. Throws `office/keys`. */
export function readSecret(path: string): string {
  try {
    return readFileSync(path === '-' ? 0 : path, 'utf8').split(/\r?\n/)[0] ?? '';
  } catch (cause) {
    throw new OfficeError('office/keys', `${path}: cannot be read`, { cause });
  }
}

/** The identity in a file as `age-keygen` and `tally escrow --new` write it. Throws `office/keys`. */
export function readIdentity(path: string): string {
  const text = existsSync(path) ? readFileSync(path, 'utf8') : '';
  const identity = text.split(/\r?\n/).find((line) => line.startsWith('AGE-SECRET-KEY-'));
  if (identity === undefined) throw new OfficeError('office/keys', `${path}: there is no identity in it`);
  return identity.trim();
}

/** The key of this device that signs now, out of its folder. */
export async function keyInForce(book: ShopBook, home: Home): Promise<DeviceKey> {
  const { device } = book;
  const [row] = book.query("SELECT keyId FROM devices WHERE scope = 'hq' AND device = ?", [device]);
  const folder = keysFolderOf(home);
  const store = createFileKeyStore(folder);
  for (const file of listKeyNames(folder)) {
    const key = await store.load(file);
    if (key !== undefined && String(key.keyId) === row?.['keyId']) return key;
  }
  throw new OfficeError('office/keys', `${folder}: the key that signs for this device is not here`);
}
