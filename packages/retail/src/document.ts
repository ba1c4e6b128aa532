/** Documents: one an op, numbered without gaps per device and series from the log itself (DESIGN section 3). */
import { type Effect, type OpFacts, type Refusal, refuse, type View } from '@tallystick/kernel';
import type { DocumentLinks } from './args.ts';
import { contested, type Remark } from './remark.ts';
import { counters, documents, refusedDocuments } from './tables.ts';

/** What a verb that issues a document touches. */
export const documentTables: readonly [typeof counters, typeof documents, typeof refusedDocuments] = [
  counters,
  documents,
  refusedDocuments,
];

export type DocumentKind =
  | 'sale'
  | 'refund'
  | 'void'
  | 'receipt'
  | 'adjustment'
  | 'charge'
  | 'dispatch'
  | 'arrival'
  | 'transfer-order'
  | 'asked-order'
  | 'order'
  | 'bill'
  | 'payment'
  | 'close'
  | 'pay-in'
  | 'pay-out'
  | 'drop'
  | 'count'
  | 'settlement'
  | 'exchange'
  | 'account-payment'
  | 'layaway'
  | 'layaway-payment'
  | 'layaway-end';

/** The series that each kind of document is numbered in. */
export const documentSeries: Readonly<Record<DocumentKind, string>> = {
  sale: 'INV',
  refund: 'REF',
  void: 'VOID',
  receipt: 'RCV',
  adjustment: 'ADJ',
  charge: 'CHG',
  dispatch: 'DSP',
  arrival: 'ARV',
  'transfer-order': 'TRO',
  'asked-order': 'ASK',
  order: 'PO',
  bill: 'BILL',
  payment: 'PAY',
  close: 'Z',
  'pay-in': 'PIN',
  'pay-out': 'POUT',
  drop: 'DROP',
  count: 'CNT',
  settlement: 'SET',
  exchange: 'EXC',
  'account-payment': 'PMT',
  layaway: 'LAY',
  'layaway-payment': 'LPMT',
  'layaway-end': 'LEND',
};

/** What a document takes over from the op as it was given. */
export interface DocumentHeader extends DocumentLinks {
  readonly day: string;
  readonly currency: string;
  readonly session?: string;
  readonly customer?: string;
  readonly original?: string;
  readonly reason?: string;
}

/** What a document comes to; `totalMinor` includes `taxMinor`. */
export interface DocumentTotals {
  readonly totalMinor: number;
  readonly taxMinor: number;
}

/** Puts the document, counts it in its series and returns its number, such as `INV/till-3/2026-11-21/17`. */
export function issueDocument(
  view: View,
  op: OpFacts,
  kind: DocumentKind,
  header: DocumentHeader,
  { totalMinor, taxMinor }: DocumentTotals,
  effects: Effect[],
): string {
  const number = numberFor(view, op, kind, header.day, effects);
  effects.push(
    documents.put({
      id: op.id,
      kind,
      number,
      day: header.day,
      at: op.at,
      device: op.device,
      session: header.session ?? '',
      currency: header.currency,
      totalMinor,
      taxMinor,
      external: header.external ?? '',
      part: header.part ?? 1,
      parts: header.parts ?? 1,
      first: header.first ?? '',
      original: header.original ?? '',
      customer: header.customer ?? '',
      reason: header.reason ?? '',
    }),
  );
  return number;
}

/** The next number of the device, counted; or the one that the document had when it was refused, because that is on the paper. */
function numberFor(view: View, op: OpFacts, kind: DocumentKind, day: string, effects: Effect[]): string {
  const kept = op.isAdopted === true ? view.get(refusedDocuments, { id: op.id }) : undefined;
  if (kept !== undefined) return kept.number;
  const series = documentSeries[kind];
  const counter = { device: op.device, series };
  effects.push(counters.add(counter, { issued: 1 }));
  return `${series}/${view.author.name}/${day}/${view.sum(counters, counter).issued + 1}`;
}

/**
 * For `remains` of a verb that issues a document of this kind: its number was printed when the device committed it, so it is neither given again nor shifts those that
 * were printed after it. The numbers of a device have no gap: each is in `documents` or in `refusedDocuments`.
 */
export function keepNumber(kind: DocumentKind): (view: View, op: OpFacts, args: unknown) => readonly Effect[] {
  return (view, op, args) => {
    const { day } = args as { readonly day: string };
    const effects: Effect[] = [];
    const number = numberFor(view, op, kind, day, effects);
    return [...effects, refusedDocuments.put({ id: op.id, number, kind, day, device: op.device })];
  };
}

/** Judges how an op says it belongs to others: `retail/bad-part`. That the first part is not as it should be is contested. */
export function checkLinks(
  view: View,
  { external, part, parts, first }: DocumentLinks,
  remarks: Remark[],
): Refusal | undefined {
  if (part === undefined && parts === undefined && first === undefined) return undefined;
  if (part === undefined || parts === undefined || part > parts || (first !== undefined && part === 1)) {
    return refuse('retail/bad-part', { part: part ?? 0, parts: parts ?? 0 });
  }
  if (first === undefined) return undefined;
  const start = view.get(documents, { id: first });
  const fits = start?.part === 1 && start.parts === parts && start.external === (external ?? '');
  if (!fits) remarks.push(contested(refuse('retail/bad-part', { part, parts, first })));
  return undefined;
}
