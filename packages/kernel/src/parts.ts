/**
 * The parts of the kernel that a book needs only for what it is seldom asked, each loaded when it is first asked for (docs/decisions/026-what-loads-when.md).
 * A bundler makes files of their own of them.
 */
import type { MaybePromise } from '@tallystick/oplog';
import { loadActs } from './acts.ts';
import type * as indexedDbLog from './indexed-db-log.ts';
import { loadPart } from './load-part.ts';
import type * as audit from './part-audit.ts';
import type * as exchange from './part-exchange.ts';

export type AuditPart = typeof audit;

/** Those that are here. */
const here: { exchange?: typeof exchange; audit?: typeof audit } = {};

/** What comes from outside: records that are checked, relays, book files. Answers at once where it is here already, as the others do. */
export function loadExchange(): MaybePromise<typeof exchange> {
  return (
    here.exchange ?? loadPart('exchange', async () => (here.exchange = await withActs(import('./part-exchange.ts'))))
  );
}

/** What reads a whole log or all rows: checks, proofs, earlier days, snapshots and archives. */
export function loadAudit(): MaybePromise<typeof audit> {
  return here.audit ?? loadPart('audit', async () => (here.audit = await withActs(import('./part-audit.ts'))));
}

/** The log of a browser that cannot write files. */
export function loadIndexedDbLog(): Promise<typeof indexedDbLog> {
  return loadPart('indexed-db-log', () => import('./indexed-db-log.ts'));
}

/**
 * Loads now what would be loaded when it is first asked for: for a program that runs on while its files may be replaced, such as a server, or a till
 * whose service worker takes up a new version. Throws `kernel/not-loaded`; what is asked for later is tried again.
 */
export async function loadParts(): Promise<void> {
  await Promise.all([loadExchange(), loadAudit()]);
}

/** All of them meet ops that say who may write. */
async function withActs<P>(part: Promise<P>): Promise<P> {
  const [loaded] = await Promise.all([part, loadActs()]);
  return loaded;
}
