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
import { useLayoutEffect, useState } from 'preact/hooks';
import type * as DrawerScreens from './drawer.tsx';
import type * as FailedScreens from './failed.tsx';
import type * as FirstRunScreens from './first-run.tsx';
import type * as ThisTillScreens from './this-till.tsx';

interface LoadedProps<Screens> {
  /** Where they were loaded before. */
  readonly known: Screens | undefined;
  readonly load: () => Promise<Screens>;
  readonly show: (screens: Screens) => VNode;
}

/** The screens, or what to show until they are here. */
function Loaded<Screens extends object>({ known, load, show }: LoadedProps<Screens>): VNode {
  const [screens, setScreens] = useState(known);
  const [fault, setFault] = useState(false);
  useLayoutEffect(() => {
    if (known === undefined) load().then(setScreens, () => setFault(true));
  }, []);
  if (screens !== undefined) return show(screens);
  if (!fault) return <p aria-busy="true">One moment…</p>;
  return (
    <p class="inline-fault" role="alert">
      This part of the till could not be loaded. Check the network and reload.
    </p>
  );
}

type With<Screens> = (props: Pick<LoadedProps<Screens>, 'show'>) => VNode;

/** What was loaded once is shown at once: nobody waits a second time, and no key falls between two screens. */
function loaded<Screens extends object>(load: () => Promise<Screens>): With<Screens> {
  let known: Screens | undefined;
  const keep = async (): Promise<Screens> => (known = await load());
  return ({ show }) => <Loaded known={known} load={keep} show={show} />;
}

/** The screens about keys. */
export const WithKeyScreens: With<typeof KeyScreens> = loaded(() => import('../keys/screens.ts'));

/** The screens about this till's own backups. */
export const WithBackupScreens: With<typeof BackupScreens> = loaded(() => import('../backup/screens.ts'));

/** The screens about the cash and the reports of the drawer. */
export const WithCounterScreens: With<typeof CounterScreens> = loaded(() => import('../counter/screens.ts'));

/** What stands otherwise than it was meant. */
export const WithCorrectionScreens: With<typeof CorrectionScreens> = loaded(() => import('../corrections/screens.ts'));

/** The screens about coupons, gifts and credit. */
export const WithEntitlementScreens: With<typeof EntitlementScreens> = loaded(
  () => import('../entitlements/screens.ts'),
);

/** The screens about goods that are put by. */
export const WithLayawayScreens: With<typeof LayawayScreens> = loaded(() => import('../layaways/screens.ts'));

/** The screens about goods that come back. */
export const WithReturnScreens: With<typeof ReturnScreens> = loaded(() => import('../returns/screens.ts'));

/** The screens about goods on the shelf. */
export const WithStockScreens: With<typeof StockScreens> = loaded(() => import('../stock/screens.ts'));

/** The cash drawer and what is done at it. */
export const WithDrawer: With<typeof DrawerScreens> = loaded(() => import('./drawer.tsx'));

/** What stands in the place of a till whose log does not open. */
export const WithFailed: With<typeof FailedScreens> = loaded(() => import('./failed.tsx'));

/** The first minute of a till. */
export const WithFirstRun: With<typeof FirstRunScreens> = loaded(() => import('./first-run.tsx'));

/** How this till fares. */
export const WithThisTill: With<typeof ThisTillScreens> = loaded(() => import('./this-till.tsx'));
