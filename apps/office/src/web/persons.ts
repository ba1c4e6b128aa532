// What the page shows of persons, and what is done for them there: who they are, for whom the keyring here may show, what they asked, and how far their erasure has come.
import type { Reading } from '@tallystick/kernel/subjects';
import { readErasure, type SubjectDesk } from '@tallystick/kernel/subjects';
import { z } from 'zod';
import type { ShopBook } from '../book.ts';
import { describePerson, type PersonField } from '../describe-person.ts';
import { listDevices } from '../device-text.ts';
import { orderShred } from '../forget.ts';
import { mustBeCommitted } from '../refusal-words.ts';
import { businessDay, holdDay, type PersonRow, personFields, subjectOf } from '../subjects.ts';
import { HttpRefusal, parseBody } from './http.ts';

export const maxShown = 200;
/** A name is found nowhere, and typed all the same. */
const whoSchema = z.strictObject({ who: z.string().trim().max(1_000) });
const word = /^[a-z][a-z-]{0,39}$/;
const day = /^\d{4}-\d{2}-\d{2}$/;

export interface ShownPerson {
  readonly subject: string;
  readonly kind: string;
  readonly customers: readonly string[];
  /** As the keyring here may show it. */
  readonly name: Reading['state'] | 'unknown';
  readonly text: string;
  readonly requests: readonly { readonly kind: string; readonly day: string }[];
  /** Why the law keeps them, and up to which day or ''; null where nothing does. */
  readonly hold: { readonly basis: string; readonly untilDay: string } | null;
  readonly erasure: {
    readonly day: string;
    readonly isSettled: boolean;
    readonly acknowledged: readonly string[];
    readonly outstanding: readonly { readonly name: string; readonly isRevoked: boolean }[];
  } | null;
}

/** Those whom a customer's number or a subject names; else those who asked last, and then the newest. */
export async function readPersons(
  book: ShopBook,
  openDesk: () => Promise<SubjectDesk>,
  body: unknown,
): Promise<readonly ShownPerson[]> {
  const { who } = parseBody(whoSchema, body);
  const asked =
    who === '' ? '' : 'WHERE k.subject = ? OR k.subject IN (SELECT subject FROM persons_history WHERE customer = ?)';
  const found = book.query<Found>(
    `SELECT k.subject, min(k.kind) AS kind FROM subjectKeys k ${asked} GROUP BY k.subject
     ORDER BY (SELECT max(r.day) FROM subjectRequests r WHERE r.subject = k.subject) DESC, max(k.day) DESC, k.subject LIMIT ${maxShown}`,
    who === '' ? [] : [who, who],
  );
  return showPersons(book, openDesk, found);
}

interface Found {
  readonly subject: string;
  readonly kind: string;
}

export async function showPersons(
  book: ShopBook,
  openDesk: () => Promise<SubjectDesk>,
  found: readonly Found[],
): Promise<readonly ShownPerson[]> {
  if (found.length === 0) return [];
  const desk = await openDesk();
  const nameOf = deviceNames(book);
  return Promise.all(found.map((one) => readPerson(book, desk, nameOf, one)));
}

/** By the name that a device was enrolled under. */
export function deviceNames(book: ShopBook): (device: string) => string {
  const names = new Map(listDevices(book).map(({ device, name }): [string, string] => [device, name]));
  return (device) => names.get(device) ?? device.slice(0, 8);
}

async function readPerson(
  book: ShopBook,
  desk: SubjectDesk,
  nameOf: (device: string) => string,
  { subject, kind }: Found,
): Promise<ShownPerson> {
  const rows = book.query<PersonRow>('SELECT * FROM persons WHERE subject = ? ORDER BY customer', [subject]);
  const named = rows.find(({ name }) => name !== '');
  const reading =
    named === undefined
      ? undefined
      : await desk.read(named.name, { scope: named.scope, device: named.device, id: named.op, field: 'name' });
  const [hold] = book.query<{ basis: string; untilDay: string }>(
    "SELECT basis, untilDay FROM legalHolds WHERE subject = ? AND held = 1 AND (untilDay = '' OR untilDay >= ?)",
    [subject, holdDay(book)],
  );
  const erasure = await readErasure(book, subject);
  return {
    subject,
    kind,
    customers: rows.map(({ customer }) => customer),
    name: reading?.state ?? 'unknown',
    text: reading?.state === 'shown' ? reading.text : '',
    requests: book.query('SELECT kind, day FROM subjectRequests WHERE subject = ? ORDER BY day, kind', [subject]),
    hold: hold ?? null,
    erasure:
      erasure === undefined
        ? null
        : {
            day: erasure.day,
            isSettled: erasure.isSettled,
            acknowledged: erasure.acknowledged.map(({ device }) => nameOf(device)),
            outstanding: erasure.outstanding.map(({ device, status }) => ({
              name: nameOf(device),
              isRevoked: status === 'revoked',
            })),
          },
  };
}

const requestSchema = z.strictObject({
  who: z.string().trim().min(1).max(64),
  kind: z.enum(['access', 'erasure', 'rectification']),
});
export const subjectSchema = z.strictObject({ subject: z.string().regex(/^[0-9a-f]{32}$/) });
const holdSchema = z.strictObject({
  ...subjectSchema.shape,
  basis: z.string().trim().regex(word),
  untilDay: z.string().trim().regex(day).or(z.literal('')),
});

const said = z.string().trim().max(1_000);
const describeSchema = z.strictObject({
  customer: z.string().trim().min(1).max(64),
  name: said,
  phone: said,
  email: said,
  note: said,
});

/** Enters who a customer is, or puts it right: what is left empty stays as it was. */
export async function enterPerson(book: ShopBook, openDesk: () => Promise<SubjectDesk>, body: unknown): Promise<void> {
  const { customer, ...texts } = parseBody(describeSchema, body);
  const given = personFields.flatMap((field): (readonly [PersonField, string])[] =>
    texts[field] === '' ? [] : [[field, texts[field]]],
  );
  if (given.length === 0) throw new HttpRefusal(400, 'office/refused', 'nothing was entered');
  const desk = await openDesk();
  await describePerson(book, desk, customer, new Map(given));
  // The key lies where those who may read find it before the op that names it is handed in.
  await desk.refresh();
}

/** By the path under `/api/acts/`. What was asked for is recorded; the rest is up to a person. */
export const personActs: Readonly<Record<string, (book: ShopBook, body: unknown) => Promise<void>>> = {
  'person-request': async (book, body) => {
    const { who, kind } = parseBody(requestSchema, body);
    const args = { subject: subjectOf(book, who), kind, day: businessDay(book) };
    mustBeCommitted(await book.commit('subject.request', args));
  },
  'person-forget': async (book, body) =>
    void (await orderShred(book, parseBody(subjectSchema, body).subject, 'request')),
  'person-hold': async (book, body) => {
    mustBeCommitted(await book.commit('subject.hold', { ...parseBody(holdSchema, body), held: 1 }));
  },
  'person-release': async (book, body) => {
    const { subject } = parseBody(subjectSchema, body);
    mustBeCommitted(await book.commit('subject.hold', { subject, held: 0, basis: 'released', untilDay: '' }));
  },
};
