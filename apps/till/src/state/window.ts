// The till and its browser window: the address, the way back, and the warning before leaving.
import { effect } from '@preact/signals';
import type { TillEngine } from '../engine/port.ts';
import { linkKindOf } from '../model/invitation.ts';
import type { Till, View } from './till.ts';

const views: readonly View[] = ['sell', 'sales', 'drawer', 'till'];

/** The link of an office in the address, taken out of it so that it is not left in the history. */
export function takeInvitation(target: Window): string | undefined {
  const { hash } = target.location;
  if (linkKindOf(hash) === undefined) return undefined;
  target.history.replaceState(null, '', target.location.pathname);
  return hash;
}

/** Keeps the screen and the address in step, so that the browser's way back works. */
export function bindView(till: Till, target: Window): void {
  const read = (): void => {
    // An office's link that is opened in this tab changes no more than the address: the start takes it.
    const isLink = linkKindOf(target.location.hash) !== undefined;
    if (isLink && till.state.peek().phase.kind === 'first-run') return target.location.reload();
    const named = views.find((view) => target.location.hash === `#${view}`);
    till.view.value = named ?? 'sell';
  };
  read();
  target.addEventListener('hashchange', read);
  effect(() => {
    const hash = till.view.value === 'sell' ? '' : `#${till.view.value}`;
    if (hash !== target.location.hash) target.history.pushState(null, '', `${target.location.pathname}${hash}`);
  });
  target.addEventListener('popstate', read);
}

/** Asks before the window closes while the relay has not answered for everything. */
export function guardLeaving(till: Till, target: Window): void {
  const ask = (event: BeforeUnloadEvent): void => event.preventDefault();
  effect(() => {
    const { unsent, phase } = till.state.value;
    if (phase.kind === 'open' && unsent > 0) target.addEventListener('beforeunload', ask);
    else target.removeEventListener('beforeunload', ask);
  });
}

/** Tells the engine when the screen goes dark. A window that is being left has no time for what it would do then. */
export function tellRest(engine: Pick<TillEngine, 'rest'>, target: Window): void {
  let isLeaving = false;
  target.addEventListener('pagehide', () => (isLeaving = true));
  target.addEventListener('pageshow', () => (isLeaving = false));
  target.document.addEventListener('visibilitychange', () => {
    if (target.document.hidden && !isLeaving) void engine.rest();
  });
}
