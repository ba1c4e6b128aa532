// What a relay answers to those who read: where a book stands, pages of its logs, checkpoints, tiles and proofs (docs/spec/relay.md, "Reading").
import { consistencyProof, type Hasher, inclusionProof, openRecord } from '@tallystick/chain';
import { type DeviceId, encodeHex } from '@tallystick/oplog';
import { headquarters as hq } from '@tallystick/sign/roster';
import { answerEntries, answerJson, answerNote, answerPage, answerTile } from './answer.ts';
import { cosignedCheckpoint } from './cosigning.ts';
import { RelayError } from './errors.ts';
import type { Home } from './home.ts';
import type { PushDesk } from './push.ts';
import type { IsReadable } from './readers.ts';
import type { OfBook, Route } from './routes.ts';
import type { LogState, RelayStore } from './store.ts';
import { tileWidth } from './tile-path.ts';
import { overTiles, type ReadTile, rootAt } from './tiles.ts';

/** Where the book stands, with the roots at the sizes that the asker knows. */
export async function answerHandshake(
  { store, tenures, hasher }: PushDesk,
  { book, known }: OfBook,
  isAllowed: IsReadable,
  home: Home | undefined,
): Promise<Response> {
  const sizes = new Map(known.map(({ scope, size }) => [scope, size]));
  const standings: unknown[] = [];
  for (const { scope, size } of await store.scopes(book)) {
    if (!(await isAllowed(scope))) continue;
    const at = sizes.get(scope) ?? 0;
    // A mirror that lags says nothing of what it has not got.
    if (home !== undefined && at > size) continue;
    const readTile: ReadTile = (level, index) => store.tile(book, scope, level, index);
    const root = at > 0 && at <= size ? { rootAtKnown: await rootAt(at, readTile, hasher) } : {};
    standings.push({ scope, size, ...root });
  }
  const { epoch, appointment } = await tenures.of(book);
  const place = appointment && (await store.find(book, hq, [appointment.hash])).get(appointment.hash);
  const appointed = place === undefined ? {} : { appointed: place.position };
  return answerJson({ epoch, ...appointed, scopes: standings });
}

/** What needs no more than the store and a signature. */
export async function answerRead(
  desk: PushDesk,
  route: Extract<Route, { kind: 'pull' | 'checkpoint' | 'consistency' | 'inclusion' | 'tile' | 'entries' }>,
  acceptEncoding: string,
): Promise<Response> {
  const { store } = desk;
  const { book, scope } = route;
  const log = await store.log(book, scope);
  if (route.kind === 'checkpoint') {
    if (log === undefined) throw new RelayError('relay/empty', `scope ${scope} has no ops yet`);
    return answerNote(await cosignedCheckpoint(desk, route, log));
  }
  if (route.kind === 'pull') return readPage(desk, route, log, acceptEncoding);
  const readTile: ReadTile = (level, index) => store.tile(book, scope, level, index);
  if (route.kind === 'tile' || route.kind === 'entries') return readTiles(store, route);
  return readProof(route, log?.size ?? 0, readTile, desk.hasher);
}

async function readPage(
  { store, limits, checkpoints }: PushDesk,
  { book, scope, from }: Extract<Route, { kind: 'pull' }>,
  log: LogState | undefined,
  acceptEncoding: string,
): Promise<Response> {
  const size = log?.size ?? 0;
  if (from > size) throw new RelayError('relay/beyond-end', `scope ${scope} has ${size} ops`);
  if (from === size) {
    const checkpoint = log === undefined ? '' : await checkpoints.of(book, scope, log);
    return answerPage([], { checkpoint, size, acceptEncoding });
  }
  const page = await store.page(book, scope, from, { maxOps: limits.maxPageOps, maxBytes: limits.maxPageBytes });
  if (page === undefined) throw new RelayError('relay/store', `scope ${scope} has ${size} ops and none at ${from}`);
  const checkpoint = await checkpoints.of(book, scope, { size: from + page.records.length, root: page.root });
  return answerPage(page.records, { checkpoint, size, acceptEncoding });
}

/** As `readPage`, and nothing after the run that `lastPosition` is in, whose last signature is the one that was checked. */
export async function readLast(
  { store, limits, checkpoints, hasher }: PushDesk,
  { book, scope, from }: Extract<Route, { kind: 'pull' }>,
  lastPosition: number,
  acceptEncoding: string,
): Promise<Response> {
  const page = await store.page(book, scope, from, { maxOps: limits.maxPageOps, maxBytes: limits.maxPageBytes });
  const records = page?.records ?? [];
  const authorAt = (index: number): DeviceId | undefined => {
    const opened = openRecord(records[index] ?? new Uint8Array(0), hasher);
    return opened.ok ? opened.value.op.device : undefined;
  };
  // The rest of the batch that it is in: runs end where batches do.
  const batch = await store.page(book, scope, lastPosition, { maxOps: 1, maxBytes: 1 });
  const end = Math.min(records.length, lastPosition + (batch?.records.length ?? 1) - from);
  let count = Math.min(records.length, lastPosition + 1 - from);
  while (count < end && authorAt(count) === authorAt(count - 1)) count += 1;
  const size = from + count;
  const root = await rootAt(size, (level, index) => store.tile(book, scope, level, index), hasher);
  const checkpoint = await checkpoints.of(book, scope, { size, root });
  return answerPage(records.slice(0, count), { checkpoint, size, acceptEncoding });
}

async function readTiles(store: RelayStore, route: Extract<Route, { kind: 'tile' | 'entries' }>): Promise<Response> {
  const { book, scope, index, width } = route;
  const absent = new RelayError('relay/not-found', `no tile ${index} with ${width} members yet`);
  if (route.kind === 'entries') {
    const records = await store.records(book, scope, index * tileWidth, width);
    if (records.length < width) throw absent;
    return answerEntries(records);
  }
  const hashes = await store.tile(book, scope, route.level, index);
  if (hashes === undefined || hashes.length < width * 32) throw absent;
  return answerTile(hashes.slice(0, width * 32));
}

async function readProof(
  route: Extract<Route, { kind: 'consistency' | 'inclusion' }>,
  size: number,
  readTile: ReadTile,
  hasher: Hasher,
): Promise<Response> {
  const [low, high] = route.kind === 'consistency' ? [route.first - 1, route.second] : [route.index, route.size];
  if (low < 0 || low >= high || high > size) {
    throw new RelayError('relay/bad-request', `no such proof in a log of ${size} ops`);
  }
  const proof = await overTiles(readTile, hasher, (readNode) =>
    route.kind === 'consistency'
      ? consistencyProof(route.first, route.second, readNode, hasher)
      : inclusionProof(route.index, route.size, readNode, hasher),
  );
  return answerJson({ proof: proof.map(encodeHex) });
}
