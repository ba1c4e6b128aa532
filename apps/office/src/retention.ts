// How long data of each kind of person is kept, and whose time is over: by the business day, from the day on which the newest key of a subject was opened.
import type { ShopBook } from './book.ts';
import { businessDay, holdDay } from './subjects.ts';

export interface RetentionRule {
  /** Sort of person, such as `customer`. */
  readonly kind: string;
  readonly days: number;
}

export interface Due extends RetentionRule {
  readonly subject: string;
  /** When the newest key was opened. */
  readonly day: string;
  /** 1 where the law keeps them. */
  readonly held: number;
}

const dayMs = 86_400_000;

export function readRules(book: ShopBook): readonly RetentionRule[] {
  return book.query<{ kind: string; days: number }>(
    "SELECT kind, days FROM retentions WHERE scope = 'hq' ORDER BY kind",
  );
}

/** Those under a hold are said to be, and kept. */
export function dueOf(book: ShopBook): readonly Due[] {
  const today = businessDay(book);
  const rows = book.query<Record<keyof Due, string | number> & Due>(
    `SELECT k.subject, k.kind, max(k.day) AS day, r.days,
       EXISTS (SELECT 1 FROM legalHolds h WHERE h.subject = k.subject AND h.held = 1
         AND (h.untilDay = '' OR h.untilDay >= ?)) AS held
     FROM subjectKeys k JOIN retentions r ON r.kind = k.kind
     WHERE NOT EXISTS (SELECT 1 FROM shreds s WHERE s.subject = k.subject) GROUP BY k.subject, k.kind, r.days ORDER BY day, k.subject`,
    [holdDay(book)],
  );
  return rows.filter(({ day, days }) => Date.parse(day) + days * dayMs < Date.parse(today));
}
