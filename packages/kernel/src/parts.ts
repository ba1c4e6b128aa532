/** The parts of the kernel that a book needs only for what it is seldom asked, each loaded when it is first asked for (docs/decisions/026-what-loads-when.md). */
import type { MaybePromise } from '@tallystick/oplog';
import { loadActs } from './acts.ts';
import { loadPart } from './load-part.ts';
import type * as audit from './part-audit.ts';
import type * as exchange from './part-exchange.ts';

export type AuditPart = typeof audit;

/** Those that are here. */
const here: { exchange?: typeof exchange; audit?: typeof audit } = {};

/** What comes from outside: records that are checked, relays, book files. Answers at once where it is here already, as the others do. */
export function loadExchange(): MaybePromise<typeof exchange> {
  return here.exchange ?? loadPart('exchange', async (files) => (here.exchange = await withActs(files.exchange())));
}

/** What reads a whole log or all rows: checks, proofs, earlier days, snapshots and archives. */
export function loadAudit(): MaybePromise<typeof audit> {
  return here.audit ?? loadPart('audit', async (files) => (here.audit = await withActs(files.audit())));
}

/** All of them meet ops that say who may write. */
async function withActs<P>(part: Promise<P>): Promise<P> {
  const [loaded] = await Promise.all([part, loadActs()]);
  return loaded;
}
