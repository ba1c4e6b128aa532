// What the dialogs share that take goods back: one reversal at a time, the lines to choose from, and why.
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import type { Outcome, Receipt, ReceiptLine, Saved } from '../engine/port.ts';
import { oneOf } from '../model/cart.ts';
import { formatQuantity } from '../model/money.ts';
import { refundAmountMinor } from '../model/refund.ts';
import { refusalText } from '../model/words.ts';
import { useTill } from '../state/context.ts';
import { Icon } from '../ui/icons.tsx';

export const returnReasons: readonly string[] = ['Changed their mind', 'Damaged', 'Wrong article', 'Wrong price'];

export interface ReverseDialogProps {
  readonly receipt: Receipt;
  readonly onDone: (changed: Receipt) => void;
  readonly onClose: () => void;
}

export interface Reversal {
  readonly isBusy: boolean;
  readonly fault: string | undefined;
  /** Resolves to the code of what went wrong, or undefined. */
  start<Shown extends { readonly number: string }>(
    commit: () => Promise<Outcome<Saved<Shown>>>,
    /** What there is to be handed out before it is over. */
    onShown?: (shown: Shown) => void,
  ): Promise<string | undefined>;
  /** Shows the original as it is now. */
  finish(): Promise<void>;
}

/** Runs one reversal at a time, and shows the original anew once it is saved. */
export function useReversal(receipt: Receipt, onDone: (changed: Receipt) => void): Reversal {
  const till = useTill();
  const [isBusy, setBusy] = useState(false);
  const [fault, setFault] = useState<string>();
  const finish = async (): Promise<void> => {
    const changed = await till.engine.receipt(receipt.id);
    onDone(changed.ok ? changed.value : receipt);
  };
  const start: Reversal['start'] = async (commit, onShown) => {
    if (isBusy) return undefined;
    setBusy(true);
    setFault(undefined);
    const saved = await commit();
    setBusy(false);
    if (!saved.ok) {
      setFault(refusalText(saved.code, saved.message));
      return saved.code;
    }
    till.toast.value = { text: `${saved.value.shown?.number ?? 'It is'} saved` };
    if (onShown !== undefined && saved.value.shown !== undefined) onShown(saved.value.shown);
    else await finish();
    return undefined;
  };
  return { isBusy, fault, start, finish };
}

interface Chosen {
  readonly line: ReceiptLine;
  readonly quantity: number;
}

interface Choice {
  readonly chosen: readonly Chosen[];
  /** What comes back is worth. */
  readonly totalMinor: number;
  quantityOf(line: ReceiptLine): number;
  setQuantity(line: ReceiptLine, quantity: number): void;
  setAll(): void;
}

/** How much of each line that was sold comes back. */
export function useChoice(receipt: Receipt): Choice {
  const [quantities, setQuantities] = useState<Readonly<Record<number, number>>>({});
  const chosen = receipt.lines.flatMap((line) => {
    const quantity = quantities[line.line] ?? 0;
    return quantity > 0 ? [{ line, quantity }] : [];
  });
  return {
    chosen,
    totalMinor: chosen.reduce((sum, { line, quantity }) => sum + refundAmountMinor(line, quantity), 0),
    quantityOf: ({ line }) => quantities[line] ?? 0,
    setQuantity: ({ line }, quantity) => setQuantities({ ...quantities, [line]: quantity }),
    setAll: () =>
      setQuantities(
        Object.fromEntries(soldLines(receipt).map((line) => [line.line, line.quantity - line.refundedQuantity])),
      ),
  };
}

/** An exchange lists what came back by it, too, which does not come back again. */
function soldLines({ lines }: Receipt): readonly ReceiptLine[] {
  return lines.filter(({ quantity }) => quantity > 0);
}

export function ChosenLines({ receipt, choice }: { readonly receipt: Receipt; readonly choice: Choice }): VNode {
  return (
    <>
      <div class="refund-head">
        <p>What comes back from {receipt.number}?</p>
        <button type="button" class="button button-small" data-focus onClick={choice.setAll}>
          Everything
        </button>
      </div>
      <ul class="refund-lines">
        {soldLines(receipt).map((line) => (
          <RefundRow
            key={line.line}
            line={line}
            quantity={choice.quantityOf(line)}
            onQuantity={(quantity) => choice.setQuantity(line, quantity)}
          />
        ))}
      </ul>
    </>
  );
}

interface RefundRowProps {
  readonly line: ReceiptLine;
  readonly quantity: number;
  readonly onQuantity: (quantity: number) => void;
}

function RefundRow({ line, quantity, onQuantity }: RefundRowProps): VNode {
  const most = line.quantity - line.refundedQuantity;
  const step = Math.min(most, oneOf({ unitScale: line.quantityScale }));
  const text = (value: number): string => formatQuantity(value, line.quantityScale);
  return (
    <li class="refund-line" data-chosen={quantity > 0}>
      <span class="cart-name">{line.name === '' ? line.sku : line.name}</span>
      <span class="refund-most">{most === 0 ? 'all returned' : `of ${text(most)}`}</span>
      <span class="stepper" role="group" aria-label={`Returned ${line.name}`}>
        <button
          type="button"
          aria-label={`One less ${line.name}`}
          disabled={quantity === 0}
          onClick={() => onQuantity(Math.max(0, quantity - step))}
        >
          <Icon name="minus" size={18} />
        </button>
        <output class="stepper-value">{text(quantity)}</output>
        <button
          type="button"
          aria-label={`One more ${line.name}`}
          disabled={quantity >= most}
          onClick={() => onQuantity(Math.min(most, quantity + step))}
        >
          <Icon name="plus" size={18} />
        </button>
      </span>
    </li>
  );
}

interface ReasonsProps {
  readonly reasons: readonly string[];
  readonly chosen: string;
  readonly onChoose: (reason: string) => void;
}

export function Reasons({ reasons, chosen, onChoose }: ReasonsProps): VNode {
  return (
    <fieldset class="reasons">
      <legend>Why?</legend>
      {reasons.map((reason) => (
        <button
          key={reason}
          type="button"
          class="chip"
          aria-pressed={chosen === reason}
          onClick={() => onChoose(reason)}
        >
          {reason}
        </button>
      ))}
    </fieldset>
  );
}
