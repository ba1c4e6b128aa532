// What the seller sees once the sale is on disk: the change to hand back, and the way to the next customer.
import type { VNode } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { Receipt } from '../engine/port.ts';
import { formatMoney } from '../model/money.ts';
import { useTill } from '../state/context.ts';
import { Icon } from './icons.tsx';
import { StageLabel } from './stage.tsx';

export interface SavedSaleProps {
  readonly receipt: Receipt;
  readonly changeMinor: number;
  readonly onReceipt: () => void;
  readonly onClose: () => void;
}

export function SavedSale({ receipt, changeMinor, onReceipt, onClose }: SavedSaleProps): VNode {
  const today = useTill().state.value.today;
  const next = useRef<HTMLButtonElement>(null);
  useEffect(() => next.current?.focus(), []);
  const stage = today?.documents.find((document) => document.id === receipt.id)?.stage ?? receipt.stage;
  return (
    <div class="saved" role="status">
      <svg class="saved-mark" width="72" height="72" viewBox="0 0 72 72" aria-hidden="true">
        <circle cx="36" cy="36" r="34" />
        <path d="M22 37.5 32 47.5 51 27" />
      </svg>
      {changeMinor > 0 ? (
        <>
          <p class="saved-label">Change to give back</p>
          <p class="saved-amount">{formatMoney(changeMinor, receipt.currency)}</p>
        </>
      ) : (
        <>
          <p class="saved-label">Paid in full</p>
          <p class="saved-amount">{formatMoney(receipt.totalMinor, receipt.currency)}</p>
        </>
      )}
      <p class="saved-number">{receipt.number}</p>
      <p>
        <StageLabel stage={stage} />
      </p>
      <div class="actions actions-equal">
        <button type="button" class="button button-tall" onClick={onReceipt}>
          <Icon name="sales" /> Receipt
        </button>
        <button ref={next} type="button" class="button button-primary button-tall" onClick={onClose}>
          New sale
        </button>
      </div>
    </div>
  );
}
