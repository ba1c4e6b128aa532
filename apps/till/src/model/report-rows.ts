// The lines of an X or Z report. An X report says nothing of the cash that should be in the drawer, nor any sum that it follows from, so that
// whoever counts it counts blind.
import type { BlindReport, ClosedReport } from '../engine/shown.ts';
import { percentText } from './time.ts';

export interface ReportRow {
  readonly name: string;
  /** Undefined for a row that says how many, and not how much. */
  readonly amountMinor: number | undefined;
  /** Begins another part of the paper. */
  readonly isFirst?: boolean;
  readonly isTotal?: boolean;
}

/** Rows that came to nothing are left out, but for those that everybody looks for. */
export function reportRows(report: BlindReport | ClosedReport): readonly ReportRow[] {
  const { tenders, late } = report;
  return [
    ...(report.kind === 'X' ? countRows(report) : takingRows(report)),
    { name: 'Card', amountMinor: tenders.card, isFirst: true },
    ...some({ name: 'Put on account', amountMinor: tenders.account }),
    ...some({ name: 'Gift cards and coupons', amountMinor: tenders.other }),
    ...(report.kind === 'X' ? [] : cashRows(report)),
    ...(late.documents === 0
      ? []
      : [{ name: `Came later: ${late.documents}`, amountMinor: late.totalMinor, isFirst: true }]),
  ];
}

function countRows(report: BlindReport): readonly ReportRow[] {
  const many = (count: number, name: string): readonly ReportRow[] =>
    count === 0 ? [] : [{ name: counted(count, name), amountMinor: undefined }];
  return [
    { name: counted(report.sales, 'sale'), amountMinor: undefined },
    ...many(report.refunds, 'refund'),
    ...many(report.voids, 'void'),
    ...many(report.payments, 'payment on account'),
    ...some({ name: 'Discounts given', amountMinor: report.discountMinor }),
  ];
}

function takingRows(report: ClosedReport): readonly ReportRow[] {
  const { salesMinor, refundsMinor, voidsMinor } = report;
  const tax = report.taxes.map(({ taxRateBasisPoints, taxMinor }) => ({
    name: `of which tax ${percentText(taxRateBasisPoints)}`,
    amountMinor: taxMinor,
  }));
  return [
    { name: counted(report.sales, 'sale'), amountMinor: salesMinor },
    ...some({ name: counted(report.refunds, 'refund'), amountMinor: refundsMinor }),
    ...some({ name: counted(report.voids, 'void'), amountMinor: voidsMinor }),
    { name: 'Total', amountMinor: salesMinor + refundsMinor + voidsMinor, isTotal: true },
    ...tax.flatMap(some),
    ...some({ name: 'Discounts given', amountMinor: report.discountMinor }),
    ...some({ name: 'Payments on account', amountMinor: report.paymentsMinor }),
  ];
}

function cashRows(report: ClosedReport): readonly ReportRow[] {
  return [
    { name: 'Cash', amountMinor: report.tenders.cash },
    { name: 'Float', amountMinor: report.floatMinor, isFirst: true },
    ...some({ name: 'Paid in', amountMinor: report.paidInMinor }),
    ...some({ name: 'Paid out', amountMinor: report.paidOutMinor }),
    ...some({ name: 'To the safe', amountMinor: report.droppedMinor }),
    { name: 'Should be in the drawer', amountMinor: report.expectedMinor },
    { name: 'Counted', amountMinor: report.countedMinor },
    { name: report.overMinor < 0 ? 'Short' : 'Over', amountMinor: Math.abs(report.overMinor) },
  ];
}

function counted(count: number, name: string): string {
  if (count === 1) return `1 ${name}`;
  return name === 'payment on account' ? `${count} payments on account` : `${count} ${name}s`;
}

function some(row: ReportRow): readonly ReportRow[] {
  return row.amountMinor === 0 ? [] : [row];
}
