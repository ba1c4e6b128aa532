/** Entitlements as tenders of a sale: what was handed out for them, in the scope of the till, and how much of that without a claim first. */
import type { Effect, OpFacts, View } from '@tallystick/kernel';
import type { Tender } from '../args.ts';
import { contested, noted, type Remark } from '../remark.ts';
import { offlineTiers, redemptions } from './tables.ts';

/** What a verb that takes or returns entitlements touches. */
export const redemptionTables: readonly [typeof offlineTiers, typeof redemptions] = [offlineTiers, redemptions];

/**
 * Puts what a sale redeems. A tender without a claim that is above its tier in `hq`, as of the scope's mark, is `retail/claim-first`: noted where
 * the tier was high enough once, because a till may sell before it hears that it was lowered, and otherwise contested. Without a tier nothing is taken offline.
 */
export function redeem(
  view: View,
  op: OpFacts,
  { tenders, currency, day }: { readonly tenders: readonly Tender[]; readonly currency: string; readonly day: string },
  effects: Effect[],
  remarks: Remark[],
): void {
  let line = 0;
  for (const tender of tenders) {
    if (tender.kind !== 'entitlement') continue;
    const { token, redemption, entitlement: kind, amountMinor, claim = '' } = tender;
    if (claim === '') {
      const { mostMinor, everMinor } = view.hq.get(offlineTiers, { kind, currency }) ?? { mostMinor: 0, everMinor: 0 };
      const late = { code: 'retail/claim-first', details: { token, kind, amountMinor, mostMinor } };
      if (amountMinor > mostMinor) remarks.push(amountMinor > everMinor ? contested(late) : noted(late));
    }
    line += 1;
    const facts = { token, redemption, kind, currency, amountMinor, claim, day, device: op.device };
    effects.push(redemptions.put({ document: op.id, line, ...facts }));
  }
}

/** What a void takes back of what its sale redeemed. The claims stand until they are released. */
export function unredeem(
  view: View,
  op: OpFacts,
  { document, day }: { readonly document: string; readonly day: string },
  effects: Effect[],
): void {
  for (const row of view.list(redemptions, { document }))
    effects.push(
      redemptions.put({ ...row, document: op.id, day, device: op.device, amountMinor: 0 - row.amountMinor }),
    );
}
