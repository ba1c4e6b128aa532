// A part of a layaway's price, or all that is left of it when the goods are handed over.
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import type { Layaway, Receipt } from '../engine/port.ts';
import { currencyDigits, formatMoney, parseDecimal } from '../model/money.ts';
import { refusalText } from '../model/words.ts';
import { useShop, useTill } from '../state/context.ts';
import { Icon } from '../ui/icons.tsx';
import { Keypad, NumberField } from '../ui/keypad.tsx';
import { Fault } from '../ui/fault.tsx';

export type PaidBy = 'cash' | 'card';

export interface LayawayStepProps {
  readonly layaway: Layaway;
  /** Says what was done; of a layaway that was collected there is a receipt. */
  readonly onDone: (text: string, receipt?: Receipt) => void;
  readonly onBack: () => void;
}

export function PayLayaway({ layaway, after, onDone, onBack }: LayawayStepProps & { readonly after: string }): VNode {
  const till = useTill();
  const { currency } = useShop();
  const digits = currencyDigits(currency);
  const [text, setText] = useState('');
  const [isBusy, setBusy] = useState(false);
  const [fault, setFault] = useState<string>();
  const leftMinor = layaway.totalMinor - layaway.paidMinor;
  const amountMinor = parseDecimal(text, digits);
  const isReady = amountMinor !== undefined && amountMinor > 0 && amountMinor <= leftMinor && !isBusy;
  const pay = async (tender: PaidBy): Promise<void> => {
    if (!isReady) return;
    setBusy(true);
    const paid = await till.engine.payLayaway({ layaway: layaway.layaway, amountMinor, tender, after });
    setBusy(false);
    if (!paid.ok) return setFault(refusalText(paid.code, paid.message));
    onDone(`${formatMoney(amountMinor, currency)} paid of ${layaway.number}`);
  };
  return (
    <form class="stack" onSubmit={(event) => event.preventDefault()}>
      <p role="status">
        {formatMoney(leftMinor, currency)} are left to pay of {layaway.number}.
      </p>
      <NumberField label="Amount paid" value={text} onInput={setText} scale={digits} />
      <Keypad value={text} onInput={setText} scale={digits} />
      <Fault text={fault} />
      <PaidButtons isReady={isReady} onPay={(tender) => void pay(tender)} onBack={onBack} />
    </form>
  );
}

export function CollectLayaway({ layaway, onDone, onBack }: LayawayStepProps): VNode {
  const till = useTill();
  const { currency } = useShop();
  const [isBusy, setBusy] = useState(false);
  const [fault, setFault] = useState<string>();
  const amountMinor = layaway.totalMinor - layaway.paidMinor;
  const collect = async (tender: PaidBy): Promise<void> => {
    if (isBusy) return;
    setBusy(true);
    const sold = await till.engine.collectLayaway({ layaway: layaway.layaway, amountMinor, tender });
    setBusy(false);
    if (!sold.ok) return setFault(refusalText(sold.code, sold.message));
    onDone(`${layaway.number} was collected`, sold.value.shown);
  };
  return (
    <div class="stack">
      <p role="status">
        {amountMinor === 0 ? 'It is paid.' : `${formatMoney(amountMinor, currency)} are left to pay.`} Hand over:{' '}
        {layaway.goods.join(', ')}.
      </p>
      <Fault text={fault} />
      {amountMinor > 0 ? (
        <PaidButtons isReady={!isBusy} onPay={(tender) => void collect(tender)} onBack={onBack} />
      ) : (
        <div class="actions">
          <button type="button" class="button" onClick={onBack}>
            Back
          </button>
          <button
            type="button"
            class="button button-primary"
            data-focus
            disabled={isBusy}
            onClick={() => void collect('cash')}
          >
            Handed over
          </button>
        </div>
      )}
    </div>
  );
}

interface PaidButtonsProps {
  readonly isReady: boolean;
  readonly onPay: (tender: PaidBy) => void;
  readonly onBack: () => void;
}

export function PaidButtons({ isReady, onPay, onBack }: PaidButtonsProps): VNode {
  return (
    <div class="actions actions-equal">
      <button type="button" class="button button-tall" onClick={onBack}>
        Back
      </button>
      <button type="button" class="button button-tall" disabled={!isReady} onClick={() => onPay('cash')}>
        <Icon name="cash" /> Cash
      </button>
      <button type="button" class="button button-tall" disabled={!isReady} onClick={() => onPay('card')}>
        <Icon name="card" /> Card
      </button>
    </div>
  );
}
