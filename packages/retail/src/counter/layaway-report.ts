/** What is put by: layaways that wait for their customer, and how much of each sku is spoken for. */
import type { BookReader } from '@tallystick/ledger';

export interface LayawayStanding {
  /** The id of the op that opened it, which `layaway.pay` and the others name. */
  readonly layaway: string;
  readonly number: string;
  readonly day: string;
  readonly customer: string;
  readonly currency: string;
  readonly totalMinor: number;
  readonly paidMinor: number;
}

/** Layaways that have not ended, the oldest first. That they are no sales is said besides: a reader may have an index of what is none. */
export function openLayaways(book: BookReader): readonly LayawayStanding[] {
  const rows = book.query(
    `SELECT d.id, d.number, d.day, d.customer, d.currency, d.totalMinor, coalesce(p.paidMinor, 0) AS paidMinor FROM documents d
       LEFT JOIN layawayEnds e ON e.scope = d.scope AND e.layaway = d.id
       LEFT JOIN layawayPaid p ON p.scope = d.scope AND p.layaway = d.id
      WHERE d.kind <> 'sale' AND d.kind = 'layaway' AND e.layaway IS NULL ORDER BY d.day, d.id`,
    [],
  );
  return rows.map((row) => ({
    layaway: String(row['id']),
    number: String(row['number']),
    day: String(row['day']),
    customer: String(row['customer']),
    currency: String(row['currency']),
    totalMinor: Number(row['totalMinor']),
    paidMinor: Number(row['paidMinor']),
  }));
}

export interface Reservation {
  readonly scope: string;
  readonly sku: string;
  readonly onHand: number;
  readonly reserved: number;
  /** On hand and not put by; less than nought where more was put by than is there. */
  readonly free: number;
}

/** Goods of which some are put by, in their product's unit scale. */
export function reservations(book: BookReader): readonly Reservation[] {
  const rows = book.query(
    `SELECT r.scope, r.sku, coalesce(s.onHand, 0) AS onHand, r.quantity AS reserved FROM reserved r
       LEFT JOIN stock s ON s.scope = r.scope AND s.sku = r.sku WHERE r.quantity <> 0 ORDER BY r.scope, r.sku`,
    [],
  );
  return rows.map((row) => {
    const [onHand, reserved] = [Number(row['onHand']), Number(row['reserved'])];
    return { scope: String(row['scope']), sku: String(row['sku']), onHand, reserved, free: onHand - reserved };
  });
}
