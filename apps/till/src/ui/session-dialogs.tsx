// The two ends of a cash session: the float it opens with, and the blind count that closes it.
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import type { ClosedSession, Session } from '../engine/port.ts';
import { currencyDigits, parseDecimal } from '../model/money.ts';
import { refusalText } from '../model/words.ts';
import { useShop, useTill } from '../state/context.ts';
import { Dialog } from './dialog.tsx';
import { Fault } from './fault.tsx';
import { Icon } from './icons.tsx';
import { Keypad, NumberField } from './keypad.tsx';

export interface OpenSessionDialogProps {
  readonly onClose: () => void;
  readonly onOpened: () => void;
}

export function OpenSessionDialog({ onClose, onOpened }: OpenSessionDialogProps): VNode {
  const till = useTill();
  return (
    <AmountDialog
      title="Open the drawer"
      label="Float in the drawer"
      action="Open the drawer"
      placeholder="0"
      onClose={onClose}
      onAmount={async (floatMinor) => {
        const opened = await till.engine.openSession(floatMinor);
        if (!opened.ok) return refusalText(opened.code, opened.message);
        onOpened();
        return undefined;
      }}
    />
  );
}

export interface CloseSessionDialogProps {
  readonly session: Session;
  readonly onClose: () => void;
  readonly onClosed: (closed: ClosedSession | undefined) => void;
}

export function CloseSessionDialog({ session, onClose, onClosed }: CloseSessionDialogProps): VNode {
  const till = useTill();
  return (
    <AmountDialog
      title="Count and close"
      label="Counted in the drawer"
      action="Close the drawer"
      onClose={onClose}
      onAmount={async (countedMinor) => {
        const closed = await till.engine.closeSession({ session: session.id, countedMinor });
        if (!closed.ok) return refusalText(closed.code, closed.message);
        onClosed(closed.value.shown);
        return undefined;
      }}
    />
  );
}

interface AmountDialogProps {
  readonly title: string;
  readonly label: string;
  readonly action: string;
  /** What an empty field means; without it the amount has to be entered. */
  readonly placeholder?: string;
  /** Resolves to what went wrong, or undefined. */
  readonly onAmount: (amountMinor: number) => Promise<string | undefined>;
  readonly onClose: () => void;
}

function AmountDialog(props: AmountDialogProps): VNode {
  const { title, label, action, placeholder, onAmount, onClose } = props;
  const digits = currencyDigits(useShop().currency);
  const [text, setText] = useState('');
  const [isBusy, setBusy] = useState(false);
  const [fault, setFault] = useState<string>();
  const amount = parseDecimal(text === '' ? (placeholder ?? '') : text, digits);
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (amount === undefined || isBusy) return;
    setBusy(true);
    setFault(await onAmount(amount));
    setBusy(false);
  };
  return (
    <Dialog title={title} isBusy={isBusy} onClose={onClose}>
      <form class="stack" onSubmit={(event) => void submit(event)}>
        <NumberField label={label} value={text} onInput={setText} scale={digits} placeholder={placeholder ?? ''} />
        <Keypad value={text} onInput={setText} scale={digits} />
        <Fault text={fault} />
        <button type="submit" class="button button-primary button-tall" disabled={amount === undefined || isBusy}>
          <Icon name="drawer" /> {action}
        </button>
      </form>
    </Dialog>
  );
}
