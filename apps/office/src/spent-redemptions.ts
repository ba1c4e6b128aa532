// A redemption that was handed out for before: taken once more it would pay for goods that nobody pays for, and be found out only when branches meet.
import type { ShopBook } from './book.ts';
import { OfficeError } from './errors.ts';

interface Redeemed {
  readonly kind?: unknown;
  readonly token?: unknown;
  readonly redemption?: unknown;
}

/**
 * Throws `office/refused` where a tender of these args is a redemption that another document of this book has, unless that was voided, or that two tenders
 * name. Of what happened elsewhere and is not here yet it knows nothing: the alarms find that.
 */
export function mustBeUnspent(book: ShopBook, args: unknown): void {
  const { tenders } = (args ?? {}) as { readonly tenders?: unknown };
  if (!Array.isArray(tenders)) return;
  const named = new Set<string>();
  for (const tender of tenders as readonly (Redeemed | null)[]) {
    if (tender?.kind !== 'entitlement') continue;
    const [token, redemption] = [String(tender.token), String(tender.redemption)];
    const number = named.has(`${token} ${redemption}`) ? 'this one' : spentIn(book, token, redemption);
    if (number !== undefined) throw new OfficeError('office/refused', refusal(token, number));
    named.add(`${token} ${redemption}`);
  }
}

function refusal(token: string, number: string): string {
  return `of the entitlement ${token.slice(0, 12)} this redemption is in ${number} already, and pays once: claim again (tally entitlement spend URL --amount AMOUNT)`;
}

/** The number of the document that it paid for; a void's rows are negative. */
function spentIn(book: ShopBook, token: string, redemption: string): string | undefined {
  const [row] = book.query<{ number: string }>(
    `SELECT coalesce(d.number, r.document) AS number FROM redemptions r LEFT JOIN documents d ON d.scope = r.scope AND d.id = r.document
      WHERE r.token = ? AND r.redemption = ? AND r.amountMinor > 0
        AND 0 < (SELECT sum(sign(s.amountMinor)) FROM redemptions s WHERE s.token = r.token AND s.redemption = r.redemption)
      ORDER BY r.document DESC LIMIT 1`,
    [token, redemption],
  );
  return row?.number;
}
