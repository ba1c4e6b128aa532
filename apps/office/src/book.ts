// Opening the books of a data directory: the office's own, and those of the tills that trade from it.
import { type Book, type BookStore, openBook } from '@tallystick/kernel';
import { guardVerbs } from '@tallystick/guards';
import { escrowVerbs } from '@tallystick/kernel/escrow';
import { nodeCrypto, nodeStore } from '@tallystick/kernel/node';
import { subjectVerbs } from '@tallystick/kernel/subjects';
import { tallyVerbs } from '@tallystick/kernel/tally';
import { ledgerVerbs } from '@tallystick/ledger';
import { type BookId, encodeHex, parseBookId } from '@tallystick/oplog';
import { chart, retailVerbs } from '@tallystick/retail';
import type { DeviceKey } from '@tallystick/sign';
import { createFileKeyStore } from '@tallystick/sign/node';
import { existsSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { OfficeError } from './errors.ts';
import type { Home } from './home.ts';

/** Every verb version this release knows. */
export const shopVerbs: readonly [
  ...typeof ledgerVerbs,
  ...typeof guardVerbs,
  ...typeof retailVerbs,
  ...typeof escrowVerbs,
  ...typeof tallyVerbs,
  ...typeof subjectVerbs,
] = [...ledgerVerbs, ...guardVerbs, ...retailVerbs, ...escrowVerbs, ...tallyVerbs, ...subjectVerbs];

/** A book of ledger and retail verbs, and of what it says of the backups of keys. */
export type ShopBook = Book<typeof shopVerbs>;

/** Folder of a device's key files, beside its database. */
export function keysFolder(databaseFile: string): string {
  return join(dirname(databaseFile), 'keys');
}

/** Pages of a till's database kept in memory; many tills are open at once. */
const tillCacheKib = 4_096;

/** Opens the office's book. Throws `office/no-book` when the directory has none. */
export async function openOffice(home: Home): Promise<ShopBook> {
  if (!existsSync(home.officeFile)) {
    throw new OfficeError('office/no-book', `${home.root}: there is no office database here (tally init makes one)`);
  }
  return openBook({ store: officeStore(home), verbs: shopVerbs });
}

/** Opens the office's book, and a new one called `name` with the default chart of accounts where there is none. */
export async function openOrCreateOffice(home: Home, name: string): Promise<ShopBook> {
  mkdirSync(home.officeFolder, { recursive: true });
  const book = await openBook({ store: officeStore(home), verbs: shopVerbs, name, deviceName: 'Office' });
  await openChart(book);
  return book;
}

export function officeStore(home: Home): BookStore {
  return nodeStore(home.officeFile, { keysDir: keysFolder(home.officeFile) });
}

/** The default chart of accounts, as far as a process that died did not open it already. */
async function openChart(book: ShopBook): Promise<void> {
  const open = new Set(book.query("SELECT account FROM accounts WHERE scope = 'hq'").map((row) => row['account']));
  const missing = chart.filter(({ account }) => !open.has(account));
  if (missing.length === 0) return;
  for (const commit of await book.commitAll(missing.map((args) => ({ verb: 'account.open', args })))) {
    if (!commit.ok) throw new OfficeError('office/refused', `an account of the chart was refused: ${commit.code}`);
  }
}

/** A device that may be enrolled: its key, made on first use and kept in its own directory. */
export async function deviceKey(databaseFile: string): Promise<DeviceKey> {
  const keys = createFileKeyStore(keysFolder(databaseFile));
  return (await keys.load('device')) ?? (await keys.create('device'));
}

/** Enrols a device unless the book knows it already. */
export async function enrolDevice(
  office: ShopBook,
  key: { readonly device: string; readonly publicKey: Uint8Array },
  name: string,
  role: EnrolRole,
  more: { readonly replaces?: string; readonly untilDay?: string | undefined } = {},
): Promise<void> {
  const known = office.query('SELECT name FROM devices WHERE device = ?', [key.device]);
  if (known.length > 0) return;
  const { replaces, untilDay } = more;
  const commit = await office.commit('device.enroll', {
    device: key.device,
    key: encodeHex(key.publicKey),
    name,
    role,
    ...(replaces === undefined ? {} : { replaces }),
    ...(untilDay === undefined ? {} : { untilDay }),
  });
  if (!commit.ok) throw new OfficeError('office/refused', `device ${key.device} was not enrolled: ${commit.code}`);
}

/** Roles that can be given from the command line. */
export const enrolRoles = ['till', 'van', 'warehouse', 'carrier', 'agent', 'auditor', 'manager', 'owner'] as const;
export type EnrolRole = (typeof enrolRoles)[number];

/** Opens a till's replica of a book; it learns its enrolment at its first sync. */
export async function openTill(databaseFile: string, book: string, relayKey?: string): Promise<ShopBook> {
  mkdirSync(dirname(databaseFile), { recursive: true });
  const store = nodeStore(databaseFile, { keysDir: keysFolder(databaseFile) });
  store.sql.exec(`PRAGMA cache_size = -${tillCacheKib}`);
  return openBook({ store, verbs: shopVerbs, book: bookId(book), ...(relayKey === undefined ? {} : { relayKey }) });
}

function bookId(text: string): BookId {
  const id = parseBookId(text);
  if (id === undefined) throw new OfficeError('office/usage', `${JSON.stringify(text)} is not a book id`);
  return id;
}

/** Opens the book of a directory to be read: the office's, or the device's own when it is no office. */
export async function openReader(home: Home): Promise<ShopBook> {
  if (existsSync(home.officeFile)) return openOffice(home);
  if (!existsSync(home.deviceFile)) throw new OfficeError('office/no-book', `${home.root}: there are no books here`);
  const store = nodeStore(home.deviceFile, { keysDir: keysFolder(home.deviceFile) });
  return openBook({ store, verbs: shopVerbs });
}

/** The hasher and signatures every book here is opened with. */
export const shopCrypto: typeof nodeCrypto = nodeCrypto;
