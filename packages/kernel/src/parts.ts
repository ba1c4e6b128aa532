/** The part of the kernel that a book needs only for what it is seldom asked, loaded when one of it is first asked for (docs/decisions/026-what-loads-when.md). */
// oxlint-disable @tallystick/no-shared-state -- code of this very build that comes late: no answer depends on when
import type { MaybePromise } from '@tallystick/oplog';
import { loadActs } from './acts.ts';
import { loadPart } from './load-part.ts';
import type * as seldom from './part-seldom.ts';

export type SeldomPart = typeof seldom;

let here: SeldomPart | undefined;

/** Relays, book files and records of others; checks, proofs, earlier days, snapshots and archives. Answers at once where it is here already, and brings the acts: all of it meets ops that say who may write. */
export function loadSeldom(): MaybePromise<SeldomPart> {
  return (
    here ??
    loadPart('seldom', async (files) => {
      const [part] = await Promise.all([files.seldom(), loadActs()]);
      return (here = part);
    })
  );
}
