// The cash drawer of this till: opened with a float, closed by counting blind. What should be in it is said after the count.
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import type { CashMoveKind, ClosedSession, Session } from '../engine/port.ts';
import { formatMoney } from '../model/money.ts';
import { dayText } from '../model/time.ts';
import { refusalText } from '../model/words.ts';
import { useShop, useTill } from '../state/context.ts';
import { WithCounterScreens, WithLayawayScreens, WithStockScreens } from './loaded.tsx';
import { CloseSessionDialog, OpenSessionDialog } from './session-dialogs.tsx';

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
