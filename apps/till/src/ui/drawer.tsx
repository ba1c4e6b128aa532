// The cash drawer of this till: opened with a float, closed by counting.
import type { ComponentChildren, VNode } from 'preact';
import { useState } from 'preact/hooks';
import type { ClosedSession, Session } from '../engine/port.ts';
import { currencyDigits, formatMoney, parseDecimal } from '../model/money.ts';
import { dayText } from '../model/time.ts';
import { refusalText } from '../model/words.ts';
import { useShop, useTill } from '../state/context.ts';
import { Dialog } from './dialog.tsx';
import { Icon } from './icons.tsx';
import { Keypad, NumberField } from './keypad.tsx';
import { Fault } from './reverse-dialog.tsx';

export function Drawer(): VNode {
  const session = useTill().state.value.session;
  const [asking, setAsking] = useState<'open' | 'close'>();
  const [closed, setClosed] = useState<ClosedSession>();
  return (
    <div class="page">
      <header class="page-head">
        <h1>Drawer</h1>
      </header>
      {session === undefined ? (
        <ClosedDrawer closed={closed} onOpen={() => setAsking('open')} />
      ) : (
        <OpenDrawer session={session} onClose={() => setAsking('close')} />
      )}
      {asking === 'open' && (
        <OpenSessionDialog onClose={() => setAsking(undefined)} onOpened={() => setAsking(undefined)} />
      )}
      {asking === 'close' && session !== undefined && (
        <CloseSessionDialog
          session={session}
          onClose={() => setAsking(undefined)}
          onClosed={(done) => {
            setClosed(done);
            setAsking(undefined);
          }}
        />
      )}
    </div>
  );
}

function OpenDrawer({ session, onClose }: { readonly session: Session; readonly onClose: () => void }): VNode {
  const { currency } = useShop();
  return (
    <section class="card drawer-card" aria-label="Open drawer">
      <p class="drawer-state">Open since {dayText(session.openedDay)}</p>
      <p class="drawer-label">Should be in the drawer</p>
      <p class="drawer-amount">{formatMoney(session.expectedMinor, currency)}</p>
      <dl class="rows">
        <div>
          <dt>Float</dt>
          <dd>{formatMoney(session.floatMinor, currency)}</dd>
        </div>
        <div>
          <dt>Cash taken, less change and refunds</dt>
          <dd>{formatMoney(session.expectedMinor - session.floatMinor, currency)}</dd>
        </div>
      </dl>
      <button type="button" class="button button-primary button-tall" onClick={onClose}>
        Count and close
      </button>
    </section>
  );
}

interface ClosedDrawerProps {
  readonly closed: ClosedSession | undefined;
  readonly onOpen: () => void;
}

function ClosedDrawer({ closed, onOpen }: ClosedDrawerProps): VNode {
  const { currency } = useShop();
  return (
    <section class="card drawer-card" aria-label="Closed drawer">
      {closed === undefined ? (
        <>
          <p class="drawer-state">Closed</p>
          <p>Count the float you start with, open the drawer, and you are ready to sell.</p>
        </>
      ) : (
        <>
          <p class="drawer-state">Closed, {dayText(closed.openedDay)}</p>
          <p class="drawer-label">Counted</p>
          <p class="drawer-amount">{formatMoney(closed.countedMinor, currency)}</p>
          <Difference difference={closed.countedMinor - closed.expectedMinor} />
        </>
      )}
      <button type="button" class="button button-primary button-tall" onClick={onOpen}>
        Open the drawer
      </button>
    </section>
  );
}

function Difference({ difference }: { readonly difference: number }): VNode {
  const { currency } = useShop();
  if (difference === 0) return <p class="difference difference-none">Counted exactly.</p>;
  const amount = formatMoney(Math.abs(difference), currency);
  return (
    <p class="difference difference-some">
      {difference > 0 ? `${amount} over` : `${amount} short`}: it is booked as cash over and short.
    </p>
  );
}

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

interface CloseSessionDialogProps {
  readonly session: Session;
  readonly onClose: () => void;
  readonly onClosed: (closed: ClosedSession | undefined) => void;
}

function CloseSessionDialog({ session, onClose, onClosed }: CloseSessionDialogProps): VNode {
  const till = useTill();
  return (
    <AmountDialog
      title="Count and close"
      label="Counted in the drawer"
      action="Close the drawer"
      note={(counted) => <Difference difference={counted - session.expectedMinor} />}
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
  readonly note?: (amountMinor: number) => ComponentChildren;
  /** Resolves to what went wrong, or undefined. */
  readonly onAmount: (amountMinor: number) => Promise<string | undefined>;
  readonly onClose: () => void;
}

function AmountDialog(props: AmountDialogProps): VNode {
  const { title, label, action, placeholder, note, onAmount, onClose } = props;
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
        <div class="amount-note" aria-live="polite">
          {text !== '' && amount !== undefined && note?.(amount)}
        </div>
        <Keypad value={text} onInput={setText} scale={digits} />
        <Fault text={fault} />
        <button type="submit" class="button button-primary button-tall" disabled={amount === undefined || isBusy}>
          <Icon name="drawer" /> {action}
        </button>
      </form>
    </Dialog>
  );
}
