// Asks for a quantity or a weight.
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { largestQuantity } from '../model/cart.ts';
import { parseDecimal } from '../model/money.ts';
import { Dialog } from './dialog.tsx';
import { Keypad, NumberField } from './keypad.tsx';

export interface QuantityDialogProps {
  readonly title: string;
  readonly scale: number;
  readonly start: string;
  readonly onQuantity: (quantity: number) => void;
  readonly onRemove?: () => void;
  readonly onClose: () => void;
}

export function QuantityDialog(props: QuantityDialogProps): VNode {
  const { title, scale, start, onQuantity, onRemove, onClose } = props;
  const [text, setText] = useState(start);
  const quantity = parseDecimal(text, scale);
  const isValid = quantity !== undefined && quantity > 0 && quantity <= largestQuantity;
  const submit = (event: Event): void => {
    event.preventDefault();
    if (isValid) onQuantity(quantity);
  };
  return (
    <Dialog title={title} onClose={onClose}>
      <form class="stack" onSubmit={submit}>
        <NumberField label={scale > 0 ? 'How much' : 'How many'} value={text} onInput={setText} scale={scale} />
        <Keypad value={text} onInput={setText} scale={scale} />
        <div class="actions">
          {onRemove !== undefined && (
            <button type="button" class="button button-danger" onClick={onRemove}>
              Remove
            </button>
          )}
          <button type="submit" class="button button-primary" disabled={!isValid}>
            Set quantity
          </button>
        </div>
      </form>
    </Dialog>
  );
}
