// Starts the till in this tab: the engine's worker, the service worker, the screen.
import { effect } from '@preact/signals';
import { render, type VNode } from 'preact';
import { createWorkerEngine } from './engine/client.ts';
import { registerServiceWorker } from './state/service-worker.ts';
import { browserDrafts } from './state/draft.ts';
import { createTill, settleDraft, type Till } from './state/till.ts';
import { bindView, guardLeaving, takeInvitation, tellRest } from './state/window.ts';
import { missingFeature } from './state/browser-features.ts';
import { App } from './ui/app.tsx';
import { Unsupported } from './ui/full-screens.tsx';
import './styles/tokens.css';
import './styles/base.css';
import './styles/controls.css';
import './styles/shell.css';
import './styles/sell.css';
import './styles/cart.css';
import './styles/sell-narrow.css';
import './styles/dialog.css';
import './styles/pages.css';
import './styles/welcome.css';
import './styles/pages-narrow.css';
import './styles/receipt.css';
import './styles/keys.css';

const lack = missingFeature(globalThis);
if (lack === undefined) start();
else show(<Unsupported lack={lack} />);

function show(screen: VNode): void {
  const root = document.getElementById('app');
  root?.replaceChildren();
  if (root !== null) render(screen, root);
}

function start(): void {
  const engine = createWorkerEngine();
  const till: Till = createTill(engine, browserDrafts, () => crypto.randomUUID());
  const pasted = takeInvitation(window);
  bindView(till, window);
  guardLeaving(till, window);
  tellRest(engine, window);
  void registerServiceWorker((restart) => (till.updateReady.value = restart));
  void navigator.storage.persist().then((granted) => (till.persisted.value = granted));

  // The static shell in index.html stays on the screen until there is something true to show.
  const stop = effect(() => {
    if (till.state.value.phase.kind === 'starting') return;
    queueMicrotask(() => {
      stop();
      show(<App till={till} pasted={pasted} />);
    });
  });

  const settled = effect(() => {
    if (till.state.value.phase.kind !== 'open') return;
    queueMicrotask(() => {
      settled();
      void settleDraft(till).then((found) => {
        if (!found.ok)
          till.toast.value = { text: 'Whether this cart was sold already could not be looked up. Reload.' };
        else if (found.value !== undefined)
          till.toast.value = { text: `The last sale was saved: ${found.value.number}` };
      });
    });
  });
}
