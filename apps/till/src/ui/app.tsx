// Which whole screen the till shows, by what the engine says it is.
import type { VNode } from 'preact';
import type { Shop } from '../engine/port.ts';
import { ShopContext, TillContext } from '../state/context.ts';
import type { Till } from '../state/till.ts';
import { OtherTab } from './full-screens.tsx';
import { WithFailed, WithFirstRun } from './loaded.tsx';
import { Shell } from './shell.tsx';

export interface AppProps {
  readonly till: Till;
  /** An invitation that came with the address. */
  readonly pasted: string | undefined;
}

export function App({ till, pasted }: AppProps): VNode {
  return (
    <TillContext.Provider value={till}>
      <Screen till={till} pasted={pasted} />
    </TillContext.Provider>
  );
}

function Screen({ till, pasted }: AppProps): VNode | null {
  const { phase } = till.state.value;
  switch (phase.kind) {
    case 'starting':
      return null;
    case 'waiting':
      return <OtherTab shop={phase.shop} />;
    case 'first-run':
      return <WithFirstRun show={({ FirstRun }) => <FirstRun pasted={pasted} />} />;
    case 'failed':
      return <WithFailed show={({ Failed }) => <Failed code={phase.code} message={phase.message} />} />;
    case 'open':
      return <OpenTill shop={phase.shop} />;
  }
}

function OpenTill({ shop }: { readonly shop: Shop }): VNode {
  return (
    <ShopContext.Provider value={shop}>
      <Shell />
    </ShopContext.Provider>
  );
}
