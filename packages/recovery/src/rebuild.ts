// A book folded anew out of whatever the survivors of a blackout hold: positions as far as they go without a gap, and everything after that as ops
// without one, in causal order. Every op is verified again; what cannot be taken waits, and is said. Decision 045.
import { createTree, leafHash } from '@tallystick/chain';
import { type Book, type BookStore, openBook, type OpenBookOptions, type Verb } from '@tallystick/kernel';
import { bookFile, META_UNANCHORED } from '@tallystick/kernel/backup';
import type { BookId, OpRecord } from '@tallystick/oplog';
import { RecoveryError } from './errors.ts';
import { type Survey, surveyLogs, type Survivor } from './survey.ts';

export interface RebuildOptions<V extends readonly Verb[]>
  extends Omit<OpenBookOptions<V>, 'snapshot' | 'name' | 'deviceName'> {
  readonly store: BookStore;
  readonly book: BookId;
  readonly survivors: readonly Survivor[];
}

export interface Rebuilt<V extends readonly Verb[]> {
  readonly book: Book<V>;
  readonly survey: Survey;
  /** Ops that somebody holds and that cannot be folded yet, by hash and code: what they build on is missing. */
  readonly waiting: readonly { readonly hash: string; readonly code: string }[];
}

/** Throws `recovery/not-empty`, and `recovery/log` where the first op of the book, or what was put together, does not verify. */
export async function rebuildBook<const V extends readonly Verb[]>(options: RebuildOptions<V>): Promise<Rebuilt<V>> {
  const { survivors, ...open } = options;
  const { store, book: id } = options;
  const { crypto } = store;
  if (crypto === undefined) throw new RecoveryError('recovery/log', 'this store brings no hashing');
  if (store.log.meta('book') !== undefined)
    throw new RecoveryError('recovery/not-empty', 'this store has a book already');
  const survey = await surveyLogs(survivors);
  await store.log.setMeta('book', id);
  await store.log.setMeta(META_UNANCHORED, '1');
  for (const { scope, settled } of survey.scopes) {
    if (settled.length === 0) continue;
    const tree = createTree(crypto.hasher);
    for (const { bytes } of settled) tree.append(leafHash(bytes, crypto.hasher));
    const note = await noteOf(survivors, scope, settled.length);
    await store.log.settle(scope, 0, settled, { size: tree.size, frontier: tree.frontier(), note });
  }
  const book = await openBook<V>(open);
  const rest = survey.scopes.flatMap((scope): readonly OpRecord[] => scope.rest);
  const report = rest.length === 0 ? undefined : await book.import(bookFile(id, [], rest));
  const verified = await book.verify();
  if (!verified.ok) {
    await book.close();
    throw new RecoveryError(
      'recovery/log',
      `what the survivors hold does not verify: ${verified.problems[0]?.message}`,
    );
  }
  const waiting = [...(report?.aside ?? []), ...(report?.notKept ?? [])].map(({ hash, code }) => ({ hash, code }));
  return { book, survey, waiting };
}

/** The relay's checkpoint of exactly this size, where a survivor has it: `verify` holds the tree against it. */
async function noteOf(survivors: readonly Survivor[], scope: OpRecord['op']['scope'], size: number): Promise<string> {
  for (const { log } of survivors) {
    const tip = log.tip(scope);
    if (tip.size === size && tip.note !== '') return tip.note;
  }
  return '';
}
