/** Questions about purchases: what came of orders, which bills are held and why, and what is still to be paid. */
import type { BookReader } from '@tallystick/ledger';

/** One line of an order, and what became of it, in its unit scale. */
export interface PurchaseLine {
  readonly purchase: string;
  readonly number: string;
  readonly supplier: string;
  readonly state: string;
  readonly line: number;
  readonly sku: string;
  readonly ordered: number;
  readonly received: number;
  readonly damaged: number;
  readonly billed: number;
  /** `open` while more may come, then `short`; `over` where more came than was ordered, `met` where as much. */
  readonly verdict: 'open' | 'short' | 'met' | 'over';
}

export interface HeldBill {
  readonly supplier: string;
  readonly reference: string;
  readonly purchase: string;
  readonly day: string;
  readonly currency: string;
  readonly totalMinor: number;
  /** The code of what does not match. */
  readonly why: string;
}

export interface DueBill {
  readonly supplier: string;
  readonly reference: string;
  readonly day: string;
  readonly currency: string;
  readonly totalMinor: number;
  readonly leftMinor: number;
}

/** What somebody asks to be ordered, and nobody has decided yet. */
export interface AskedOrder {
  readonly asked: string;
  /** What an approval names beside `asked`. */
  readonly hash: string;
  readonly number: string;
  readonly day: string;
  /** The device that asked. */
  readonly device: string;
  readonly supplier: string;
  readonly currency: string;
  readonly totalMinor: number;
}

type Plain = Readonly<Record<string, string | number>>;

export function purchaseLines(book: BookReader): readonly PurchaseLine[] {
  return book.query(
    `SELECT o.purchase, d.number, o.supplier, o.state, l.line, l.sku, l.quantity AS ordered, coalesce(p.received, 0) AS received,
            coalesce(p.damaged, 0) AS damaged, coalesce(p.billed, 0) AS billed,
            CASE WHEN coalesce(p.received, 0) > l.quantity THEN 'over' WHEN coalesce(p.received, 0) = l.quantity THEN 'met'
                 WHEN o.state = 'open' THEN 'open' ELSE 'short' END AS verdict
       FROM purchaseOrders o JOIN documents d ON d.scope = o.scope AND d.id = o.purchase
       JOIN documentLines l ON l.scope = o.scope AND l.document = o.purchase
       LEFT JOIN purchased p ON p.scope = o.scope AND p.purchase = o.purchase AND p.line = l.line ORDER BY o.purchase, l.line`,
    [],
  ) as readonly (PurchaseLine & Plain)[];
}

/** Bills that nobody may pay yet. */
export function heldBills(book: BookReader): readonly HeldBill[] {
  return book.query(
    `SELECT supplier, reference, purchase, day, currency, totalMinor, why FROM bills WHERE state = 'held' ORDER BY day, supplier, reference`,
    [],
  ) as readonly (HeldBill & Plain)[];
}

/** Bills that are posted and not paid in full. */
export function dueBills(book: BookReader): readonly DueBill[] {
  return book.query(
    `SELECT b.supplier, b.reference, b.day, b.currency, b.totalMinor, b.totalMinor - coalesce(p.paidMinor, 0) AS leftMinor
       FROM bills b LEFT JOIN billPayments p ON p.scope = b.scope AND p.supplier = b.supplier AND p.reference = b.reference
      WHERE b.state = 'posted' AND b.totalMinor > coalesce(p.paidMinor, 0) ORDER BY b.day, b.supplier, b.reference`,
    [],
  ) as readonly (DueBill & Plain)[];
}

/** What is asked to be ordered and waits for somebody to decide, oldest first. */
export function askedOrdersWaiting(book: BookReader): readonly AskedOrder[] {
  return book.query(
    `SELECT a.asked, a.hash, d.number, d.day, d.device, d.customer AS supplier, d.currency, d.totalMinor
       FROM askedOrders a JOIN documents d ON d.scope = a.scope AND d.id = a.asked WHERE a.state = 'asked' ORDER BY d.day, a.asked`,
    [],
  ) as readonly (AskedOrder & Plain)[];
}
