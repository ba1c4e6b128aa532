// `tally person`, `tally access`: who a customer is, for whom the keyring here may show, and all that the books hold of one person.
import type { SubjectDesk } from '@tallystick/kernel/subjects';
import { writeFileSync } from 'node:fs';
import type { ShopBook } from '../book.ts';
import { type Command, type CommandContext, usage } from '../command.ts';
import { describePerson, type PersonField, readPerson } from '../describe-person.ts';
import { archiveOptions, askedArchives, isAbout, readArchived } from '../archived-log.ts';
import { personFileLines, readPersonFile, wordOf } from '../person-file.ts';
import { mustBeCommitted } from '../refusal-words.ts';
import { businessDay, findPersons, openDesk, personFields, subjectOf } from '../subjects.ts';
import { noteWritten } from '../written.ts';
import { changingCommand, type Done, exchangeOnce } from './changing.ts';
import { readLines } from './erase.ts';

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
    from: {
      type: 'string',
      value: 'FILE',
      help: 'read them from lines such as name: TEXT instead; - is stdin, which no history keeps',
    },
  },
  notes: 'What is left out of a new description stays as it was.',
  changes: (context) => ['from', ...personFields].some((option) => context.text(option) !== undefined),
  async change(book, context, home) {
    const desk = await openDesk(book, home);
    const [customer = ''] = context.positionals;
    // Who is to be forgotten is learnt first: before anything is shown, and before a key is put where the others have deleted it.
    await desk.during(() => exchangeOnce(book, home));
    const said = saidOf(context);
    if (said.size > 0) {
      await describePerson(book, desk, customer, said);
      await desk.refresh();
    }
    return show(book, desk, customer);
  },
});

function saidOf(context: CommandContext): ReadonlyMap<PersonField, string> {
  const said = new Map<PersonField, string>();
  for (const line of readLines(context.text('from'), context)) {
    const [, name, text = ''] = /^([a-z]+): ?(.*)$/.exec(line) ?? [];
    const field = personFields.find((known) => known === name);
    if (field === undefined)
      throw usage(`a line of --from is none of ${personFields.join(', ')}, with a colon and the text`, 'person');
    said.set(field, text);
  }
  for (const field of personFields) {
    const given = context.text(field);
    if (given !== undefined) said.set(field, given);
  }
  return said;
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

export const access: Command = changingCommand({
  name: 'access',
  summary: 'Export all that the books hold of one person, for whoever asks what is known of them.',
  operands: 'SUBJECT',
  minOperands: 1,
  maxOperands: 1,
  options: {
    to: {
      type: 'string',
      value: 'FILE',
      help: 'write it to this file, as JSON where it ends in .json; erase searches it later',
    },
    ...archiveOptions,
  },
  notes:
    'SUBJECT is a subject or the number of a customer. Every text ever sealed, old ones too, and every row under the numbers of the person: documents with their lines, balances, entitlements. The request itself is recorded.',
  async change(book, context, home) {
    const desk = await openDesk(book, home);
    await desk.during(() => exchangeOnce(book, home));
    const subject = subjectOf(book, context.positionals[0] ?? '');
    mustBeCommitted(await book.commit('subject.request', { subject, kind: 'access', day: businessDay(book) }));
    const archived = await readArchived(book, await askedArchives(context, 'access'), isAbout(subject));
    const file = await readPersonFile(book, desk, subject, archived);
    const lines = personFileLines(file);
    const to = context.text('to');
    if (to === undefined) return { json: { ...file }, lines };
    const path = context.path(to);
    const text = to.endsWith('.json') ? JSON.stringify(file, undefined, 2) : lines.join('\n');
    writeFileSync(path, `${text}\n`, { mode: 0o600, flush: true });
    noteWritten(home, 'access', path);
    return { json: { subject, file: path }, lines: [`written to ${path}, which is for the person alone`] };
  },
});
