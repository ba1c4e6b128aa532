/** Where the goods of a lot came from and where they went, by following the links from document to document, over all scopes that are here. */
import type { BookReader } from '@tallystick/ledger';

/** One line that moved goods of the lot: into stock positive, out of it negative. */
export interface LotMove {
  readonly scope: string;
  readonly document: string;
  readonly number: string;
  readonly kind: string;
  readonly day: string;
  readonly sku: string;
  readonly quantity: number;
  /** The supplier of a receipt, the customer of a sale; '' where nobody was named. */
  readonly party: string;
  /** The other side's own number, such as that of a delivery note. */
  readonly external: string;
  /** The transfer of a dispatch or arrival, and the scope at its other end. */
  readonly transfer: string;
  readonly otherScope: string;
}

/** How goods of the lot came in from outside, and from where to where they went since. */
export interface Provenance {
  readonly origins: readonly LotMove[];
  readonly transfers: readonly LotMove[];
}

export interface LotPlace {
  readonly scope: string;
  readonly sku: string;
  readonly quantity: number;
}

/** Where everything of a lot is now. */
export interface Recall {
  /** In stock. */
  readonly onHand: readonly LotPlace[];
  /** Dispatched to `scope` and not counted in. */
  readonly inTransit: readonly LotPlace[];
  /** Sold, refunded and voided, document by document. */
  readonly trade: readonly LotMove[];
  /** Lost in transit on the way to `scope`. */
  readonly lost: readonly LotPlace[];
  /** Written off, or found. */
  readonly corrections: readonly LotMove[];
}

type Plain = Readonly<Record<string, string | number>>;

function movesOf(book: BookReader, lot: string): readonly LotMove[] {
  return book.query(
    `SELECT m.scope, m.document, d.number, d.kind, d.day, m.sku, m.quantity, d.customer AS party, d.external,
            coalesce(t.transfer, a.transfer, '') AS transfer, coalesce(t.toScope, a.fromScope, '') AS otherScope
       FROM lotMoves m JOIN documents d ON d.scope = m.scope AND d.id = m.document
       LEFT JOIN transfers t ON t.scope = m.scope AND t.transfer = m.document
       LEFT JOIN arrivals a ON d.kind = 'arrival' AND a.scope = m.scope AND a.transfer = d.original
      WHERE m.lot = ? ORDER BY d.day, m.document, m.line`,
    [lot],
  ) as readonly (LotMove & Plain)[];
}

/** Where a lot came from: its receipts, and the transfers on which it went on. */
export function provenance(book: BookReader, lot: string): Provenance {
  const moves = movesOf(book, lot);
  return {
    origins: moves.filter(({ kind }) => kind === 'receipt'),
    transfers: moves.filter(({ kind }) => kind === 'dispatch' || kind === 'arrival'),
  };
}

/** Where a lot is: every place that has it, every sale that it went to, and what was lost of it. */
export function recall(book: BookReader, lot: string): Recall {
  const moves = movesOf(book, lot);
  const places = (sql: string): readonly LotPlace[] => book.query(sql, [lot]) as readonly (LotPlace & Plain)[];
  return {
    onHand: places(
      'SELECT scope, sku, onHand AS quantity FROM lotStock WHERE lot = ? AND onHand <> 0 ORDER BY scope, sku',
    ),
    inTransit: places(
      `SELECT t.toScope AS scope, m.sku, 0 - sum(m.quantity) AS quantity FROM transfers t
         JOIN lotMoves m ON m.scope = t.scope AND m.document = t.transfer
        WHERE m.lot = ? AND t.transfer NOT IN (SELECT transfer FROM arrivals) GROUP BY t.toScope, m.sku ORDER BY 1, 2`,
    ),
    trade: moves.filter(({ kind }) => kind === 'sale' || kind === 'refund' || kind === 'void'),
    lost: places(
      'SELECT scope, sku, sum(quantity) AS quantity FROM transitLosses WHERE lot = ? GROUP BY scope, sku ORDER BY scope, sku',
    ),
    corrections: moves.filter(({ kind }) => kind === 'adjustment'),
  };
}
