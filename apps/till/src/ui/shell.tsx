// The frame of an open till: navigation, banner, the chosen screen, and what has to be said on the way.
import type { VNode } from 'preact';
import { useEffect } from 'preact/hooks';
import { useTill } from '../state/context.ts';
import type { Toast, View } from '../state/till.ts';
import { isEnded } from '../model/notices.ts';
import { Ended } from './ended.tsx';
import { Icon, type IconName, Mark } from './icons.tsx';
import { Banners } from './link-chip.tsx';
import { WithDrawer, WithKeyScreens, WithThisTill } from './loaded.tsx';
import { Sales } from './sales.tsx';
import { Sell } from './sell.tsx';

const places: readonly { readonly view: View; readonly name: string; readonly icon: IconName }[] = [
  { view: 'sell', name: 'Sell', icon: 'sell' },
  { view: 'sales', name: 'Sales', icon: 'sales' },
  { view: 'drawer', name: 'Drawer', icon: 'drawer' },
  { view: 'till', name: 'This till', icon: 'device' },
];

export function Shell(): VNode {
  const till = useTill();
  const view = till.view.value;
  const ended = isEnded(till.state.value);
  return (
    <div class="shell">
      <nav class="rail" aria-label="Main">
        <span class="rail-mark">
          <Mark size={32} />
        </span>
        {places.map((place) => (
          <button
            key={place.view}
            type="button"
            class="rail-item"
            aria-current={view === place.view ? 'page' : undefined}
            onClick={() => (till.view.value = place.view)}
          >
            <Icon name={place.icon} />
            {place.name}
          </button>
        ))}
      </nav>
      <div class="stage-area">
        <Banners />
        <main class="screen" data-view={view}>
          {view === 'sell' && (ended === undefined ? <Sell /> : <Ended />)}
          {view === 'sales' && <Sales />}
          {view === 'drawer' && <WithDrawer show={({ Drawer }) => <Drawer />} />}
          {view === 'till' && <WithThisTill show={({ ThisTill }) => <ThisTill />} />}
        </main>
      </div>
      <KeyTaskDialog />
      <ToastArea />
      <p class="hidden" role="status" aria-live="polite">
        {till.announcement.value}
      </p>
    </div>
  );
}

function KeyTaskDialog(): VNode | null {
  const { keyTask } = useTill();
  const close = (): void => {
    keyTask.value = undefined;
  };
  switch (keyTask.value) {
    case undefined:
      return null;
    case 'change':
      return <WithKeyScreens show={({ ChangeKeyDialog }) => <ChangeKeyDialog onClose={close} />} />;
    case 'go-on':
      return <WithKeyScreens show={({ GoOnDialog }) => <GoOnDialog onClose={close} />} />;
  }
}

const toastMs = 6_000;

function ToastArea(): VNode {
  const till = useTill();
  const toast = till.toast.value;
  useEffect(() => {
    if (toast === undefined) return undefined;
    const timer = setTimeout(() => (till.toast.value = undefined), toastMs);
    return () => clearTimeout(timer);
  }, [toast]);
  return (
    <div class="toast-area" role="status">
      {toast !== undefined && <ToastCard toast={toast} onClose={() => (till.toast.value = undefined)} />}
    </div>
  );
}

function ToastCard({ toast, onClose }: { readonly toast: Toast; readonly onClose: () => void }): VNode {
  const { action } = toast;
  return (
    <div class="toast">
      <p>{toast.text}</p>
      {action !== undefined && (
        <button
          type="button"
          class="button button-quiet"
          onClick={() => {
            onClose();
            action.run();
          }}
        >
          {action.label}
        </button>
      )}
    </div>
  );
}
