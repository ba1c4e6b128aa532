// Loud words for the worst moments: the device did not keep the sale, nobody can say whether it did, or it was sold before.
import type { VNode } from 'preact';
import { outcomeUnknown } from '../engine/port.ts';
import { refusalText } from '../model/words.ts';
import { useTill } from '../state/context.ts';
import { exportToFile } from './export-file.ts';
import { Icon } from './icons.tsx';

export interface SaveFaultProps {
  readonly code: string;
  readonly message: string;
  readonly onRetry: () => void;
  readonly onBack: () => void;
}

export function SaveFault(props: SaveFaultProps): VNode {
  const till = useTill();
  return (
    <div class="fault" role="alert">
      <p class="fault-mark">
        <Icon name="alert" size={44} />
      </p>
      <FaultWords {...props} />
      <FaultActions {...props} />
      <button type="button" class="button button-quiet" onClick={() => void exportToFile(till)}>
        <Icon name="save" size={18} /> Export everything saved so far
      </button>
    </div>
  );
}

/** The heading of the dialog around it. */
export function faultTitle(code: string): string {
  if (code === outcomeUnknown) return 'Not known';
  return code === 'till/key-used' ? 'Sold before' : 'Not saved';
}

function FaultWords({ code, message }: SaveFaultProps): VNode {
  if (code === outcomeUnknown) {
    return (
      <>
        <p class="fault-title">Whether the sale was saved is not known.</p>
        <p>This device lost touch with its own log while it wrote. Do not ring the sale up anew before you know.</p>
        <p>
          Look again, or reload the page: if the sale was saved, the till names it and empties the cart. If the cart is
          still there, it was not.
        </p>
      </>
    );
  }
  if (code === 'till/key-used') {
    return (
      <>
        <p class="fault-title">What is in the cart now was not sold.</p>
        <p>{refusalText(code, message)}</p>
        <p>Then take out of the cart what was sold with it, and charge the rest.</p>
      </>
    );
  }
  return (
    <>
      <p class="fault-title">The sale was not saved.</p>
      <p>{refusalText(code, message)}</p>
      <p>Nothing was recorded, and the cart is kept as it was.</p>
    </>
  );
}

function FaultActions({ code, onRetry, onBack }: SaveFaultProps): VNode {
  if (code === 'till/key-used') {
    return (
      <div class="actions actions-equal">
        <button type="button" class="button button-primary" data-focus onClick={onBack}>
          Back to the cart
        </button>
      </div>
    );
  }
  return (
    <div class="actions actions-equal">
      <button type="button" class="button" onClick={onBack}>
        Back to the cart
      </button>
      <button type="button" class="button button-primary" data-focus onClick={onRetry}>
        {code === outcomeUnknown ? 'Look again' : 'Try again'}
      </button>
    </div>
  );
}
