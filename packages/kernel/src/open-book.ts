/** `openBook`, the one thing an integrator needs: it opens what is stored, or begins a book, and answers it whole. */
import { portableHasher } from '@tallystick/chain/hashing';
import { type BookId, parseBookId, type Scope as ScopeName } from '@tallystick/oplog';
import { lateEd25519 } from '@tallystick/sign/device';
import { loadActs, loadActsFor } from './acts.ts';
import type { CryptoProvider } from './admitter.ts';
import { retryAtOpening } from './asides.ts';
import { has, isScope, mustBe } from './asked.ts';
import type { Edge } from './author.ts';
import { Book } from './book.ts';
import { builtinVerbs, firstVerbs } from './builtin.ts';
import { mustDeclareTexts } from './declared-texts.ts';
import type { BookStore } from './driver.ts';
import { platformEdge } from './edge.ts';
import { KernelError } from './errors.ts';
import { HQ } from './genesis.ts';
import { KeyRing } from './key-ring.ts';
import { useLateFiles } from './late-files.ts';
import { OwnDevice } from './own-device.ts';
import { loadSeldom } from './parts.ts';
import { deviceKeyName } from './renewal.ts';
import { Replica } from './replica.ts';
import type { SnapshotOptions } from './snapshot-start.ts';
import { META_UNANCHORED } from './status.ts';
import type { Verb } from './verb.ts';

export interface OpenBookOptions<V extends readonly Verb[]> {
  readonly store: BookStore;
  /** Every verb version this program knows, of every package it uses. */
  readonly verbs: V;
  /** Where device keys are kept; the store's own key place when left out. */
  readonly keys?: BookStore['keys'];
  readonly crypto?: CryptoProvider;
  /** Join this book instead of opening a new one in an empty store; its records come by `import` or `sync`. */
  readonly book?: BookId;
  /** Start from here where nothing is folded yet, and load tables from here later. Needs `book` in an empty store. */
  readonly snapshot?: SnapshotOptions;
  /** The key of the relay to believe, in verifier-key form. The first relay that is synced with is pinned when left out. */
  readonly relayKey?: string;
  /** Name of a new book. */
  readonly name?: string;
  /** Name of this device in a new book; others are named by the op that enrols them. */
  readonly deviceName?: string;
  /** Where this device writes. A small shop has only `hq`. */
  readonly scope?: ScopeName;
  /** Which scopes are replicated here: all that the relay has; `hq` and the device's own; or these too. */
  readonly replicate?: 'all' | 'own' | readonly ScopeName[];
  /** Name and version of this program, such as `corner-pos 2.1.0`: others are told that they need it for what it adopts. */
  readonly release?: string;
  /**
   * True while the integrator knows of an op of this device that is not here, as in a log that was put aside: it writes nothing then (`kernel/unanchored`). Asked until
   * it may write.
   */
  readonly lacksOwn?: () => boolean;
  readonly edge?: Edge;
}

/** Opens the book in the store, or a new one in an empty store. When it resolves, state is whole. */
export async function openBook<const V extends readonly Verb[]>(options: OpenBookOptions<V>): Promise<Book<V>> {
  useLateFiles();
  mustBeRight(options ?? {});
  const crypto = options.crypto ?? options.store.crypto ?? { hasher: portableHasher, ed25519: lateEd25519(loadActs) };
  const keys = options.keys ?? options.store.keys;
  if (keys === undefined) throw new KernelError('kernel/no-keys', 'pass `keys`: this store keeps none of its own');
  const edge = options.edge ?? platformEdge;
  options.verbs.forEach(mustDeclareTexts);
  const { snapshot } = options;
  const start = snapshot && (await loadSeldom()).snapshotStart(snapshot, options.book);
  // A snapshot names a book too, and says nothing of what this device wrote since. A log without the name is one whose opening was interrupted.
  const { log } = options.store;
  const hadBook = log.meta('book') !== undefined || log.scopes().length > 0;
  const replica = await Replica.open(options.store, options.verbs, crypto, start);
  const name = deviceKeyName(replica.log);
  const hadKey = await keys.load(name);
  const ring = await KeyRing.open(keys, name);
  if (replica.book === undefined && options.book === undefined) {
    const { openGenesis, shapesByName } = await loadActs();
    const root = (await keys.load('root')) ?? (await keys.create('root'));
    const laterVerbs = builtinVerbs.filter(({ ref }) => !firstVerbs.has(ref));
    const verbs = [...options.verbs, ...laterVerbs].map(({ ref }) => ref);
    const names = { name: options.name ?? 'book', deviceName: options.deviceName ?? 'office' };
    const tables = shapesByName(replica.schema.declared.values());
    const { release = '' } = options;
    await openGenesis(replica, { root, device: ring.first, edge, verbs, tables, release, ...names });
  } else {
    // A key that is older than its store has written before: its chain must be learnt before it may grow.
    const isAnchored = hadBook || hadKey === undefined;
    await replica.bind(options.book ?? (replica.book as BookId));
    if (!isAnchored) await replica.log.setMeta(META_UNANCHORED, '1');
  }
  await retryAtOpening(replica);
  const { relayKey } = options;
  if (relayKey !== undefined && relayKey !== replica.log.meta('relay'))
    await (await loadSeldom()).pinRelay(replica, relayKey);
  // What is sold now comes before an op of a clock ahead, so all that is pending may be folded again, when its code cannot be had any more.
  for (const { tail, tailId } of replica.scopes())
    if (Number(`0x${tailId.replace('-', '').slice(0, 12)}`) > edge.now())
      Promise.resolve(loadActsFor(tail)).catch(() => undefined);
  return new Book(replica, options, new OwnDevice(replica, { keyStore: keys, ring, edge, scope: options.scope ?? HQ }));
}

/** Throws `kernel/bad-call`. */
function mustBeRight({ store, verbs, book, scope }: OpenBookOptions<readonly Verb[]>): void {
  mustBe(
    has(store?.log, 'append') && has(store.sql, 'prepare') && Array.isArray(verbs) && verbs.every(Boolean),
    'store and verbs',
  );
  mustBe(book === undefined || parseBookId(book) !== undefined, 'a book');
  mustBe(scope === undefined || isScope(scope), 'a scope');
}
