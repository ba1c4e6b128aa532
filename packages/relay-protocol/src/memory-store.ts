// A relay store that forgets: for tests, and for a relay inside a process that is refilled from the edges.
import type { BookId, DeviceId, OpHash, RootHash, Scope } from '@tallystick/oplog';
import { RelayError } from './errors.ts';
import type {
  Batch,
  ChainState,
  Cosignature,
  Enrolment,
  Entry,
  Holder,
  LogState,
  Placed,
  RelayStore,
} from './store.ts';
import { createMemoryWrappedKeys } from './wrapped-keys.ts';

interface Log {
  state: LogState;
  readonly entries: Entry[];
  readonly placed: Map<OpHash, Placed>;
  readonly chains: Map<DeviceId, ChainState>;
  readonly holders: Map<string, Holder>;
  readonly tiles: Map<string, Uint8Array>;
  readonly cosignatures: Map<DeviceId, Cosignature>;
  /** Ends of the batches, ascending, with the root at each. */
  readonly ends: { readonly size: number; readonly root: RootHash }[];
}

interface Shelf {
  readonly logs: Map<Scope, Log>;
  readonly enrolments: Enrolment[];
}

export function createMemoryRelayStore(): RelayStore {
  const shelves = new Map<BookId, Shelf>();
  let identity: string | undefined;
  const logOf = (book: BookId, scope: Scope): Log | undefined => shelves.get(book)?.logs.get(scope);
  return {
    keys: createMemoryWrappedKeys(),
    adoptIdentity: (vkey) => (identity ??= vkey),
    bookCount: () => shelves.size,
    storedBytes(book) {
      return bytesOf([...(shelves.get(book)?.logs.values() ?? [])].flatMap((log) => log.entries));
    },
    scopes(book) {
      const logs = [...(shelves.get(book)?.logs ?? [])];
      return logs.map(([scope, log]) => ({ scope, size: log.state.size })).sort(byScope);
    },
    log: (book, scope) => logOf(book, scope)?.state,
    chains: (book, scope, devices) => pick(logOf(book, scope)?.chains, devices),
    find: (book, scope, hashes) => pick(logOf(book, scope)?.placed, hashes),
    append(batches) {
      checkPlaces(batches, logOf);
      for (const batch of batches) {
        let shelf = shelves.get(batch.book);
        if (shelf === undefined) shelves.set(batch.book, (shelf = { logs: new Map(), enrolments: [] }));
        shelf.logs.set(batch.scope, extendLog(shelf.logs.get(batch.scope) ?? emptyLog(batch.state), batch));
        for (const entry of batch.enrolments) {
          const { hash, bytes } = batch.entries[entry.position - batch.from] as Entry;
          shelf.enrolments.push({ hash, bytes, ...entry });
        }
      }
    },
    claims: (book, scope, tokens) => pick(logOf(book, scope)?.holders, tokens),
    page(book, scope, from, { maxOps, maxBytes }) {
      const log = logOf(book, scope);
      const ends = log?.ends.filter(({ size }) => size > from) ?? [];
      const first = ends[0];
      if (log === undefined || first === undefined) return undefined;
      let last = first;
      for (const end of ends) {
        if (end.size - from > maxOps || bytesOf(log.entries.slice(from, end.size)) > maxBytes) break;
        last = end;
      }
      return { records: log.entries.slice(from, last.size).map(({ bytes }) => bytes), root: last.root };
    },
    records: (book, scope, from, limit) =>
      logOf(book, scope)
        ?.entries.slice(from, from + limit)
        .map(({ bytes }) => bytes) ?? [],
    tile: (book, scope, level, index) => logOf(book, scope)?.tiles.get(`${level}/${index}`),
    enrolments: (book) => [...(shelves.get(book)?.enrolments ?? [])],
    rootAt: (book, scope, size) => logOf(book, scope)?.ends.find((end) => end.size === size)?.root,
    cosign({ book, scope, device, size, line }, maxKept) {
      const kept = logOf(book, scope)?.cosignatures;
      if (kept === undefined || (kept.get(device)?.size ?? 0) > size) return;
      kept.set(device, { device, size, line });
      for (const { device: oldest } of [...kept.values()].sort(byNews).slice(maxKept)) kept.delete(oldest);
    },
    cosignatures: (book, scope) => [...(logOf(book, scope)?.cosignatures.values() ?? [])].sort(byNews),
    close() {},
  };
}

/** Nothing is kept of any batch unless each begins where its log ends and claims what nobody has claimed. */
function checkPlaces(batches: readonly Batch[], logOf: (book: BookId, scope: Scope) => Log | undefined): void {
  const sizes = new Map<string, number>();
  const taken = new Set<string>();
  for (const { book, scope, from, state, claims } of batches) {
    const log = logOf(book, scope);
    const name = `${book} ${scope}`;
    const size = sizes.get(name) ?? log?.state.size ?? 0;
    if (from !== size) throw new RelayError('relay/conflict', `the log of ${scope} has ${size} ops, not ${from}`);
    sizes.set(name, state.size);
    for (const { token } of claims) {
      const isTaken = log?.holders.has(token) === true || taken.has(`${name} ${token}`);
      if (isTaken) throw new RelayError('relay/conflict', `token ${token} is taken`);
      taken.add(`${name} ${token}`);
    }
  }
}

function emptyLog(state: LogState): Log {
  return {
    state,
    entries: [],
    placed: new Map(),
    chains: new Map(),
    holders: new Map(),
    tiles: new Map(),
    cosignatures: new Map(),
    ends: [],
  };
}

function extendLog(log: Log, { entries, state, chains, tiles, claims }: Batch): Log {
  for (const entry of entries) {
    const { hash, device, seq } = entry;
    log.placed.set(hash, { position: log.entries.length, device, seq });
    log.entries.push({ ...entry, bytes: entry.bytes.slice() });
  }
  for (const [device, chain] of chains) log.chains.set(device, chain);
  for (const { token, position } of claims) {
    const { hash, device } = log.entries[position] as Entry;
    log.holders.set(token, { hash, device, position });
  }
  for (const tile of tiles) log.tiles.set(`${tile.level}/${tile.index}`, tile.hashes);
  log.ends.push({ size: state.size, root: state.root });
  log.state = state;
  return log;
}

function pick<K, V>(all: ReadonlyMap<K, V> | undefined, keys: Iterable<K>): Map<K, V> {
  const picked = new Map<K, V>();
  for (const key of keys) {
    const value = all?.get(key);
    if (value !== undefined) picked.set(key, value);
  }
  return picked;
}

function byNews(left: Cosignature, right: Cosignature): number {
  return right.size - left.size || (left.device < right.device ? -1 : 1);
}

function byScope(left: { scope: Scope }, right: { scope: Scope }): number {
  return left.scope < right.scope ? -1 : 1;
}

function bytesOf(entries: readonly Entry[]): number {
  return entries.reduce((sum, { bytes }) => sum + bytes.length, 0);
}
