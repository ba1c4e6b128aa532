// What this till took on a day. A day's sums are read once and then grow by the documents that came since: reading the whole
// day again after every sale would make each sale slower than the one before.
import type { DaySums } from './port.ts';
import type { TillBook } from './till-book.ts';

export interface DaySumsReader {
  read(day: string): DaySums;
  /** Documents that were counted may have changed: ops were folded again. */
  forget(): void;
}

interface Known {
  readonly sums: DaySums;
  /** Id of the newest document of this device that is counted or left out with reason. */
  readonly last: string;
  /** How many documents this device had issued by then. */
  readonly issued: number;
}

interface SumsRow {
  readonly documents: number;
  readonly totalMinor: number;
  readonly sales: number;
  readonly refunds: number;
  readonly last: string;
  readonly [column: string]: string | number;
}

const shown = "kind IN ('sale', 'refund', 'void', 'exchange')";

export function createDaySums(book: Pick<TillBook, 'device' | 'query'>, scope: string): DaySumsReader {
  let known: Known | undefined;

  function readIssued(): number {
    const [row] = book.query<{ readonly issued: number }>(
      'SELECT coalesce(sum(issued), 0) AS issued FROM counters WHERE scope = ? AND device = ?',
      [scope, book.device],
    );
    return row?.issued ?? 0;
  }

  function readWhole(day: string, issued: number): Known {
    const [newest] = book.query<{ readonly id: string }>(
      'SELECT id FROM documents WHERE scope = ? AND device = ? ORDER BY id DESC LIMIT 1',
      [scope, book.device],
    );
    const [row] = book.query<SumsRow>(
      `SELECT count(*) AS documents, coalesce(sum(totalMinor), 0) AS totalMinor, coalesce(sum(kind IN ('sale', 'exchange')), 0) AS sales,
         coalesce(sum(kind = 'refund'), 0) AS refunds, '' AS last
       FROM documents WHERE scope = ? AND device = ? AND day = ? AND ${shown}`,
      [scope, book.device, day],
    );
    return { sums: sumsOf(noSums(day), row, readTaken(day, '')), last: newest?.id ?? '', issued };
  }

  /** The known day with what came since, or undefined when that is not the whole difference. */
  function readOn({ sums, last, issued: before }: Known, issued: number): Known | undefined {
    const [row] = book.query<SumsRow>(
      `SELECT count(*) AS documents, coalesce(sum(CASE WHEN isShown THEN totalMinor END), 0) AS totalMinor,
         coalesce(sum(isShown AND kind IN ('sale', 'exchange')), 0) AS sales, coalesce(sum(isShown AND kind = 'refund'), 0) AS refunds,
         coalesce(max(id), '') AS last
       FROM (SELECT id, kind, totalMinor, day = ? AND ${shown} AS isShown
             FROM documents WHERE scope = ? AND id > ? AND device = ?)`,
      [sums.day, scope, last, book.device],
    );
    if (row === undefined || row.documents !== issued - before) return undefined;
    return { sums: sumsOf(sums, row, readTaken(sums.day, last)), last: row.last, issued };
  }

  function readTaken(day: string, after: string): ReadonlyMap<string, number> {
    const rows = book.query<{ readonly kind: string; readonly amountMinor: number }>(
      `SELECT t.kind, sum(t.amountMinor) AS amountMinor
       FROM documents d JOIN tenders t ON t.scope = d.scope AND t.document = d.id
       WHERE d.scope = ? AND d.device = ? AND d.day = ? AND d.id > ? GROUP BY t.kind`,
      [scope, book.device, day, after],
    );
    return new Map(rows.map((row) => [row.kind, row.amountMinor]));
  }

  return {
    read(day) {
      const issued = readIssued();
      if (known?.sums.day === day && known.issued === issued) return known.sums;
      const grown = known?.sums.day === day && known.issued < issued ? readOn(known, issued) : undefined;
      known = grown ?? readWhole(day, issued);
      return known.sums;
    },
    forget() {
      known = undefined;
    },
  };
}

function noSums(day: string): DaySums {
  return { day, totalMinor: 0, cashMinor: 0, cardMinor: 0, saleCount: 0, refundCount: 0 };
}

function sumsOf(before: DaySums, row: SumsRow | undefined, taken: ReadonlyMap<string, number>): DaySums {
  return {
    day: before.day,
    totalMinor: before.totalMinor + (row?.totalMinor ?? 0),
    cashMinor: before.cashMinor + (taken.get('cash') ?? 0),
    cardMinor: before.cardMinor + (taken.get('card') ?? 0),
    saleCount: before.saleCount + (row?.sales ?? 0),
    refundCount: before.refundCount + (row?.refunds ?? 0),
  };
}
