/**
 * The gate for verbs (DESIGN section 5): what was folded while it happened is what a replay of the log folds, on every store, in another place and
 * time, for every verb. A verb that no op of the history was accepted of is a hole in the gate, and said.
 */
import { openRecord } from '@tallystick/chain';
import {
  type Book,
  type BookStore,
  type CryptoProvider,
  openBook,
  type TypedRequest,
  type Verb,
} from '@tallystick/kernel';
import { framesOf } from './book-file.ts';
import { createClock, createDice, createEdge, type Dice } from './dice.ts';
import { goElsewhere } from './elsewhere.ts';
import { createSeededKeys } from './keys.ts';

/** New, empty stores by name. */
export type Stores = Readonly<Record<string, () => BookStore | Promise<BookStore>>>;

export interface Occurred {
  readonly verb: string;
  readonly accepted: number;
  readonly refused: number;
}

export interface DeterminismReport {
  /** True when there are no problems. */
  readonly ok: boolean;
  /** Of the live tables. */
  readonly digest: string;
  /** In words, for people. */
  readonly problems: readonly string[];
  /** How often each verb occurred, in the order given. */
  readonly verbs: readonly Occurred[];
}

/** The reading side of any book, whatever verbs it has. */
type AnyBook = Pick<Book<readonly Verb[]>, 'digest' | 'export' | 'query' | 'replay'>;

export interface CheckBookOptions {
  /** Those that must have occurred. */
  readonly verbs: readonly Verb[];
  readonly crypto: CryptoProvider;
  readonly stores: Stores;
}

/** Replays the log of a book into each store, elsewhere, and compares with the live tables. */
export async function checkBook(
  book: AnyBook,
  { verbs, crypto, stores }: CheckBookOptions,
): Promise<DeterminismReport> {
  const problems: string[] = [];
  const { digest } = book.digest();
  for (const [name, open] of Object.entries(stores)) {
    const store = await open();
    const comeBack = goElsewhere();
    const replayed = await book.replay(store).finally(comeBack);
    // It is computed when it is asked for, from the tables of the store.
    const { digest: got } = replayed.digest;
    await store.close();
    if (got !== digest) problems.push(`a replay on ${name} ends in ${got}, not in ${digest}`);
    for (const { code } of replayed.problems) problems.push(`a replay on ${name} meets ${code}`);
  }
  const occurred = await occurrences(book, verbs, crypto);
  for (const { verb, accepted } of occurred)
    if (accepted === 0) problems.push(`no op of ${verb} was accepted: nothing is known of it`);
  const failed = book.query<{ verb: string; times: number }>(
    "SELECT verb, count(*) AS times FROM refusals WHERE code = 'kernel/verb-failed' GROUP BY verb",
  );
  for (const { verb, times } of failed) problems.push(`${verb} failed ${times} times, instead of answering`);
  return { ok: problems.length === 0, digest, problems, verbs: occurred };
}

async function occurrences(book: AnyBook, verbs: readonly Verb[], { hasher }: CryptoProvider): Promise<Occurred[]> {
  const refused = new Set(book.query<{ hash: string }>('SELECT hash FROM refusals').map(({ hash }) => hash));
  const counts = new Map(verbs.map(({ ref }) => [ref, { accepted: 0, refused: 0 }]));
  for (const frame of framesOf(await book.export())) {
    const opened = openRecord(frame, hasher);
    const count = opened.ok ? counts.get(opened.value.op.verb) : undefined;
    if (count === undefined || !opened.ok) continue;
    if (refused.has(opened.value.hash)) count.refused += 1;
    else count.accepted += 1;
  }
  return [...counts].map(([verb, count]) => ({ verb, ...count }));
}

export interface DeterminismOptions<V extends readonly Verb[]> extends CheckBookOptions {
  readonly verbs: V;
  readonly seed?: number;
  /** How many commits the history has; 200 when left out. */
  readonly commits?: number;
  /** What is committed next, drawn from dice and from what the book shows; undefined for nothing. */
  next(dice: Dice, book: Book<V>): TypedRequest<V> | undefined;
}

/** Lives the same history on each store, compares how they end, and replays what was lived on the first into all of them. */
export async function checkDeterminism<const V extends readonly Verb[]>(
  options: DeterminismOptions<V>,
): Promise<DeterminismReport> {
  const { stores } = options;
  const [first, ...others] = Object.entries(stores);
  if (first === undefined) throw new RangeError('there is no store to fold on');
  const problems: string[] = [];
  const book = await live(options, await first[1](), problems);
  const report = await checkBook(book, options);
  await book.close();
  problems.push(...report.problems);
  for (const [name, open] of others) {
    const other = await live(options, await open(), []);
    const { digest } = other.digest();
    await other.close();
    if (digest !== report.digest)
      problems.push(`the same history ends in ${digest} on ${name}, in ${report.digest} on ${first[0]}`);
  }
  return { ...report, ok: problems.length === 0, problems };
}

async function live<V extends readonly Verb[]>(
  { verbs, crypto, seed = 1, commits = 200, next }: DeterminismOptions<V>,
  store: BookStore,
  problems: string[],
): Promise<Book<V>> {
  const clock = createClock();
  const dice = createDice(seed);
  const keys = createSeededKeys(`determinism ${seed}`, crypto);
  const book = await openBook<V>({ store, verbs, crypto, keys, edge: createEdge(clock, { seed }) });
  for (let count = 0; count < commits; count++) {
    clock.advance(dice.pick([0, 1, 250, 60_000]));
    const request = next(dice, book);
    const [commit] = request === undefined ? [] : await book.commitAll([request]);
    if (commit?.ok === false && commit.code === 'kernel/verb-failed')
      problems.push(`${request?.verb} failed at commit ${count}, instead of answering`);
  }
  return book;
}
