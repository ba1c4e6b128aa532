// Paying with what the customer shows: read, told what it is and what is at risk, taken up to what is due.
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import type { ShownEntitlement } from '../engine/shown.ts';
import { mostTaken } from '../model/entitlement-words.ts';
import { currencyDigits, decimalText, formatMoney, parseDecimal } from '../model/money.ts';
import { refusalText } from '../model/words.ts';
import { useShop, useTill } from '../state/context.ts';
import { AskField } from '../ui/ask-field.tsx';
import { NumberField } from '../ui/keypad.tsx';
import { Fault } from '../ui/fault.tsx';
import { Camera } from './camera.tsx';
import { Shown } from './shown.tsx';
import { WalletAnswer } from './wallet-answer.tsx';

const longestLink = 600;

export interface TakeEntitlementProps {
  readonly dueMinor: number;
  readonly onTake: (url: string, amountMinor: number, isOnTrust: boolean) => void;
  readonly onBack: () => void;
}

export function TakeEntitlement({ dueMinor, onTake, onBack }: TakeEntitlementProps): VNode {
  const till = useTill();
  const { currency } = useShop();
  const digits = currencyDigits(currency);
  const [shown, setShown] = useState<ShownEntitlement>();
  const [text, setText] = useState('');
  const [bound, setBound] = useState<string>();
  const [isLooking, setLooking] = useState(false);
  const [fault, setFault] = useState<string>();
  const read = async (url: string, answer?: string): Promise<string | undefined> => {
    setLooking(false);
    const judged = await till.engine.shownEntitlement(url, answer);
    if (!judged.ok && judged.code === 'token/claim' && answer === undefined) setBound(url);
    if (!judged.ok) return refusalText(judged.code, judged.message);
    setShown(judged.value);
    setText(decimalText(Math.min(dueMinor, mostTaken(judged.value)), digits));
    return undefined;
  };
  if (shown === undefined && bound !== undefined)
    return <WalletAnswer url={bound} onAnswer={(answer) => read(bound, answer)} onBack={onBack} />;
  if (shown === undefined)
    return (
      <div class="stack">
        {isLooking ? (
          <Camera onRead={(url) => void read(url.trim()).then(setFault)} />
        ) : (
          <button type="button" class="button" onClick={() => setLooking(true)}>
            Read it with the camera
          </button>
        )}
        <Fault text={fault} />
        <AskField
          label="Scan or paste its code"
          maxLength={longestLink}
          action="Look"
          startsAnew
          onAsk={(url) => read(url)}
          onBack={onBack}
        />
      </div>
    );
  const most = Math.min(dueMinor, mostTaken(shown));
  const amountMinor = parseDecimal(text, digits);
  const isReady = amountMinor !== undefined && amountMinor > 0 && amountMinor <= most;
  const submit = (event: Event): void => {
    event.preventDefault();
    if (isReady) onTake(shown.url, amountMinor, !shown.isClaimedFirst);
  };
  return (
    <form class="stack" onSubmit={submit}>
      <Shown shown={shown} />
      {most > 0 && <NumberField label="Amount to take of it" value={text} onInput={setText} scale={digits} />}
      {!isReady && most > 0 && <p>At most {formatMoney(most, currency)} can be taken of it now.</p>}
      <div class="actions">
        <button type="button" class="button" onClick={onBack}>
          Back
        </button>
        {most > 0 && (
          <button ref={focusOn} type="submit" class="button button-primary" disabled={!isReady}>
            Take {isReady ? formatMoney(amountMinor, currency) : 'it'}
          </button>
        )}
      </div>
    </form>
  );
}

function focusOn(element: HTMLElement | null): void {
  if (element !== null && document.activeElement === document.body) element.focus();
}
