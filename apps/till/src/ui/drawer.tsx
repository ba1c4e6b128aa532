// The cash drawer of this till: opened with a float, closed by counting blind. What should be in it is said after the count.
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import type { CashMoveKind, ClosedSession, Session } from '../engine/port.ts';
import { currencyDigits, formatMoney, parseDecimal } from '../model/money.ts';
import { dayText } from '../model/time.ts';
import { refusalText } from '../model/words.ts';
import { useShop, useTill } from '../state/context.ts';
import { Dialog } from './dialog.tsx';
import { Icon } from './icons.tsx';
import { Keypad, NumberField } from './keypad.tsx';
import { WithCounterScreens, WithLayawayScreens, WithStockScreens } from './loaded.tsx';
import { Fault } from './fault.tsx';

type Asked = 'open' | 'close' | 'report' | 'payment' | 'layaways' | 'count' | 'receive' | 'hand-over' | CashMoveKind;

interface AskProps {
  readonly onAsk: (asked: Asked) => void;
}

export function Drawer(): VNode {
  const session = useTill().state.value.session;
  const [asking, setAsking] = useState<Asked>();
  const back = (): void => setAsking(undefined);
  const [closed, setClosed] = useState<ClosedSession>();
  return (
    <div class="page">
      <header class="page-head">
        <h1>Drawer</h1>
      </header>
      {session === undefined ? (
        <ClosedDrawer closed={closed} onAsk={setAsking} />
      ) : (
        <OpenDrawer session={session} onAsk={setAsking} />
      )}
      <section class="card drawer-card" aria-label="Goods on the shelf">
        <GoodsCard hasSession={session !== undefined} onAsk={setAsking} />
      </section>
      {asking === 'count' && <WithStockScreens show={({ CountDialog }) => <CountDialog onClose={back} />} />}
      {asking === 'receive' && <WithStockScreens show={({ ReceiveDialog }) => <ReceiveDialog onClose={back} />} />}
      {asking === 'hand-over' && <WithStockScreens show={({ HandOverDialog }) => <HandOverDialog onClose={back} />} />}
      {asking === 'open' && <OpenSessionDialog onClose={back} onOpened={back} />}
      {asking === 'report' && (
        <WithCounterScreens show={({ ReportDialog }) => <ReportDialog session={session?.id} onClose={back} />} />
      )}
      {asking === 'payment' && <WithCounterScreens show={({ PaymentDialog }) => <PaymentDialog onClose={back} />} />}
      {asking === 'layaways' && <WithLayawayScreens show={({ LayawaysDialog }) => <LayawaysDialog onClose={back} />} />}
      {(asking === 'in' || asking === 'out' || asking === 'safe') && session !== undefined && (
        <WithCounterScreens
          show={({ CashMoveDialog }) => <CashMoveDialog kind={asking} session={session.id} onClose={back} />}
        />
      )}
      {asking === 'close' && session !== undefined && (
        <CloseSessionDialog
          session={session}
          onClose={back}
          onClosed={(done) => {
            setClosed(done);
            back();
          }}
        />
      )}
    </div>
  );
}

/** A van does not count for the books: what it is short is its seller's, so somebody else settles what it hands over. */
function GoodsCard({ hasSession, onAsk }: AskProps & { readonly hasSession: boolean }): VNode {
  const till = useTill();
  const { isVan = false, relay } = useShop();
  const { isCounting } = till.state.value;
  return (
    <>
      {isCounting && <p>A count is begun. Until it is done the goods do not say how many there should be.</p>}
      <div class="actions actions-equal">
        {isVan ? (
          <button type="button" class="button" disabled={!hasSession} onClick={() => onAsk('hand-over')}>
            Hand over
          </button>
        ) : (
          <button type="button" class="button" onClick={() => onAsk('count')}>
            {isCounting ? 'Go on counting' : 'Count goods'}
          </button>
        )}
        {relay !== undefined && (
          <button type="button" class="button" onClick={() => onAsk('receive')}>
            Goods in
          </button>
        )}
        {isCounting && <GiveUpCount />}
      </div>
    </>
  );
}

function GiveUpCount(): VNode {
  const till = useTill();
  const giveUp = async (): Promise<void> => {
    till.counted.value = {};
    const ended = await till.engine.endCount();
    if (!ended.ok) till.toast.value = { text: refusalText(ended.code, ended.message) };
  };
  return (
    <button type="button" class="button" onClick={() => void giveUp()}>
      Give the count up
    </button>
  );
}

function OpenDrawer({ session, onAsk }: AskProps & { readonly session: Session }): VNode {
  const { currency } = useShop();
  return (
    <section class="card drawer-card" aria-label="Open drawer">
      <p class="drawer-state">Open since {dayText(session.openedDay)}</p>
      <p class="drawer-label">Float</p>
      <p class="drawer-amount">{formatMoney(session.floatMinor, currency)}</p>
      <p>Count what is in the drawer before you are told what should be.</p>
      <div class="actions actions-equal">
        <button type="button" class="button" onClick={() => onAsk('in')}>
          Pay in
        </button>
        <button type="button" class="button" onClick={() => onAsk('out')}>
          Pay out
        </button>
        <button type="button" class="button" onClick={() => onAsk('safe')}>
          To the safe
        </button>
        <button type="button" class="button" onClick={() => onAsk('payment')}>
          Payment on account
        </button>
        <button type="button" class="button" onClick={() => onAsk('layaways')}>
          Layaways
        </button>
        <button type="button" class="button" onClick={() => onAsk('report')}>
          X report
        </button>
      </div>
      <button type="button" class="button button-primary button-tall" onClick={() => onAsk('close')}>
        Count and close
      </button>
    </section>
  );
}

interface ClosedDrawerProps extends AskProps {
  readonly closed: ClosedSession | undefined;
}

function ClosedDrawer({ closed, onAsk }: ClosedDrawerProps): VNode {
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
      <button type="button" class="button" onClick={() => onAsk('report')}>
        Last Z report
      </button>
      <button type="button" class="button button-primary button-tall" onClick={() => onAsk('open')}>
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
