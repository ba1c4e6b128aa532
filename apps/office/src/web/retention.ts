// How long data of persons is kept, ruled on the page, and those whose time is over: forgotten once a person has read the list.
import type { SubjectDesk } from '@tallystick/kernel/subjects';
import { z } from 'zod';
import type { ShopBook } from '../book.ts';
import { orderShred } from '../forget.ts';
import { mustBeCommitted } from '../refusal-words.ts';
import { dueOf, readRules, type RetentionRule } from '../retention.ts';
import { HttpRefusal, parseBody } from './http.ts';
import { maxShown, type ShownPerson, showPersons, subjectSchema } from './persons.ts';

export interface ShownRetention {
  readonly rules: readonly RetentionRule[];
  /** Whose time is over, the oldest first and no more than a page shows; `hold` says who is kept all the same. */
  readonly due: readonly (ShownPerson & { readonly since: string })[];
  readonly dueCount: number;
}

export async function readRetention(book: ShopBook, openDesk: () => Promise<SubjectDesk>): Promise<ShownRetention> {
  const due = dueOf(book);
  const shown = await showPersons(book, openDesk, due.slice(0, maxShown));
  const since = new Map(due.map(({ subject, day }) => [subject, day]));
  return {
    rules: readRules(book),
    due: shown.map((person) => ({ ...person, since: since.get(person.subject) ?? '' })),
    dueCount: due.length,
  };
}

const ruleSchema = z.strictObject({
  kind: z
    .string()
    .trim()
    .regex(/^[a-z][a-z-]{0,39}$/, 'lowercase words, such as customer'),
  days: z
    .string()
    .trim()
    .regex(/^[1-9][0-9]{0,4}$/, 'a number of days')
    .transform(Number),
});
const runSchema = z.strictObject({ subjects: z.array(subjectSchema.shape.subject).min(1).max(maxShown) });

/** By the path under `/api/acts/`. */
export const retentionActs: Readonly<Record<string, (book: ShopBook, body: unknown) => Promise<void>>> = {
  'retention-set': async (book, body) => {
    mustBeCommitted(await book.commit('retention.set', parseBody(ruleSchema, body)));
  },
  // Those whom a person has seen in the list, and no one else, whoever has become due since; nobody where one is not due any more.
  'retention-run': async (book, body) => {
    const { subjects } = parseBody(runSchema, body);
    const over = new Set(dueOf(book).flatMap(({ subject, held }) => (held === 0 ? [subject] : [])));
    if (subjects.some((subject) => !over.has(subject)))
      throw new HttpRefusal(409, 'office/refused', 'the list has changed meanwhile: look at it again');
    for (const subject of subjects) await orderShred(book, subject, 'retention');
  },
};
