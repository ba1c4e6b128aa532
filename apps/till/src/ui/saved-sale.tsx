// What the seller sees once the sale is on disk: the change to hand back, and the way to the next customer.
import type { VNode } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import type { Receipt, Saved } from '../engine/port.ts';
import { formatMoney } from '../model/money.ts';
import { changeMinor, type Payment } from '../model/tender.ts';
import { useShop } from '../state/context.ts';
import { Icon } from './icons.tsx';
import { StageLabel, useStage } from './stage.tsx';

export interface SavedSaleProps {
  readonly saved: Saved<Receipt>;
  readonly payment: Payment;
  readonly onReceipt: (receipt: Receipt) => void;
  readonly onClose: () => void;
}

export function SavedSale({ saved: { id, shown }, payment, onReceipt, onClose }: SavedSaleProps): VNode {
  const { currency } = useShop();
  const next = useRef<HTMLButtonElement>(null);
  useLayoutEffect(() => next.current?.focus(), []);
  const stage = useStage(id, shown?.stage ?? 'local');
  const change = changeMinor(payment);
  return (
    <div class="saved" role="status">
      <svg class="saved-mark" width="72" height="72" viewBox="0 0 72 72" aria-hidden="true">
        <circle cx="36" cy="36" r="34" />
        <path d="M22 37.5 32 47.5 51 27" />
      </svg>
      <p class="saved-label">{savedWords(payment, change)}</p>
      <p class="saved-amount">{formatMoney(change > 0 ? change : payment.totalMinor, currency)}</p>
      <p class="saved-number">{shown?.number ?? 'Its number is listed under “Sales”.'}</p>
      <p>
        <StageLabel stage={stage} />
      </p>
      <div class="actions actions-equal">
        {shown !== undefined && (
          <button type="button" class="button button-tall" onClick={() => onReceipt(shown)}>
            <Icon name="sales" /> Receipt
          </button>
        )}
        <button ref={next} type="button" class="button button-primary button-tall" onClick={onClose}>
          New sale
        </button>
      </div>
    </div>
  );
}

function savedWords({ isPaidBack, totalMinor }: Payment, change: number): string {
  if (change > 0) return 'Change to give back';
  if (isPaidBack !== true) return 'Paid in full';
  return totalMinor === 0 ? 'Nothing to pay' : 'Paid back';
}
