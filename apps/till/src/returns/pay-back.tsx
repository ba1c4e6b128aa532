// The end of an exchange in which what leaves is worth no more than what comes back: the difference is paid out, or there is none.
import type { VNode } from 'preact';
import { formatMoney } from '../model/money.ts';
import type { MoneyKind } from '../model/tender.ts';
import { useShop } from '../state/context.ts';
import { Icon } from '../ui/icons.tsx';

export interface PayBackProps {
  /** What goes to the customer; 0 for an even exchange. */
  readonly backMinor: number;
  /** Of a sale on account: what may be paid back in money. */
  readonly moneyLeftMinor?: number | undefined;
  readonly onPay: (kind: MoneyKind) => void;
}

export function PayBack({ backMinor, moneyLeftMinor, onPay }: PayBackProps): VNode {
  const { currency } = useShop();
  const isOnAccount = moneyLeftMinor !== undefined;
  const isMoneyPaid = !isOnAccount || backMinor <= moneyLeftMinor;
  if (backMinor === 0) {
    return (
      <div class="stack">
        <p role="status">What leaves costs as much as what comes back. Nothing is paid.</p>
        <button type="button" class="button button-primary button-tall" data-focus onClick={() => onPay('cash')}>
          Exchange
        </button>
      </div>
    );
  }
  return (
    <div class="stack">
      <p class="refund-total">
        <span>To pay back</span>
        <output>{formatMoney(backMinor, currency)}</output>
      </p>
      <div class="actions actions-equal">
        {isOnAccount && (
          <button type="button" class="button button-primary button-tall" data-focus onClick={() => onPay('account')}>
            Off the account
          </button>
        )}
        {isMoneyPaid && (
          <>
            <button type="button" class="button button-tall" data-focus={!isOnAccount} onClick={() => onPay('cash')}>
              <Icon name="cash" /> Pay back cash
            </button>
            <button type="button" class="button button-tall" onClick={() => onPay('card')}>
              <Icon name="card" /> Pay back card
            </button>
          </>
        )}
      </div>
    </div>
  );
}
