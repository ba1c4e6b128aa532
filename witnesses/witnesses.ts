/** Every witness there is. */
import { books } from './books.ts';
import { cas } from './cas.ts';
import { chain } from './chain.ts';
import type { Witness } from './claim.ts';
import { distributed } from './distributed.ts';
import { drift } from './drift.ts';
import { entitlements } from './entitlements.ts';
import { federation } from './federation.ts';
import { guards } from './guards.ts';
import { ledger } from './ledger.ts';
import { loss } from './loss.ts';
import { people } from './people.ts';
import { persist } from './persist.ts';
import { pretence } from './pretence.ts';
import { privacy } from './privacy.ts';
import { erasure } from './erasure.ts';
import { recovery } from './recovery.ts';
import { rebuild } from './rebuild.ts';
import { relay } from './relay.ts';
import { replay } from './replay.ts';
import { shelf } from './shelf.ts';
import { retail } from './retail.ts';
import { sign } from './sign.ts';
import { supply } from './supply.ts';
import { trading } from './trade.ts';
import { vectors } from './vectors.ts';

/** In this order. */
export const witnesses: readonly Witness[] = [
  vectors,
  distributed,
  chain,
  sign,
  replay,
  persist,
  relay,
  federation,
  rebuild,
  recovery,
  loss,
  pretence,
  drift,
  shelf,
  people,
  privacy,
  erasure,
  guards,
  ledger,
  books,
  entitlements,
  cas,
  supply,
  retail,
  trading,
];
