// What is to be paid, or paid back, where a tender on the command line names no amount.
import { priceLines, type SaleLine } from '@tallystick/retail';
import type { ShopBook } from './book.ts';

type Args = Readonly<Record<string, unknown>>;

interface Tender {
  readonly kind: string;
  readonly amountMinor?: number;
}

interface Due {
  /** Nought or more, whichever way it goes. */
  readonly amountMinor: number;
  /** Whether the customer pays: then cash above it is given back as change. */
  readonly isPaidIn: boolean;
}

/** One tender that names no amount pays what is left, and cash above the price is given back as change. Where nothing is due, none need be named. */
export function withPayment(book: ShopBook, verb: string, args: Args): Args {
  const { tenders } = args as { readonly tenders?: readonly Tender[] };
  const due = dueOf(book, verb, args);
  if (due?.amountMinor === 0)
    return { ...args, tenders: (tenders ?? []).filter(({ amountMinor }) => amountMinor !== undefined) };
  if (tenders === undefined || due === undefined) return args;
  const saidMinor = tenders.reduce((sum, { amountMinor = 0 }) => sum + amountMinor, 0);
  const unsaid = tenders.filter(({ amountMinor }) => amountMinor === undefined);
  if (unsaid.length === 1 && saidMinor < due.amountMinor) {
    const rest = { amountMinor: due.amountMinor - saidMinor };
    return { ...args, tenders: tenders.map((tender) => ({ ...rest, ...tender })) };
  }
  const cashMinor = tenders.reduce((sum, { kind, amountMinor = 0 }) => sum + (kind === 'cash' ? amountMinor : 0), 0);
  const changeMinor = saidMinor - due.amountMinor;
  if (!due.isPaidIn || unsaid.length > 0 || changeMinor <= 0 || changeMinor > cashMinor) return args;
  return { changeMinor, ...args };
}

/** What these lines come to with their tax, in minor units; undefined where they cannot be priced. */
export function worthOf(lines: readonly unknown[], taxIncluded: boolean): number | undefined {
  const priced = priceLines(lines as readonly SaleLine[], taxIncluded);
  return 'code' in priced ? undefined : priced.amountMinor + priced.taxMinor;
}

/** Undefined where the verb takes no payment, or where what it comes to is for the fold to say. */
function dueOf(book: ShopBook, verb: string, args: Args): Due | undefined {
  const taxIncluded = args['taxIncluded'] === true;
  const sold = pricedLines(args['lines'], taxIncluded);
  const back = pricedLines(args['back'], taxIncluded);
  switch (verb) {
    case 'sale.complete':
      return sold === undefined ? undefined : { amountMinor: sold, isPaidIn: true };
    case 'sale.refund':
      return sold === undefined ? undefined : { amountMinor: sold, isPaidIn: false };
    case 'sale.exchange':
      if (sold === undefined || back === undefined) return undefined;
      return { amountMinor: Math.abs(sold - back), isPaidIn: sold > back };
    case 'layaway.pay':
    case 'layaway.collect': {
      const leftMinor = layawayOf(book, args)?.leftMinor;
      return leftMinor === undefined ? undefined : { amountMinor: leftMinor, isPaidIn: verb === 'layaway.collect' };
    }
    case 'layaway.cancel': {
      const paidMinor = layawayOf(book, args)?.paidMinor;
      const feeMinor = Number(args['feeMinor'] ?? 0);
      return paidMinor === undefined ? undefined : { amountMinor: paidMinor - feeMinor, isPaidIn: false };
    }
    default:
      return undefined;
  }
}

function pricedLines(lines: unknown, taxIncluded: boolean): number | undefined {
  const isPriced = Array.isArray(lines) && lines.every((line) => Object.hasOwn(line as object, 'unitPriceMilliMinor'));
  return isPriced ? worthOf(lines, taxIncluded) : undefined;
}

function layawayOf(book: ShopBook, { layaway }: Args): { leftMinor: number; paidMinor: number } | undefined {
  return book.query<{ leftMinor: number; paidMinor: number }>(
    `SELECT d.totalMinor - coalesce(p.paidMinor, 0) AS leftMinor, coalesce(p.paidMinor, 0) AS paidMinor
       FROM documents d LEFT JOIN layawayPaid p ON p.scope = d.scope AND p.layaway = d.id
      WHERE d.id = ? AND d.kind = 'layaway'`,
    [String(layaway)],
  )[0];
}
