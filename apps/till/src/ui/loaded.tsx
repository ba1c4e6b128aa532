// A part of the interface that is fetched when it is first shown, so that nobody waits for it at a start. The service worker has it too.
import type { VNode } from 'preact';
import type * as Screens from '../keys/screens.ts';
import { useEffect, useState } from 'preact/hooks';

export type KeyScreens = typeof Screens;

/** The screens about keys, or what to show until they are here. */
export function WithKeyScreens({ show }: { readonly show: (screens: KeyScreens) => VNode }): VNode {
  const [screens, setScreens] = useState<KeyScreens>();
  const [fault, setFault] = useState(false);
  useEffect(() => {
    import('../keys/screens.ts').then(setScreens, () => setFault(true));
  }, []);
  if (screens !== undefined) return show(screens);
  if (!fault) return <p aria-busy="true">One moment…</p>;
  return (
    <p class="inline-fault" role="alert">
      This part of the till could not be loaded. Check the network and reload.
    </p>
  );
}
