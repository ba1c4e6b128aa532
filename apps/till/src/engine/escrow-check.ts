// Whether this till's key is sealed to those whom its book names. A till that joins backs its key up before it has the book, to whom the
// invitation names, and an invitation can be forged: once the book is here the two are compared, and a key that is sealed to others has to go.
import type { FileLogStore } from '@tallystick/oplog/file';
import type { MadeKey } from './requests.ts';
import type { TillBook } from './till-book.ts';

type Notes = Pick<FileLogStore, 'meta' | 'setMeta'>;

const sealedPrefix = 'till/sealed/';
const asNamed = '';

/** To be called before the backups leave this browser, so that it is known also of a key whose till joins only at the second attempt. */
export function noteSealed(log: Notes, made: MadeKey | undefined): void {
  if (made !== undefined && made.sealedTo.length > 0)
    log.setMeta(`${sealedPrefix}${made.keyId}`, made.sealedTo.join(' '));
}

/** To be called when the book of a shop that was joined is here: a key sealed as the book then names stays fine when the book names others later. */
export function compareSealed(log: Notes, book: TillBook, keyId: string): void {
  const isNoted = (log.meta(`${sealedPrefix}${keyId}`) ?? asNamed) !== asNamed;
  if (isNoted && !isSealedElsewhere(log, book, keyId)) log.setMeta(`${sealedPrefix}${keyId}`, asNamed);
}

/** True when somebody whom the book does not name may be able to open the backup of this key, or one whom it names cannot. */
export function isSealedElsewhere(log: Notes, book: TillBook, keyId: string): boolean {
  const sealedTo = log.meta(`${sealedPrefix}${keyId}`) ?? asNamed;
  return sealedTo !== asNamed && sorted(sealedTo.split(' ')) !== sorted(readEscrow(book));
}

/** Age recipients that the book names; empty where it keeps no escrow. */
export function readEscrow(book: TillBook): readonly string[] {
  const [row] = book.query<{ readonly recipients: string }>("SELECT recipients FROM escrow WHERE scope = 'hq'");
  return row === undefined ? [] : row.recipients.split(' ');
}

function sorted(recipients: readonly string[]): string {
  return [...recipients].sort().join(' ');
}
