// Screens that stand for the whole till: it is open in another tab, or it cannot start.
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import type { Shop } from '../engine/port.ts';
import { refusalText } from '../model/words.ts';
import { ShopContext, useTill } from '../state/context.ts';
import { exportToFile } from './export-file.ts';
import { Fault } from './fault.tsx';
import { Icon } from './icons.tsx';
import { DayTotals, DocumentList } from './sales.tsx';

export function OtherTab({ shop }: { readonly shop: Shop | undefined }): VNode {
  const till = useTill();
  const today = till.state.value.today;
  const [isAsked, setAsked] = useState(false);
  const takeOver = (): void => {
    setAsked(true);
    void till.engine.takeOver();
  };
  return (
    <main class="other-tab">
      <section class="other-tab-head">
        <Icon name="lock" size={40} />
        <h1>The till is open in another tab</h1>
        <p>
          Only one tab may write, so that no two sales ever share a number. This one is read-only and takes over by
          itself when the other is closed.
        </p>
        <button type="button" class="button button-primary button-tall" disabled={isAsked} onClick={takeOver}>
          {isAsked ? 'Waiting for the other tab…' : 'Use the till here instead'}
        </button>
        <Doubt />
      </section>
      {shop !== undefined && today !== undefined && (
        <ShopContext.Provider value={shop}>
          <section class="page" aria-label="Today, read only">
            <DayTotals summary={today} isToday />
            <DocumentList documents={today.documents} isSearch={false} />
            {today.hasMore && <p class="tiles-more">Older ones are listed in the tab that writes.</p>}
          </section>
        </ShopContext.Provider>
      )}
    </main>
  );
}

/** A sale that was under way when this screen came up. */
function Doubt(): VNode | null {
  if (useTill().doubt.value === undefined) return null;
  return (
    <p role="alert">
      <strong>Whether the last sale was saved is not known here.</strong> The till looks when it opens again: if it was
      saved, it names the sale and the cart is empty. If the cart is still there, it was not.
    </p>
  );
}

export function Failed({ code, message }: { readonly code: string; readonly message: string }): VNode {
  const till = useTill();
  const [isExported, setExported] = useState(false);
  return (
    <main class="other-tab other-tab-alone">
      <section class="other-tab-head" role="alert">
        <span class="fault-mark">
          <Icon name="alert" size={44} />
        </span>
        <h1>The till cannot start</h1>
        <p>{refusalText(code, message)}</p>
        <p>
          <code>{code}</code>
        </p>
        <Doubt />
        <div class="actions">
          <button
            type="button"
            class="button"
            onClick={() => void exportToFile(till).then((isOut) => setExported(isExported || isOut))}
          >
            <Icon name="save" size={20} /> Export what is saved
          </button>
          <button type="button" class="button button-primary" onClick={() => location.reload()}>
            Try again
          </button>
        </div>
        <p role="status">{till.toast.value?.text}</p>
        {isExported && damagedCodes.has(code) && <StartAnew />}
      </section>
    </main>
  );
}

const damagedCodes: ReadonlySet<string> = new Set(['store/damaged', 'store/format']);

/** Offered once the bytes are in a person's hands: what nobody has elsewhere is in that file alone. */
function StartAnew(): VNode {
  const till = useTill();
  const [fault, setFault] = useState<string>();
  const start = async (): Promise<void> => {
    const begun = await till.engine.startAnew();
    if (!begun.ok) setFault(refusalText(begun.code, begun.message));
  };
  return (
    <>
      <p>
        Sales that nobody else has are in that file alone: let the office read it in first. A till that sells before
        that gives their numbers out again, and is taken for a copy. Then it can begin anew by an invitation; its old
        log stays on this device, put aside.
      </p>
      <button type="button" class="button" onClick={() => void start()}>
        The file is kept: start anew
      </button>
      <Fault text={fault} />
    </>
  );
}

export function Unsupported({ lack }: { readonly lack: string }): VNode {
  return (
    <main class="other-tab other-tab-alone">
      <section class="other-tab-head" role="alert">
        <span class="fault-mark">
          <Icon name="alert" size={44} />
        </span>
        <h1>The till cannot start here</h1>
        <p>{lack}</p>
      </section>
    </main>
  );
}
