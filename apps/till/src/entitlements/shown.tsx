// A token that a customer shows, as the seller sees it: what it is, what is left, how long it is good, what is at risk.
import type { VNode } from 'preact';
import type { ShownEntitlement } from '../engine/shown.ts';
import { entitlementName, riskWords } from '../model/entitlement-words.ts';
import { formatMoney } from '../model/money.ts';
import { dayText } from '../model/time.ts';
import { useShop } from '../state/context.ts';

export function Shown({ shown }: { readonly shown: ShownEntitlement }): VNode {
  const { currency } = useShop();
  const money = (amountMinor: number): string => formatMoney(amountMinor, currency);
  return (
    <div class="stack" role="status">
      <p>
        <strong>{entitlementName(shown)}</strong>: {money(shown.leftMinor)} left
        {shown.leftMinor < shown.amountMinor && ` of ${money(shown.amountMinor)}`}
        {shown.goods !== undefined && `, for ${shown.goods.name}`}
        {shown.untilDay !== '' && `, good until ${dayText(shown.untilDay)}`}.
      </p>
      <p>{riskWords(shown, money)}</p>
    </div>
  );
}
