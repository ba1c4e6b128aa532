// `tally person`, `tally access`: who a customer is, for whom the keyring here may show, and all that the books hold of one person.
import { findEnvelopes, type SubjectId } from '@tallystick/erasure';
import type { Reading, Sealer, SubjectDesk } from '@tallystick/kernel/subjects';
import type { OpPlace } from '@tallystick/kernel';
import type { OpRecord, Scope } from '@tallystick/oplog';
import type { ShopBook } from '../book.ts';
import type { Command, CommandContext } from '../command.ts';
import { OfficeError } from '../errors.ts';
import { mustBeCommitted } from '../refusal-words.ts';
import { businessDay, findPersons, openDesk, type PersonRow, personFields, subjectOf } from '../subjects.ts';
import { changingCommand, type Done, exchangeOnce } from './changing.ts';

/** Shown or set: with an option it says anew who the customer is, which is also how a mistake is put right. */
export const person: Command = changingCommand({
  name: 'person',
  summary: 'Say who a customer is, sealed under a key that can be destroyed, or show it.',
  operands: 'CUSTOMER',
  minOperands: 1,
  maxOperands: 1,
  options: {
    name: { type: 'string', value: 'TEXT', help: 'the name' },
    phone: { type: 'string', value: 'TEXT', help: 'the telephone number' },
    email: { type: 'string', value: 'TEXT', help: 'the mail address' },
    note: { type: 'string', value: 'TEXT', help: 'a note' },
  },
  notes: 'What is left out of a new description stays as it was.',
  changes: (context) => personFields.some((field) => context.text(field) !== undefined),
  async change(book, context, home) {
    const desk = await openDesk(book, home);
    const [customer = ''] = context.positionals;
    // Who is to be forgotten is learnt first: before anything is shown, and before a key is put where the others have deleted it.
    await desk.during(() => exchangeOnce(book, home));
    if (personFields.some((field) => context.text(field) !== undefined)) {
      await describe(book, desk, customer, context);
      await desk.refresh();
    }
    return show(book, desk, customer);
  },
});

async function describe(book: ShopBook, desk: SubjectDesk, customer: string, context: CommandContext): Promise<void> {
  const [known] = findPersons(book, customer);
  const before = known === undefined ? {} : await readPerson(desk, known);
  const sealer = await sealerFor(desk, known?.subject);
  const texts = personFields.flatMap((field) => {
    const given = context.text(field);
    const kept = before[field];
    if (given === '') return [];
    if (given !== undefined) return [[field, given] as const];
    return kept?.state === 'shown' ? [[field, kept.text] as const] : [];
  });
  const args = (place: OpPlace) => ({
    customer,
    subject: sealer.subject,
    ...Object.fromEntries(texts.map(([field, text]) => [field, sealer.seal(place, field, text)])),
  });
  mustBeCommitted(await book.commit('person.describe', args));
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

type ReadPerson = Partial<Record<(typeof personFields)[number], Reading>>;

async function readPerson(desk: SubjectDesk, row: PersonRow): Promise<ReadPerson> {
  const read: ReadPerson = {};
  for (const field of personFields) {
    const { scope, device, op: id } = row;
    if (row[field] !== '') read[field] = await desk.read(row[field], { scope, device, id, field });
  }
  return read;
}

async function show(book: ShopBook, desk: SubjectDesk, customer: string): Promise<Done> {
  const rows = findPersons(book, customer);
  if (rows.length === 0) return { json: { customer }, lines: [`nothing is said of ${customer}`] };
  const shown = await Promise.all(
    rows.map(async (row) => ({ subject: row.subject, ...(await readPerson(desk, row)) })),
  );
  const lines = shown.flatMap(({ subject, ...fields }) => [
    `subject ${subject}`,
    ...Object.entries(fields).map(([field, reading]) => `${field.padEnd(6)} ${wordOf(reading)}`),
  ]);
  return { json: { customer, persons: shown }, lines };
}

export function wordOf(reading: Reading): string {
  switch (reading.state) {
    case 'shown':
      return reading.text;
    case 'erased':
      return '(erased)';
    case 'no-key':
      return '(this device may not read it)';
    case 'unreadable':
      return `(unreadable: ${reading.code})`;
  }
}

/** Every envelope of one person in the log, opened where it stands. */
export const access: Command = changingCommand({
  name: 'access',
  summary: 'Export all that the books hold of one person, for whoever asks what is known of them.',
  operands: 'SUBJECT',
  minOperands: 1,
  maxOperands: 1,
  notes: 'SUBJECT is a subject or the number of a customer. The request itself is recorded.',
  async change(book, context, home) {
    const desk = await openDesk(book, home);
    await desk.during(() => exchangeOnce(book, home));
    const subject = subjectOf(book, context.positionals[0] ?? '');
    mustBeCommitted(await book.commit('subject.request', { subject, kind: 'access', day: businessDay(book) }));
    const held: { readonly where: string; readonly at: number; readonly reading: Reading }[] = [];
    for (const scope of book.log.scopes()) {
      for await (const { op } of recordsOf(book, scope)) {
        for (const { field, text, envelope } of findEnvelopes(op.args)) {
          if (envelope.subject !== subject) continue;
          const reading = await desk.read(text, { scope: op.scope, device: op.device, id: op.id, field });
          held.push({ where: `${op.scope} ${op.verb} ${field}`, at: op.at, reading });
        }
      }
    }
    const lines = held.map(({ where, at, reading }) => `${new Date(at).toISOString()} ${where}: ${wordOf(reading)}`);
    return { json: { subject, held }, lines: [`${held.length} texts are held of subject ${subject}`, ...lines] };
  },
});

const pageOps = 1_000;

async function* recordsOf(book: ShopBook, scope: Scope): AsyncGenerator<OpRecord> {
  const { size } = book.log.tip(scope);
  for (let from = book.log.base(scope).size; from < size; from += pageOps)
    yield* await book.log.settled(scope, from, Math.min(pageOps, size - from));
  yield* await book.log.pending(scope);
}
