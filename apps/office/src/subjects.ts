// The desk for personal data of a data directory: its keyring beside the books, and what persons are in them.
import {
  type Blobs,
  createReaderIdentity,
  parseSubject,
  type ReaderIdentity,
  type SubjectId,
} from '@tallystick/erasure';
import { createFileKeyring, createFolderBlobs } from '@tallystick/erasure/node';
import { acknowledgeShreds, SubjectDesk, subjectStanding } from '@tallystick/kernel/subjects';
import { parseVerifierKey } from '@tallystick/chain';
import { relayIdOf } from '@tallystick/relay-protocol';
import { createRelayKeys } from '@tallystick/relay-protocol/keys';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { keyInForce } from './key-files.ts';
import { type ShopBook, shopCrypto } from './book.ts';
import { OfficeError } from './errors.ts';
import { type Home, readSettings } from './home.ts';

/** Keys of subjects, the directory's own pair for them, and their deletable backup. Never part of a backup of the books. */
export interface KeyringFolders {
  readonly keyring: string;
  readonly backup: string;
}

export function keyringFolders(home: Home): KeyringFolders {
  const books = existsSync(home.officeFile) ? home.officeFolder : dirname(home.deviceFile);
  return { keyring: join(books, 'keyring'), backup: join(books, 'keyring-backup') };
}

/** Wrapped keys lie in the keyring's own backup and at the relay, where the directory has one at a URL. */
export async function openDesk(book: ShopBook, home: Home): Promise<SubjectDesk> {
  const { keyring, backup } = keyringFolders(home);
  const desk = new SubjectDesk({
    book,
    keyring: createFileKeyring(keyring),
    reader: await readerOf(keyring),
    blobs: [createFolderBlobs(backup), ...(await keysAtRelay(book, home))],
    day: () => businessDay(book),
  });
  const offered = await desk.offer();
  if (offered?.ok === false && offered.code === 'kernel/not-adopted')
    throw new OfficeError('office/refused', 'this book has not adopted the verbs for personal data (tally adopt)');
  return desk;
}

/** A book whose exchanges do what the log asks of this device about persons, and the one desk that shows them. */
export interface BookWithDesk extends Pick<ShopBook, 'sync' | 'listen' | 'subscribe'> {
  /** Opened when it is first needed. What it shows waits for an exchange that is under way. */
  desk(): Promise<SubjectDesk>;
}

export function syncWithDesk(book: ShopBook, home: Home): BookWithDesk {
  let opening: Promise<SubjectDesk> | undefined;
  let seen = '';
  const desk = (): Promise<SubjectDesk> =>
    (opening ??= openDesk(book, home).catch((error: unknown) => {
      opening = undefined;
      throw error;
    }));
  return {
    desk,
    listen: (client, options) => book.listen(client, options),
    subscribe: (listener) => book.subscribe(listener),
    async sync(client, ...more) {
      const asks = 'SELECT 1 FROM subjectKeys UNION ALL SELECT 1 FROM shreds LIMIT 1';
      const isAsked = (): boolean => book.query(asks).length > 0;
      const exchange = async (): ReturnType<ShopBook['sync']> => {
        const report = await book.sync(client, ...more);
        if (!isAsked() || subjectStanding(book) === seen) return report;
        const now = subjectStanding(book);
        const { unreachable } = await (await desk()).refresh();
        // What is left somewhere is asked for again, news or not.
        if (unreachable.length === 0) seen = now;
        return report;
      };
      return isAsked() ? (await desk()).hold(exchange) : exchange();
    },
  };
}

/** Destroys and acknowledges what the log asks of this device since the last time. Whether there is an op to hand in. */
export async function answerShreds(book: ShopBook, home: Home): Promise<boolean> {
  const isAsked = (): boolean =>
    book.query(
      `SELECT 1 FROM shreds s WHERE s.scope = 'hq'
       AND NOT EXISTS (SELECT 1 FROM shredAcks a WHERE a.subject = s.subject AND a.device = ?) LIMIT 1`,
      [book.device],
    ).length > 0;
  const { keyring } = keyringFolders(home);
  const isHere = existsSync(keyring);
  if (!isAsked() && !(isHere && (await hasForgotten(book, keyring)))) return false;
  if (isHere) await (await openDesk(book, home)).refresh();
  else await acknowledgeShreds({ book, day: () => businessDay(book) });
  return !isAsked();
}

/** Whether a keyring has keys of who is forgotten, as after a copy of the disk from before was put back. */
async function hasForgotten(book: ShopBook, keyring: string): Promise<boolean> {
  const forgotten = book.query<{ subject: SubjectId }>("SELECT subject FROM shreds WHERE scope = 'hq'");
  if (forgotten.length === 0) return false;
  const here = new Set(await createFileKeyring(keyring).subjects());
  return forgotten.some(({ subject }) => here.has(subject));
}

/** For the relay whose key the book has pinned, at whatever address. A relay that does not answer is named in the report, and asked again the next time. */
async function keysAtRelay(book: ShopBook, home: Home): Promise<readonly Blobs[]> {
  const settings = readSettings(home)?.relay;
  if (settings?.kind !== 'url') return [];
  const { url } = settings;
  const key = await keyInForce(book, home);
  let keys: Blobs | undefined;
  // The first contact pins it.
  const at = (): Blobs => (keys ??= open());
  const open = (): Blobs => {
    const relay = parseVerifierKey(book.status().relayKey ?? '', shopCrypto.hasher);
    if (!relay.ok) throw new OfficeError('office/relay', 'no relay is pinned in this book yet (tally sync)');
    const reader = {
      device: book.device,
      sign: (message: Uint8Array) => key.sign(message),
      relay: relayIdOf(relay.value, shopCrypto.hasher),
    };
    return createRelayKeys({ url, book: book.id, reader, hasher: shopCrypto.hasher });
  };
  return [
    {
      get: async (name) => at().get(name),
      put: async (name, text) => at().put(name, text),
      delete: async (name) => at().delete(name),
      names: async () => at().names(),
    },
  ];
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
  return holdDay(book) || new Date().toISOString().slice(0, 10);
}

/** The day that holds end by, which is the one that a shred is judged by: no clock's, and '' before the first, when every hold stands. */
export function holdDay(book: ShopBook): string {
  return String(book.query("SELECT day FROM businessDays WHERE scope = 'hq'")[0]?.['day'] ?? '');
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

/**
 * The subject that a subject's id or a customer's number names. Throws `office/subject` for nobody, lest a slip of the pen be certified as a person who is forgotten, and where a
 * number was ever given to several: two devices that did not know of each other, or somebody who wants the wrong one forgotten. Then each is named by itself.
 */
export function subjectOf(book: ShopBook, who: string): SubjectId {
  const named = parseSubject(who);
  if (named !== undefined && isKnown(book, named)) return named;
  const asked = 'SELECT DISTINCT subject FROM persons_history WHERE customer = ? ORDER BY subject';
  const [subject, ...others] = book.query<{ subject: SubjectId }>(asked, [who]).map((row) => row.subject);
  if (subject === undefined)
    throw new OfficeError(
      'office/subject',
      `${JSON.stringify(who)} is neither a subject nor a customer with a description`,
    );
  if (others.length === 0) return subject;
  throw new OfficeError(
    'office/subject',
    `${JSON.stringify(who)} was described as several subjects, name each by itself: ${[subject, ...others].join(', ')}`,
  );
}

function isKnown(book: ShopBook, subject: SubjectId): boolean {
  const tables = ['subjectKeys', 'shreds', 'persons_history'];
  return tables.some((table) => book.query(`SELECT 1 FROM ${table} WHERE subject = ? LIMIT 1`, [subject]).length > 0);
}
