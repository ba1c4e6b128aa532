// Gives a layaway up: its goods are free again, and the money goes back, less what the shop may keep.
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { currencyDigits, formatMoney, parseDecimal } from '../model/money.ts';
import { refusalText } from '../model/words.ts';
import { useShop, useTill } from '../state/context.ts';
import { NumberField } from '../ui/keypad.tsx';
import { Fault } from '../ui/fault.tsx';
import { type LayawayStepProps, type PaidBy, PaidButtons } from './pay-layaway.tsx';

const longestReason = 200;

export function CancelLayaway({
  layaway,
  mostFeeMinor,
  onDone,
  onBack,
}: LayawayStepProps & { readonly mostFeeMinor: number }): VNode {
  const till = useTill();
  const { currency } = useShop();
  const digits = currencyDigits(currency);
  const most = Math.min(mostFeeMinor, layaway.paidMinor);
  const [fee, setFee] = useState('');
  const [reason, setReason] = useState('');
  const [isBusy, setBusy] = useState(false);
  const [fault, setFault] = useState<string>();
  const feeMinor = fee === '' ? 0 : parseDecimal(fee, digits);
  const isReady = feeMinor !== undefined && feeMinor <= most && reason.trim() !== '' && !isBusy;
  const backMinor = layaway.paidMinor - (feeMinor ?? 0);
  const cancel = async (tender: PaidBy): Promise<void> => {
    if (!isReady) return;
    setBusy(true);
    const end = { layaway: layaway.layaway, backMinor, feeMinor, tender, reason: reason.trim() };
    const ended = await till.engine.cancelLayaway(end);
    setBusy(false);
    if (!ended.ok) return setFault(refusalText(ended.code, ended.message));
    onDone(`${layaway.number} was given up: ${formatMoney(backMinor, currency)} paid back`);
  };
  return (
    <form class="stack" onSubmit={(event) => event.preventDefault()}>
      <label class="field">
        <span>Why</span>
        <input
          value={reason}
          maxLength={longestReason}
          autocomplete="off"
          onInput={(event) => setReason(event.currentTarget.value)}
        />
      </label>
      {most > 0 && (
        <NumberField
          label={`Kept as a fee, at most ${formatMoney(most, currency)}`}
          value={fee}
          onInput={setFee}
          scale={digits}
        />
      )}
      <p role="status">To pay back: {formatMoney(backMinor, currency)}</p>
      <Fault text={fault} />
      <PaidButtons isReady={isReady} onPay={(tender) => void cancel(tender)} onBack={onBack} />
    </form>
  );
}
