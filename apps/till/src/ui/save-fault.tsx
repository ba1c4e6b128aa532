// Loud words for the worst moment: the device did not keep what was entered.
import type { VNode } from 'preact';
import { useTill } from '../state/context.ts';
import { Icon } from './icons.tsx';
import { exportToFile } from './export-file.ts';

export interface SaveFaultProps {
  readonly what: string;
  readonly text: string;
  readonly onRetry: () => void;
  readonly onBack: () => void;
}

export function SaveFault({ what, text, onRetry, onBack }: SaveFaultProps): VNode {
  const till = useTill();
  return (
    <div class="fault" role="alert">
      <p class="fault-mark">
        <Icon name="alert" size={44} />
      </p>
      <p class="fault-title">{what} was not saved.</p>
      <p>{text}</p>
      <p>Nothing was recorded, and the cart is kept as it was.</p>
      <div class="actions actions-equal">
        <button type="button" class="button" onClick={onBack}>
          Back to the cart
        </button>
        <button type="button" class="button button-primary" data-focus onClick={onRetry}>
          Try again
        </button>
      </div>
      <button type="button" class="button button-quiet" onClick={() => void exportToFile(till)}>
        <Icon name="save" size={18} /> Export everything saved so far
      </button>
    </div>
  );
}
