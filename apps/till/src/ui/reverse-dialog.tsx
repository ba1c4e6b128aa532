// Taking goods back: a refund of chosen lines, or the void of a whole sale.
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import type { CreditNote, Outcome, Receipt, ReceiptLine, Saved } from '../engine/port.ts';
import { oneOf } from '../model/cart.ts';
import { formatMoney, formatQuantity } from '../model/money.ts';
import { refundAmountMinor } from '../model/refund.ts';
import type { MoneyKind } from '../model/tender.ts';
import { refusalText } from '../model/words.ts';
import { useTill } from '../state/context.ts';
import { Dialog } from './dialog.tsx';
import { Icon } from './icons.tsx';
import { WithEntitlementScreens } from './loaded.tsx';

const refundReasons = ['Changed their mind', 'Damaged', 'Wrong article', 'Wrong price'];
const voidReasons = ['Rung up by mistake', 'Customer left', 'Training'];

export interface ReverseDialogProps {
  readonly receipt: Receipt;
  readonly onDone: (changed: Receipt) => void;
  readonly onClose: () => void;
}

export function RefundDialog({ receipt, onDone, onClose }: ReverseDialogProps): VNode {
  const till = useTill();
  const [key, setKey] = useState(() => crypto.randomUUID());
  const [quantities, setQuantities] = useState<Readonly<Record<number, number>>>({});
  const [reason, setReason] = useState('');
  const [note, setNote] = useState<CreditNote>();
  const run = useReversal(receipt, onDone);
  const chosen = receipt.lines.flatMap((line) => {
    const quantity = quantities[line.line] ?? 0;
    return quantity > 0 ? [{ line, quantity }] : [];
  });
  const total = chosen.reduce((sum, { line, quantity }) => sum + refundAmountMinor(line, quantity), 0);
  // What is chosen now is another refund than the one this key stands for.
  const keepKey = (code: string | undefined): void => {
    if (code === 'till/key-used') setKey(crypto.randomUUID());
  };
  const pay = (tender: MoneyKind): void => {
    const lines = chosen.map(({ line, quantity }) => ({ line: line.line, quantity }));
    const ask = (): Promise<Outcome<Saved<Receipt>>> =>
      till.engine.refund({ key, document: receipt.id, lines, tender, reason });
    void run.start(ask).then(keepKey);
  };
  const payByNote = (): void => {
    const lines = chosen.map(({ line, quantity }) => ({ line: line.line, quantity }));
    const ask = (): Promise<Outcome<Saved<CreditNote>>> =>
      till.engine.refundAsNote({ key, document: receipt.id, lines, reason });
    void run.start(ask, setNote).then(keepKey);
  };
  if (note !== undefined) {
    return (
      <Dialog title="Credit note" onClose={() => void run.finish()}>
        <WithEntitlementScreens
          show={({ CreditNoteView }) => <CreditNoteView note={note} onDone={() => void run.finish()} />}
        />
      </Dialog>
    );
  }
  const isReady = chosen.length > 0 && reason !== '' && !run.isBusy;
  const isOnAccount = receipt.tenders.some(({ kind }) => kind === 'account');
  const setAll = (): void => {
    setQuantities(Object.fromEntries(receipt.lines.map((line) => [line.line, line.quantity - line.refundedQuantity])));
  };
  return (
    <Dialog title="Refund" isBusy={run.isBusy} onClose={onClose}>
      <div class="stack">
        <div class="refund-head">
          <p>What comes back from {receipt.number}?</p>
          <button type="button" class="button button-small" data-focus onClick={setAll}>
            Everything
          </button>
        </div>
        <ul class="refund-lines">
          {receipt.lines.map((line) => (
            <RefundRow
              key={line.line}
              line={line}
              quantity={quantities[line.line] ?? 0}
              onQuantity={(quantity) => setQuantities({ ...quantities, [line.line]: quantity })}
            />
          ))}
        </ul>
        <Reasons reasons={refundReasons} chosen={reason} onChoose={setReason} />
        <p class="refund-total">
          <span>To pay back</span>
          <output>{formatMoney(total, receipt.currency)}</output>
        </p>
        <Fault text={run.fault} />
        <div class="actions actions-equal">
          <button type="button" class="button button-tall" disabled={!isReady} onClick={() => pay('cash')}>
            <Icon name="cash" /> Refund cash
          </button>
          <button type="button" class="button button-tall" disabled={!isReady} onClick={() => pay('card')}>
            <Icon name="card" /> Refund card
          </button>
          {isOnAccount && (
            <button type="button" class="button button-tall" disabled={!isReady} onClick={() => pay('account')}>
              Off the account
            </button>
          )}
          <button type="button" class="button button-tall" disabled={!isReady} onClick={payByNote}>
            Credit note
          </button>
        </div>
      </div>
    </Dialog>
  );
}

export function VoidDialog({ receipt, onDone, onClose }: ReverseDialogProps): VNode {
  const till = useTill();
  const [reason, setReason] = useState('');
  const run = useReversal(receipt, onDone);
  const start = (): void => void run.start(() => till.engine.voidSale({ document: receipt.id, reason }));
  return (
    <Dialog title="Void this sale" role="alertdialog" isBusy={run.isBusy} onClose={onClose}>
      <div class="stack">
        <p>
          The whole sale {receipt.number} over {formatMoney(receipt.totalMinor, receipt.currency)} is reversed: goods,
          money and tax. It stays in the book, with this void beside it.
        </p>
        <Reasons reasons={voidReasons} chosen={reason} onChoose={setReason} />
        <Fault text={run.fault} />
        <div class="actions">
          <button type="button" class="button" data-focus onClick={onClose}>
            Keep the sale
          </button>
          <button type="button" class="button button-danger" disabled={reason === '' || run.isBusy} onClick={start}>
            Void the sale
          </button>
        </div>
      </div>
    </Dialog>
  );
}

interface Reversal {
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
function useReversal(receipt: Receipt, onDone: (changed: Receipt) => void): Reversal {
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

function Reasons({ reasons, chosen, onChoose }: ReasonsProps): VNode {
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

export function Fault({ text }: { readonly text: string | undefined }): VNode | null {
  if (text === undefined) return null;
  return (
    <p class="inline-fault" role="alert">
      <Icon name="alert" size={20} /> {text}
    </p>
  );
}
