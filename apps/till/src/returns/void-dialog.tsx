// The void of a whole sale.
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { formatMoney } from '../model/money.ts';
import { useTill } from '../state/context.ts';
import { Dialog } from '../ui/dialog.tsx';
import { Fault } from '../ui/fault.tsx';
import { Reasons, type ReverseDialogProps, useReversal } from './reversal.tsx';

const voidReasons = ['Rung up by mistake', 'Customer left', 'Training'];

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
