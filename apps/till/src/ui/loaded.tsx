// Parts of the interface that are fetched when they are first shown, so that nobody waits for them at a start. The service worker has them too.
import type { VNode } from 'preact';
import type * as BackupScreens from '../backup/screens.ts';
import type * as CorrectionScreens from '../corrections/screens.ts';
import type * as CounterScreens from '../counter/screens.ts';
import type * as EntitlementScreens from '../entitlements/screens.ts';
import type * as KeyScreens from '../keys/screens.ts';
import type * as LayawayScreens from '../layaways/screens.ts';
import type * as ReturnScreens from '../returns/screens.ts';
import type * as StockScreens from '../stock/screens.ts';
import { useEffect, useState } from 'preact/hooks';
import type * as DrawerScreens from './drawer.tsx';
import type * as FirstRunScreens from './first-run.tsx';
import type * as ThisTillScreens from './this-till.tsx';

interface LoadedProps<Screens> {
  readonly load: () => Promise<Screens>;
  readonly show: (screens: Screens) => VNode;
}

/** The screens, or what to show until they are here. */
function Loaded<Screens extends object>({ load, show }: LoadedProps<Screens>): VNode {
  const [screens, setScreens] = useState<Screens>();
  const [fault, setFault] = useState(false);
  useEffect(() => {
    load().then(setScreens, () => setFault(true));
  }, []);
  if (screens !== undefined) return show(screens);
  if (!fault) return <p aria-busy="true">One moment…</p>;
  return (
    <p class="inline-fault" role="alert">
      This part of the till could not be loaded. Check the network and reload.
    </p>
  );
}

type Show<Screens> = Pick<LoadedProps<Screens>, 'show'>;

/** The screens about keys. */
export function WithKeyScreens({ show }: Show<typeof KeyScreens>): VNode {
  return <Loaded load={() => import('../keys/screens.ts')} show={show} />;
}

/** The screens about this till's own backups. */
export function WithBackupScreens({ show }: Show<typeof BackupScreens>): VNode {
  return <Loaded load={() => import('../backup/screens.ts')} show={show} />;
}

/** The screens about the cash and the reports of the drawer. */
export function WithCounterScreens({ show }: Show<typeof CounterScreens>): VNode {
  return <Loaded load={() => import('../counter/screens.ts')} show={show} />;
}

/** What stands otherwise than it was meant. */
export function WithCorrectionScreens({ show }: Show<typeof CorrectionScreens>): VNode {
  return <Loaded load={() => import('../corrections/screens.ts')} show={show} />;
}

/** The screens about coupons, gifts and credit. */
export function WithEntitlementScreens({ show }: Show<typeof EntitlementScreens>): VNode {
  return <Loaded load={() => import('../entitlements/screens.ts')} show={show} />;
}

/** The screens about goods that are put by. */
export function WithLayawayScreens({ show }: Show<typeof LayawayScreens>): VNode {
  return <Loaded load={() => import('../layaways/screens.ts')} show={show} />;
}

/** The screens about goods that come back. */
export function WithReturnScreens({ show }: Show<typeof ReturnScreens>): VNode {
  return <Loaded load={() => import('../returns/screens.ts')} show={show} />;
}

/** The screens about goods on the shelf. */
export function WithStockScreens({ show }: Show<typeof StockScreens>): VNode {
  return <Loaded load={() => import('../stock/screens.ts')} show={show} />;
}

/** The cash drawer and what is done at it. */
export function WithDrawer({ show }: Show<typeof DrawerScreens>): VNode {
  return <Loaded load={() => import('./drawer.tsx')} show={show} />;
}

/** The first minute of a till. */
export function WithFirstRun({ show }: Show<typeof FirstRunScreens>): VNode {
  return <Loaded load={() => import('./first-run.tsx')} show={show} />;
}

/** How this till fares. */
export function WithThisTill({ show }: Show<typeof ThisTillScreens>): VNode {
  return <Loaded load={() => import('./this-till.tsx')} show={show} />;
}
