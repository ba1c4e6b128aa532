/** What people ask about fiscal numbers: which is next, which blocks run low, where a number was tried that may not be. */
import type { BookReader } from '@tallystick/ledger';
import type { FiscalNumber } from './args.ts';

export interface FiscalBlock {
  readonly block: string;
  readonly series: string;
  readonly device: string;
  readonly scope: string;
  readonly first: number;
  readonly last: number;
  readonly used: number;
  readonly left: number;
  /** True when fewer than ten are left. */
  readonly isLow: boolean;
  /** True when it was ended, so that what is left of it stays unused. */
  readonly isOver: boolean;
}

const LOW = 10;

/** Blocks of numbers, in their order. */
export function fiscalBlockList(book: BookReader): readonly FiscalBlock[] {
  const rows = book.query(
    `SELECT b.block, b.series, b.device, b.drawnIn, b.first, b.last, count(u.number) AS used,
        max(e.lease IS NOT NULL OR coalesce(l.state, '') <> 'granted') AS isOver
       FROM fiscalBlocks b LEFT JOIN fiscalUses u ON u.scope = b.drawnIn AND u.series = b.series AND u.number BETWEEN b.first AND b.last
       LEFT JOIN leases l ON l.scope = 'hq' AND l.lease = b.block
       LEFT JOIN leaseEnds e ON e.scope = b.drawnIn AND e.lease = b.block
      WHERE b.scope = 'hq' GROUP BY b.block ORDER BY b.series, b.first`,
    [],
  );
  return rows.map((row) => {
    const [first, last, used] = [Number(row['first']), Number(row['last']), Number(row['used'])];
    const left = last - first + 1 - used;
    const named = { block: String(row['block']), series: String(row['series']), device: String(row['device']) };
    const isOver = Number(row['isOver']) === 1;
    return { ...named, scope: String(row['drawnIn']), first, last, used, left, isLow: left < LOW, isOver };
  });
}

/** The lowest unused number of the device's blocks; undefined when it needs another block. */
export function nextFiscalNumber(book: BookReader, series: string, device: string): FiscalNumber | undefined {
  const block = fiscalBlockList(book).find(
    (one) => one.series === series && one.device === device && one.left > 0 && !one.isOver,
  );
  if (block === undefined) return undefined;
  const { first, last, scope } = block;
  const used = new Set(
    book
      .query('SELECT number FROM fiscalUses WHERE scope = ? AND series = ? AND number BETWEEN ? AND ?', [
        scope,
        series,
        first,
        last,
      ])
      .map((row) => Number(row['number'])),
  );
  for (let number = first; number <= last; number++) {
    if (!used.has(number)) return { series, number, block: block.block };
  }
  return undefined;
}

export interface FiscalAlert {
  readonly op: string;
  readonly device: string;
  /** `retail/fiscal-used`, `retail/fiscal-number` or `retail/fiscal-block`. */
  readonly code: string;
  readonly series: string;
  readonly number: number;
}

/** Documents in the log that carry a number they may not: they stand without it, and name who wrote them. */
export function fiscalAlerts(book: BookReader): readonly FiscalAlert[] {
  const rows = book.query(
    `SELECT c.id, c.device, said.value AS code, details ->> 'series' AS series, details ->> 'number' AS number
       FROM corrections c, json_each('["' || replace(code || ' ' || coalesce(details ->> 'and', ''), ' ', '","') || '"]') said
      WHERE said.value IN ('retail/fiscal-used', 'retail/fiscal-number', 'retail/fiscal-block') ORDER BY c.id`,
    [],
  );
  return rows.map((row) => ({
    op: String(row['id']),
    device: String(row['device']),
    code: String(row['code']),
    series: String(row['series']),
    number: Number(row['number']),
  }));
}
