// What the page hands out about one person: all that the books hold, the certificate of an erasure, and the places that were searched. What went into archives is read
// from the places of backups, where the person at the page has what opens them.
import { KernelError } from '@tallystick/kernel';
import { certifyErasure, readErasure, type SubjectDesk } from '@tallystick/kernel/subjects';
import type { OpRecord } from '@tallystick/oplog';
import { z } from 'zod';
import { type ArchivedLog, isAbout, readArchived, withArchived } from '../archived-log.ts';
import { openPlace, readBackupSettings } from '../backup-settings.ts';
import type { ShopBook } from '../book.ts';
import { archivedFiles } from '../drop-archived.ts';
import { messageOf } from '../errors.ts';
import type { Home } from '../home.ts';
import { keyInForce } from '../key-files.ts';
import { type PersonFile, readPersonFile } from '../person-file.ts';
import { findPlaces, type Place } from '../places.ts';
import { needlesOf } from '../raw-search.ts';
import { mustBeCommitted } from '../refusal-words.ts';
import { businessDay, subjectOf } from '../subjects.ts';
import { HttpRefusal, parseBody } from './http.ts';
import { deviceNames, subjectSchema } from './persons.ts';

/** Ops that are not here any more, and where they may be. */
export interface Archives {
  readonly scopes: readonly string[];
  readonly places: readonly string[];
}

export function readArchives(book: ShopBook, home: Home): Archives {
  const scopes = book.log.scopes().filter((scope) => book.log.base(scope).size > 0);
  return {
    scopes,
    places: scopes.length === 0 ? [] : readBackupSettings(home).places.map((one) => openPlace(one).name),
  };
}

const paperSchema = z.strictObject({
  ...subjectSchema.shape,
  /** What opens the archives; '' leaves them shut. */
  identity: z.string().max(4_096).default(''),
});

/** Of the first place whose archives make up everything that went from here. Throws a refusal of 409 where no place has them, and says why of each. */
async function openArchives(
  book: ShopBook,
  home: Home,
  identity: string,
  isWanted: (record: OpRecord) => boolean,
): Promise<ArchivedLog | undefined> {
  const { scopes } = readArchives(book, home);
  if (identity === '' || scopes.length === 0) return undefined;
  const faults: string[] = [];
  for (const settings of readBackupSettings(home).places) {
    const place = openPlace(settings);
    try {
      const archived = await readArchived(
        book,
        await archivedFiles(place, [{ kind: 'organisation', identity }]),
        isWanted,
      );
      if (scopes.every((scope) => archived.recordsByScope.has(scope as OpRecord['op']['scope']))) return archived;
      faults.push(`${place.name}: what it has does not open with this identity, or is not all of them`);
    } catch (error) {
      faults.push(`${place.name}: ${messageOf(error)}`);
    }
  }
  const why = faults.length === 0 ? 'no place for backups is named at this office' : faults.join('; ');
  throw new HttpRefusal(409, 'archive/missing', `the archives could not be read (${why})`);
}

/** Records that the person asked, and answers everything that the books hold of them. */
export async function handOutPerson(
  book: ShopBook,
  home: Home,
  openDesk: () => Promise<SubjectDesk>,
  body: unknown,
): Promise<PersonFile> {
  const { subject, identity } = parseBody(paperSchema, body);
  const known = subjectOf(book, subject);
  const archived = await openArchives(book, home, identity, isAbout(known));
  mustBeCommitted(await book.commit('subject.request', { subject: known, kind: 'access', day: businessDay(book) }));
  return readPersonFile(book, await openDesk(), known, archived);
}

export interface ShownCertificate {
  /** For people and programs, signed. */
  readonly text: string;
  /** Names of devices, as far as the text goes. */
  readonly acknowledged: readonly { readonly name: string; readonly day: string }[];
  readonly outstanding: readonly { readonly name: string; readonly isRevoked: boolean }[];
}

/** Throws a refusal of 409 where there is nothing to certify yet, and where what it rests on is in an archive that is shut. */
export async function readCertificate(book: ShopBook, home: Home, body: unknown): Promise<ShownCertificate> {
  const { subject, identity } = parseBody(paperSchema, body);
  const archived = await openArchives(book, home, identity, isAbout(subject));
  const whole = archived === undefined ? book : withArchived(book, archived);
  const key = await keyInForce(book, home);
  const text = await certifyErasure({ book: whole, subject, day: businessDay(book), key }).catch((error: unknown) => {
    if (error instanceof KernelError && error.code === 'archive/missing')
      throw new HttpRefusal(409, error.code, `${error.message}, and so can this one with its archives`);
    throw error;
  });
  const erasure = await readErasure(whole, subject);
  if (text === undefined || erasure === undefined)
    throw new HttpRefusal(
      409,
      'office/refused',
      'this person is not forgotten, or the order has no place in the log yet',
    );
  const nameOf = deviceNames(book);
  return {
    text,
    acknowledged: erasure.acknowledged.map(({ device, day }) => ({ name: nameOf(device), day })),
    outstanding: erasure.outstanding.map(({ device, status }) => ({
      name: nameOf(device),
      isRevoked: status === 'revoked',
    })),
  };
}

const placesSchema = z.strictObject({ ...subjectSchema.shape, text: z.string().trim().max(1_000) });

/** Where there may be something of a person, and what was found where a text is given to look for: as it is, and each of its words. */
export async function readPlaces(book: ShopBook, home: Home, body: unknown): Promise<readonly Place[]> {
  const { subject, text } = parseBody(placesSchema, body);
  const erasure = await readErasure(book, subjectOf(book, subject));
  return findPlaces({ book, home, erasure, needles: needlesOf([text, ...text.split(/\s+/)]), names: [text] });
}
