// The desk for personal data of a data directory: its keyring beside the books, and what persons are in them.
import {
  type Blobs,
  createReaderIdentity,
  parseSubject,
  type ReaderIdentity,
  type SubjectId,
} from '@tallystick/erasure';
import { createFileKeyring, createFolderBlobs } from '@tallystick/erasure/node';
import { SubjectDesk } from '@tallystick/kernel/subjects';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { ShopBook } from './book.ts';
import { OfficeError } from './errors.ts';
import type { Home } from './home.ts';

/** Keys of subjects, the directory's own pair for them, and their deletable backup. Never part of a backup of the books. */
export interface KeyringFolders {
  readonly keyring: string;
  readonly backup: string;
}

export function keyringFolders(home: Home): KeyringFolders {
  const books = existsSync(home.officeFile) ? home.officeFolder : dirname(home.deviceFile);
  return { keyring: join(books, 'keyring'), backup: join(books, 'keyring-backup') };
}

/** `more` are further places for wrapped keys. */
export async function openDesk(book: ShopBook, home: Home, more: readonly Blobs[] = []): Promise<SubjectDesk> {
  const { keyring, backup } = keyringFolders(home);
  const desk = new SubjectDesk({
    book,
    keyring: createFileKeyring(keyring),
    reader: await readerOf(keyring),
    blobs: [createFolderBlobs(backup), ...more],
    day: () => businessDay(book),
  });
  const offered = await desk.offer();
  if (offered?.ok === false && offered.code === 'kernel/not-adopted')
    throw new OfficeError('office/refused', 'this book has not adopted the verbs for personal data (tally adopt)');
  return desk;
}

async function readerOf(folder: string): Promise<ReaderIdentity> {
  const path = join(folder, 'reader.json');
  if (existsSync(path)) return JSON.parse(readFileSync(path, 'utf8')) as ReaderIdentity;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const made = await createReaderIdentity();
  writeFileSync(path, `${JSON.stringify(made)}\n`, { mode: 0o600, flag: 'wx', flush: true });
  return made;
}

/** The business day of the book, or the clock's before the first. */
export function businessDay(book: ShopBook): string {
  const open = book.query("SELECT day FROM businessDays WHERE scope = 'hq'")[0]?.['day'];
  return open === undefined ? new Date().toISOString().slice(0, 10) : String(open);
}

export interface PersonRow {
  readonly scope: string;
  readonly customer: string;
  readonly subject: SubjectId;
  readonly device: string;
  readonly op: string;
  readonly name: string;
  readonly phone: string;
  readonly email: string;
  readonly note: string;
}

export const personFields = ['name', 'phone', 'email', 'note'] as const;

/** Persons by a customer's number. */
export function findPersons(book: ShopBook, customer: string): readonly PersonRow[] {
  return book.query<PersonRow>('SELECT * FROM persons WHERE customer = ? ORDER BY scope', [customer]);
}

/** The subject that a subject's id or a customer's number names. Throws `office/subject`. */
export function subjectOf(book: ShopBook, who: string): SubjectId {
  const subject = parseSubject(who) ?? findPersons(book, who)[0]?.subject;
  if (subject !== undefined) return subject;
  throw new OfficeError(
    'office/subject',
    `${JSON.stringify(who)} is neither a subject nor a customer with a description`,
  );
}
