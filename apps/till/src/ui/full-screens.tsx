// Screens that stand for the whole till: it is open in another tab, or this browser cannot run it.
import type { ComponentChildren, VNode } from 'preact';
import { useState } from 'preact/hooks';
import type { Shop } from '../engine/port.ts';
import { ShopContext, useTill } from '../state/context.ts';
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
export function Doubt(): VNode | null {
  if (useTill().doubt.value === undefined) return null;
  return (
    <p role="alert">
      <strong>Whether the last sale was saved is not known here.</strong> The till looks when it opens again: if it was
      saved, it names the sale and the cart is empty. If the cart is still there, it was not.
    </p>
  );
}

/** What stands alone where the till does not start. */
export function NotStarted({
  title,
  children,
}: {
  readonly title: string;
  readonly children: ComponentChildren;
}): VNode {
  return (
    <main class="other-tab other-tab-alone">
      <section class="other-tab-head" role="alert">
        <span class="fault-mark">
          <Icon name="alert" size={44} />
        </span>
        <h1>{title}</h1>
        {children}
      </section>
    </main>
  );
}

export function Unsupported({ lack }: { readonly lack: string }): VNode {
  return (
    <NotStarted title="The till cannot start here">
      <p>{lack}</p>
    </NotStarted>
  );
}
