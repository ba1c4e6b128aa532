// The bare worker: the portable entries of oplog, chain and sign with the pure JavaScript back end, no page, and a platform
// without `crypto.subtle`.
import { subtleTrap } from './subtle-trap.ts';
// The trap stays first.
import { portableHasher } from '@tallystick/chain';
import { nobleEd25519 } from '@tallystick/sign';
import { type Admission, tradeAndAdmit } from './admission.ts';

export interface WorkerReport {
  /** What a page has and this worker must not. */
  readonly pageGlobals: readonly string[];
  /** Times the packages asked for `crypto.subtle`. */
  readonly subtleUses: number;
  /** Whether asking for it is noticed at all. */
  readonly isTrapSet: boolean;
  readonly admission: Admission;
}

const admission = await tradeAndAdmit(nobleEd25519, portableHasher);
const subtleUses = subtleTrap.uses;
void Reflect.get(crypto, 'subtle');
const report: WorkerReport = {
  pageGlobals: ['window', 'document', 'localStorage'].filter((name) => Reflect.has(globalThis, name)),
  subtleUses,
  isTrapSet: subtleTrap.uses === subtleUses + 1,
  admission,
};
postMessage(report);
