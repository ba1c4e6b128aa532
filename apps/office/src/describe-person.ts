// Who a customer is, sealed field by field: entered and put right by the command line and on the office's page.
import type { SubjectId } from '@tallystick/erasure';
import type { OpPlace } from '@tallystick/kernel';
import type { Reading, Sealer, SubjectDesk } from '@tallystick/kernel/subjects';
import type { ShopBook } from './book.ts';
import { OfficeError } from './errors.ts';
import { mustBeCommitted } from './refusal-words.ts';
import { findPersons, type PersonRow, personFields } from './subjects.ts';

export type PersonField = (typeof personFields)[number];

/**
 * Says who a customer is, or puts it right: what `said` leaves out stays as it was, and what it empties is said no more. An envelope opens for its own op alone, so what stays is
 * sealed anew: where this device cannot read it nothing is recorded. Throws what the book refuses, and `office/subject`.
 */
export async function describePerson(
  book: ShopBook,
  desk: SubjectDesk,
  customer: string,
  said: ReadonlyMap<PersonField, string>,
): Promise<void> {
  const [known] = findPersons(book, customer);
  const before = known === undefined ? {} : await readPerson(desk, known);
  const sealer = await sealerFor(desk, known?.subject);
  const texts = personFields.flatMap((field) => {
    const text = said.get(field) ?? textKept(field, before[field]);
    return text === '' ? [] : [[field, text] as const];
  });
  const args = (place: OpPlace) => ({
    customer,
    subject: sealer.subject,
    ...Object.fromEntries(texts.map(([field, text]) => [field, sealer.seal(place, field, text)])),
  });
  mustBeCommitted(await book.commit('person.describe', args));
}

function textKept(field: PersonField, kept: Reading | undefined): string {
  if (kept === undefined) return '';
  if (kept.state === 'shown') return kept.text;
  throw new OfficeError(
    'office/subject',
    `the ${field} of this person cannot be read here and would be lost: say it too, or empty it (tally person --${field} ''), or go where it can be read`,
  );
}

async function sealerFor(desk: SubjectDesk, subject: SubjectId | undefined): Promise<Sealer> {
  const known = subject === undefined ? undefined : await desk.sealer(subject);
  if (known !== undefined) return known;
  if (subject !== undefined)
    throw new OfficeError(
      'office/subject',
      'the key of this person is not here, or is destroyed: describe them under a new number',
    );
  const opened = await desk.open('customer');
  if ('seal' in opened) return opened;
  return mustBeCommitted(opened) as never;
}

export type ReadPerson = Partial<Record<(typeof personFields)[number], Reading>>;

/** What is said of a customer, as this device may show it. */
export async function readPerson(desk: SubjectDesk, row: PersonRow): Promise<ReadPerson> {
  const read: ReadPerson = {};
  for (const field of personFields) {
    const { scope, device, op: id } = row;
    if (row[field] !== '') read[field] = await desk.read(row[field], { scope, device, id, field });
  }
  return read;
}
