// Paying back for goods that come back of a sale.
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import type { CreditNote, Outcome, Receipt, Saved } from '../engine/port.ts';
import { formatMoney } from '../model/money.ts';
import type { MoneyKind } from '../model/tender.ts';
import { useTill } from '../state/context.ts';
import { Dialog } from '../ui/dialog.tsx';
import { Fault } from '../ui/fault.tsx';
import { Icon } from '../ui/icons.tsx';
import { WithEntitlementScreens } from '../ui/loaded.tsx';
import { ChosenLines, Reasons, type ReverseDialogProps, returnReasons, useChoice, useReversal } from './reversal.tsx';

export function RefundDialog({ receipt, onDone, onClose }: ReverseDialogProps): VNode {
  const till = useTill();
  const [key, setKey] = useState(() => crypto.randomUUID());
  const choice = useChoice(receipt);
  const [reason, setReason] = useState('');
  const [note, setNote] = useState<CreditNote>();
  const run = useReversal(receipt, onDone);
  const { chosen, totalMinor } = choice;
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
  const { moneyLeftMinor } = receipt;
  // What was never paid is not paid back.
  const isMoneyReady = isReady && totalMinor <= (moneyLeftMinor ?? totalMinor);
  return (
    <Dialog title="Refund" isBusy={run.isBusy} onClose={onClose}>
      <div class="stack">
        <ChosenLines receipt={receipt} choice={choice} />
        <Reasons reasons={returnReasons} chosen={reason} onChoose={setReason} />
        <p class="refund-total">
          <span>To pay back</span>
          <output>{formatMoney(totalMinor, receipt.currency)}</output>
        </p>
        {moneyLeftMinor !== undefined && (
          <p>
            It was bought on account. Of what was paid for it at a till, {formatMoney(moneyLeftMinor, receipt.currency)}{' '}
            can be paid back.
          </p>
        )}
        <Fault text={run.fault} />
        <div class="actions actions-equal">
          {moneyLeftMinor !== undefined && (
            <button
              type="button"
              class="button button-primary button-tall"
              disabled={!isReady}
              onClick={() => pay('account')}
            >
              Off the account
            </button>
          )}
          {moneyLeftMinor !== 0 && (
            <>
              <button type="button" class="button button-tall" disabled={!isMoneyReady} onClick={() => pay('cash')}>
                <Icon name="cash" /> Refund cash
              </button>
              <button type="button" class="button button-tall" disabled={!isMoneyReady} onClick={() => pay('card')}>
                <Icon name="card" /> Refund card
              </button>
              <button type="button" class="button button-tall" disabled={!isMoneyReady} onClick={payByNote}>
                Credit note
              </button>
            </>
          )}
        </div>
      </div>
    </Dialog>
  );
}
