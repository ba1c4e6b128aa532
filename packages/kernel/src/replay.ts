/** Folding a verified log from nothing into an empty database: what proofs compare against and what `replayDigest` means. */
import type { LogStore } from '@tallystick/oplog';
import type { CryptoProvider } from './admitter.ts';
import type { BookDigest } from './digest.ts';
import { has, mustBe } from './asked.ts';
import type { BookStore } from './driver.ts';
import { KernelError } from './errors.ts';
import { Replica } from './replica.ts';
import { createReplayedLog } from './replayed-log.ts';
import type { Verb } from './verb.ts';
import { type LogProblem, VerifiedLog, type VerifiedPage, type VerifyOptions } from './verify.ts';
import { type OlderOps, wholeLog } from './whole-log.ts';
import { mergePending, settle } from './taking-in.ts';

export interface ReplayOptions extends VerifyOptions {
  readonly from: LogStore;
  /** An empty store, in which only rows are made: the replica reads the records of `from`. */
  readonly into: BookStore;
  readonly verbs: readonly Verb[];
  readonly crypto: CryptoProvider;
}

export interface Replayed {
  readonly replica: Replica;
  readonly ops: number;
  /** Signatures checked. */
  readonly signatures: number;
  /** A scan of the tables, made when it is first asked for. */
  readonly digest: BookDigest;
  /** Settled ops whose own signature only a later one covers; looked for with `every`. */
  readonly covered: readonly LogProblem[];
  /** What in the log does not verify; it is not folded. Empty for an honest log. */
  readonly problems: readonly LogProblem[];
}

/** A transaction of so many ops writes each sum once. Pages are smaller, so that what verifying them made is forgotten before. */
const FOLDED_AT_ONCE = 1000;

async function* joined(pages: AsyncIterable<VerifiedPage>): AsyncGenerator<VerifiedPage> {
  let held: VerifiedPage | undefined;
  for await (const page of pages) {
    const goesOn = held !== undefined && held.scope === page.scope && held.tip !== undefined && page.tip !== undefined;
    if (held !== undefined && !goesOn) yield held;
    held = goesOn && held !== undefined ? { ...page, records: [...held.records, ...page.records] } : page;
    if (held.records.length < FOLDED_AT_ONCE) continue;
    yield held;
    held = undefined;
  }
  if (held !== undefined) yield held;
}

/** Folds the whole log of a replica into an empty store. */
export async function replayLive(
  live: Replica,
  into: BookStore,
  older: OlderOps,
  verbs: readonly Verb[],
): Promise<Replayed> {
  return replay({ from: await wholeLog(live, older), into, verbs, crypto: live.crypto });
}

export async function replay({ from, into, verbs, crypto, every = false }: ReplayOptions): Promise<Replayed> {
  mustBeEmpty(into);
  const log = createReplayedLog(from);
  const replica = await Replica.open({ log, sql: into.sql, close: () => undefined }, verbs, crypto);
  const book = from.meta('book');
  if (book !== undefined) await replica.bind(book as Parameters<Replica['bind']>[0]);
  const verified = new VerifiedLog(from, crypto, { every });
  for await (const { scope, records, tip } of joined(verified.pages())) {
    await replica.inSteps(() =>
      tip === undefined ? mergePending(replica, records) : settle(replica, scope, records, tip),
    );
  }
  const { ops, signatures, covered, problems } = verified;
  let digest: BookDigest | undefined;
  return {
    replica,
    ops,
    signatures,
    get digest() {
      return (digest ??= replica.digest());
    },
    covered,
    problems,
  };
}

/** Rows that stand here are those of another log, which a fold into it would take for its own. Throws `kernel/as-of`, and `kernel/bad-call` for what is no store. */
export function mustBeEmpty(into: Pick<BookStore, 'sql'>): void {
  mustBe(has(into?.sql, 'prepare', 'exec'), 'a store');
  const { sql } = into;
  const isMade = sql.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'scopes'").get([]) !== undefined;
  if (isMade && sql.prepare('SELECT 1 FROM scopes').get([]) !== undefined)
    throw new KernelError('kernel/as-of', 'the store to fold into is not empty');
}
