// Entries whose day was corrected because a clock was wrong: what was recorded, the date of record, and who said so (docs/decisions/052-wrong-clocks.md).
import type { BookReader } from '@tallystick/ledger';

/** Documents with `recordDay`, by which reports of days count them: the day that was recorded, or the one to which it was corrected. */
export const datedDocuments = `(SELECT d.*, coalesce(e.day, d.day) AS recordDay FROM documents d
  LEFT JOIN entryDays e ON e.scope = d.scope AND e.of = d.id)`;

export interface Redated {
  /** The op that made the entry. */
  readonly op: string;
  readonly scope: string;
  /** Who wrote it, as people call it. */
  readonly device: string;
  readonly deviceId: string;
  /** Of its document; '' for an entry without one. */
  readonly number: string;
  readonly totalMinor: number;
  readonly currency: string;
  readonly recorded: string;
  readonly day: string;
  /** Where its postings stand: another day where that one was closed. */
  readonly posted: string;
  readonly reason: string;
}

/** The newest first. */
export function redatedList(
  book: BookReader,
  { most, device }: { readonly most: number; readonly device?: string },
): readonly Redated[] {
  const rows = book.query(
    `SELECT e.of AS op, e.scope, e.day, e.first AS recorded, e.posted, e.reason, coalesce(d.number, '') AS number, coalesce(d.totalMinor, 0) AS totalMinor,
        coalesce(d.currency, '') AS currency, coalesce(d.device, '') AS deviceId,
        coalesce((SELECT v.name FROM devices v WHERE v.device = d.device LIMIT 1), '') AS device
       FROM entryDays e LEFT JOIN documents d ON d.scope = e.scope AND d.id = e.of
      WHERE ? = '' OR d.device = ? ORDER BY e.by DESC LIMIT ?`,
    [device ?? '', device ?? '', most],
  );
  return rows as unknown as readonly Redated[];
}

export function redatedWords({ recorded, day, posted, reason }: Redated): string {
  const where = posted === day ? '' : `, and stands on ${posted}, because that day is closed`;
  return `it was recorded on ${recorded} and is of ${day}${where}: ${reason}`;
}
