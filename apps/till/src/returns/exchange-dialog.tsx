// Goods of a sale come back and others leave: what comes back is chosen here, what leaves is rung up in the cart like any sale.
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import type { Receipt } from '../engine/port.ts';
import { formatMoney } from '../model/money.ts';
import { refundAmountMinor } from '../model/refund.ts';
import { useTill } from '../state/context.ts';
import { Dialog } from '../ui/dialog.tsx';
import { ChosenLines, Reasons, returnReasons, useChoice } from './reversal.tsx';

export interface ExchangeDialogProps {
  readonly receipt: Receipt;
  readonly onClose: () => void;
}

export function ExchangeDialog({ receipt, onClose }: ExchangeDialogProps): VNode {
  const till = useTill();
  const choice = useChoice(receipt);
  const [reason, setReason] = useState('');
  const { chosen, totalMinor } = choice;
  const begin = (): void => {
    const back = chosen.map(({ line, quantity }) => ({
      line: line.line,
      name: line.name === '' ? line.sku : line.name,
      quantity,
      quantityScale: line.quantityScale,
      amountMinor: refundAmountMinor(line, quantity),
    }));
    const { id: document, number, moneyLeftMinor } = receipt;
    const left = moneyLeftMinor === undefined ? {} : { moneyLeftMinor };
    till.beginExchange({ document, number, back, reason, ...left });
    till.view.value = 'sell';
  };
  return (
    <Dialog title="Exchange" onClose={onClose}>
      <div class="stack">
        <ChosenLines receipt={receipt} choice={choice} />
        <Reasons reasons={returnReasons} chosen={reason} onChoose={setReason} />
        <p class="refund-total">
          <span>Counts towards what leaves</span>
          <output>{formatMoney(totalMinor, receipt.currency)}</output>
        </p>
        <button
          type="button"
          class="button button-primary button-tall"
          disabled={chosen.length === 0 || reason === ''}
          onClick={begin}
        >
          Ring up what leaves
        </button>
      </div>
    </Dialog>
  );
}
