// Who customers are: shown where this till may read it, sealed where a name is entered here. Ciphers and keyring are fetched with the first name that this till has to do
// with; a till that has never had to do with one keeps no keys, and says so of each person who is to be forgotten.
import { acknowledgeShreds, mayRead } from '@tallystick/kernel/subjects';
import { localDay } from '../model/business-day.ts';
import type { OpenShop } from './open-shop.ts';
import type { PersonDesk } from './person-desk.ts';
import type { CustomerName, Outcome } from './port.ts';

export interface Persons {
  /** An exchange with the relay and what the log then asks of this till. Nothing is shown meanwhile. */
  exchange<T>(contact: () => Promise<T>): Promise<{ readonly value: T; readonly isMore: boolean }>;
  name(customer: string): Promise<CustomerName>;
  describe(customer: string, name: string): Promise<Outcome<void>>;
}

export type OpenPersonDesk = (shop: PersonShop) => Promise<PersonDesk>;
export type PersonShop = Pick<OpenShop, 'book' | 'log' | 'record' | 'keys'>;

/** Set once this till has a pair for keys of persons. */
export const readerNote = 'till/reader';

const fetchDesk: OpenPersonDesk = async (shop) => (await import('./person-desk.ts')).openPersonDesk(shop);

export function createPersons(shop: PersonShop, openDesk: OpenPersonDesk = fetchDesk): Persons {
  const { book, log, record } = shop;
  let opening: Promise<PersonDesk> | undefined;
  const desk = (): Promise<PersonDesk> =>
    (opening ??= openDesk(shop).catch((error: unknown) => {
      opening = undefined;
      throw error;
    }));
  const isReading = (): boolean =>
    (log.meta(readerNote) ?? '') !== '' ||
    (mayRead(book, book.device) && book.query('SELECT 1 FROM subjectKeys LIMIT 1').length > 0);
  const written = (): number => book.log.head(book.device, record.scope)?.seq ?? 0;
  return {
    async exchange(contact) {
      const before = written();
      let value: Awaited<ReturnType<typeof contact>>;
      const keepsKeys = isReading();
      // A keyring that cannot be used keeps no sale from the relay; nobody is said to be forgotten then.
      const opened = keepsKeys ? await desk().catch(() => undefined) : undefined;
      if (opened !== undefined) value = await opened.exchange(contact);
      else value = await contact();
      if (!keepsKeys) await acknowledgeShreds({ book, day: () => localDay(new Date()) });
      return { value, isMore: written() > before };
    },
    async name(customer) {
      const [row] = book.query<{ subject: string; name: string }>(
        `SELECT p.subject, p.name FROM persons p WHERE p.customer = ? ORDER BY p.scope = 'hq' LIMIT 1`,
        [customer],
      );
      if (row === undefined || row.name === '') return { state: 'unknown' };
      if (book.query('SELECT 1 FROM shreds WHERE subject = ?', [row.subject]).length > 0) return { state: 'erased' };
      if (!mayRead(book, book.device)) return { state: 'no-key' };
      return (await desk()).name(customer);
    },
    describe: async (customer, name) => (await desk()).describe(customer, name),
  };
}
