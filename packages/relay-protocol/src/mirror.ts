// A log as files that any host serves (docs/spec/relay.md, "Mirrors"): the checkpoint, tiles and entry bundles of C2SP tlog-tiles. Nobody needs to trust the
// host: whoever reads recomputes the root that the relay signed.
import {
  type Checkpoint,
  consistencyProof,
  type Hasher,
  leafHash,
  type NoteKey,
  type VerifySignature,
} from '@tallystick/chain';
import { type BookId, type MaybePromise, parseBookId, parseScope, type Scope } from '@tallystick/oplog';
import { decodeBundle, encodeBundle } from '@tallystick/oplog/transport';
import type { RelayClient } from './client.ts';
import { RelayError } from './errors.ts';
import { originOf, verifyCheckpoint } from './receipt.ts';
import { tilePath, tileWidth } from './tile-path.ts';
import { growTiles, overTiles, type ReadTile, rootAt } from './tiles.ts';

/** Where a mirror lies: a folder, a bucket, a server. Names have parts with `/` between them. */
export interface MirrorSource {
  load(name: string): MaybePromise<Uint8Array | undefined>;
}

export interface MirrorPlace extends MirrorSource {
  /** Whole or not at all. */
  save(name: string, bytes: Uint8Array): MaybePromise<void>;
  drop(name: string): MaybePromise<void>;
}

/** Which log a mirror holds, and whose notes it is believed by: never a key that came with it. */
export interface MirrorCheck {
  readonly relay: NoteKey;
  readonly verify: VerifySignature;
  readonly hasher: Hasher;
}

/** A verified log, from position `base` on. */
export interface MirroredLog {
  readonly book: BookId;
  readonly scope: Scope;
  readonly size: number;
  /** The relay's checkpoint of exactly this size. */
  readonly note: string;
  readonly base: number;
  records(from: number, limit: number): MaybePromise<readonly { readonly bytes: Uint8Array }[]>;
}

/** What `createFollower` and the prover of a split read a log through. */
export type LogReader = Pick<RelayClient, 'pull' | 'checkpoint' | 'consistency' | 'tile' | 'standing'>;

export interface Mirror extends LogReader {
  /** What the publisher says it holds. */
  index(): Promise<MirrorIndex>;
}

export interface MirrorIndex {
  readonly book: BookId;
  readonly scopes: readonly Scope[];
}

const indexName = 'mirror.json';
const format = 'mirror/1';
const bundlesAtOnce = 8;
const hashBytes = 32;

/** The folder of a scope: `b/042` is `log/b.042`, for many hosts take a slash for one whatever is written. */
function folderOf(scope: Scope): string {
  return `log/${scope.replaceAll('/', '.')}`;
}

export async function publishIndex(place: MirrorPlace, { book, scopes }: MirrorIndex): Promise<void> {
  const before = await place.load(indexName);
  if (before !== undefined && parseIndex(before).book !== book)
    throw new RelayError('relay/mirror-other', 'another book is published there');
  await place.save(indexName, utf8.encode(`${JSON.stringify({ book, scopes, tallystick: format })}\n`));
}

/**
 * Adds to the mirror what it does not have, the checkpoint last, so that it is whole at every moment. Answers how many ops were there. Throws
 * `relay/mirror-other` (another log, or one that ours does not continue), `relay/mirror-stale` (we have less than it), `relay/mirror-missing` (ours begins after it
 * ends), `relay/mirror-damaged` (its tiles are not what was published).
 */
export async function publishLog(place: MirrorPlace, log: MirroredLog, check: MirrorCheck): Promise<number> {
  const folder = folderOf(log.scope);
  const [before, now] = [await openPublished(place, log, check), await openNote(log.note, log, check)];
  const sizeBefore = before?.size ?? 0;
  if (sizeBefore > log.size)
    throw new RelayError('relay/mirror-stale', `${log.size} ops here, ${sizeBefore} are published`);
  if (sizeBefore === log.size && before !== undefined && before.root !== now.root)
    throw new RelayError('relay/mirror-other', 'the log that is published there is not ours');
  if (sizeBefore === log.size) return sizeBefore;
  const start = sizeBefore - (sizeBefore % tileWidth);
  if (start < log.base) throw new RelayError('relay/mirror-missing', `ops ${start} to ${log.base} are in an archive`);
  let size = sizeBefore;
  const readTile = (level: number, index: number): Promise<Uint8Array | undefined> =>
    loadTile(place, folder, size, level, index);
  for (let from = start; from < log.size; from += bundlesAtOnce * tileWidth) {
    const records = await log.records(from, Math.min(bundlesAtOnce * tileWidth, log.size - from));
    for (let at = 0; at < records.length; at += tileWidth) {
      const bundle = records.slice(at, at + tileWidth);
      await place.save(
        `${folder}/tile/entries/${tilePath((from + at) / tileWidth, bundle.length)}`,
        encodeBundle(bundle),
      );
    }
    const leaves = records.slice(size - from).map(({ bytes }) => leafHash(bytes, check.hasher));
    for (const { level, index, hashes } of await growTiles(size, leaves, readTile, check.hasher))
      await place.save(`${folder}/tile/${level}/${tilePath(index, hashes.length / hashBytes)}`, hashes);
    size = from + records.length;
  }
  if ((await rootAt(size, readTile, check.hasher)) !== now.root)
    throw new RelayError(
      'relay/mirror-damaged',
      `the tiles of ${log.scope} do not lead to the root that the relay signed`,
    );
  await place.save(`${folder}/checkpoint`, utf8.encode(log.note));
  const present = partialsOf(folder, size);
  for (const name of partialsOf(folder, sizeBefore)) if (!present.includes(name)) await place.drop(name);
  return sizeBefore;
}

/** Tiles and the bundle that were not full at a size: what took their place is wider. */
function partialsOf(folder: string, size: number): string[] {
  const names: string[] = [];
  for (let level = 0, count = size; count > 0; level++, count = Math.floor(count / tileWidth)) {
    const width = count % tileWidth;
    if (width === 0) continue;
    const path = tilePath(Math.floor(count / tileWidth), width);
    names.push(`${folder}/tile/${level}/${path}`);
    if (level === 0) names.push(`${folder}/tile/entries/${path}`);
  }
  return names;
}

async function openPublished(
  place: MirrorSource,
  log: MirroredLog,
  check: MirrorCheck,
): Promise<Checkpoint | undefined> {
  const bytes = await place.load(`${folderOf(log.scope)}/checkpoint`);
  return bytes === undefined ? undefined : openNote(new TextDecoder().decode(bytes), log, check);
}

async function openNote(
  note: string,
  { book, scope }: Pick<MirroredLog, 'book' | 'scope'>,
  { relay, verify, hasher }: MirrorCheck,
): Promise<Checkpoint> {
  const opened = await verifyCheckpoint(note, {
    key: relay,
    origin: originOf(relay, book, scope),
    verify,
    hasher,
  });
  if (opened.ok) return opened.value;
  const isOther = opened.code === 'relay/checkpoint-origin' || opened.code === 'chain/note-unsigned';
  throw new RelayError(isOther ? 'relay/mirror-other' : 'relay/mirror-damaged', `${opened.code}: ${opened.message}`);
}

/** As wide as it was in a log of this size. A wider one has it, too. */
async function loadTile(
  place: MirrorSource,
  folder: string,
  size: number,
  level: number,
  index: number,
): Promise<Uint8Array | undefined> {
  const count = Math.floor(size / tileWidth ** level) - index * tileWidth;
  const width = Math.min(tileWidth, count);
  if (width <= 0) return undefined;
  const name = `${folder}/tile/${level}/`;
  const bytes =
    (await place.load(name + tilePath(index, width))) ?? (await place.load(name + tilePath(index, tileWidth)));
  return bytes?.slice(0, width * hashBytes);
}

/**
 * Reads a mirror as a log is read at a relay, one page from where the reader is to the end. Its answers are believed as little: what a reader throws says what is
 * wrong with it, and further `relay/mirror-missing` (a file is not there), `relay/mirror-other`, `relay/mirror-damaged`, `relay/mirror-stale` (less than the
 * reader has) and `relay/mirror-format`.
 */
export function openMirror(source: MirrorSource, check: MirrorCheck): Mirror {
  const checkpointOf = async (book: BookId, scope: Scope): Promise<{ note: string; size: number }> => {
    const note = new TextDecoder().decode(await mustLoad(source, `${folderOf(scope)}/checkpoint`));
    return { note, size: (await openNote(note, { book, scope }, check)).size };
  };
  return {
    index: async () => parseIndex(await mustLoad(source, indexName)),
    checkpoint: async (book, scope) => (await checkpointOf(book, scope)).note,
    async pull(book, scope, from) {
      for (let tries = 0; ; tries++) {
        const { note, size } = await checkpointOf(book, scope);
        if (from > size) {
          const message = `the mirror has ${size} ops, we have ${from}`;
          throw new RelayError('relay/mirror-stale', message, { evidence: [note] });
        }
        try {
          return { from, size, checkpoint: note, frames: await loadEntries(source, folderOf(scope), from, size) };
        } catch (error) {
          // Published anew meanwhile, and what was not full then is gone.
          if (tries === 1 || (await checkpointOf(book, scope)).size === size) throw error;
        }
      }
    },
    async consistency(_book, scope, first, second) {
      const readTile: ReadTile = (level, index) => loadTile(source, folderOf(scope), second, level, index);
      return overTiles(readTile, check.hasher, (readNode) => consistencyProof(first, second, readNode, check.hasher));
    },
    async tile(book, scope, { level, index, width }) {
      const { size } = await checkpointOf(book, scope);
      const hashes = await loadTile(source, folderOf(scope), size, level, index);
      if (hashes !== undefined && hashes.length >= width * hashBytes) return hashes.slice(0, width * hashBytes);
      throw new RelayError('relay/mirror-missing', `tile ${level}/${index} is not ${width} wide`);
    },
    standing: () => Promise.reject(new RelayError('relay/mirror-missing', 'a mirror signs nothing')),
  };
}

async function loadEntries(source: MirrorSource, folder: string, from: number, size: number): Promise<Uint8Array[]> {
  const frames: Uint8Array[] = [];
  for (let index = Math.floor(from / tileWidth); index * tileWidth < size; index++) {
    const width = Math.min(tileWidth, size - index * tileWidth);
    const name = `${folder}/tile/entries/`;
    const bytes =
      (await source.load(name + tilePath(index, width))) ?? (await mustLoad(source, name + tilePath(index, tileWidth)));
    const bundle = decodeBundle(bytes);
    if (bundle.tornAt !== undefined || bundle.frames.length < width)
      throw new RelayError('relay/mirror-damaged', `bundle ${index} of ${folder} has not ${width} records`);
    frames.push(...bundle.frames.slice(Math.max(0, from - index * tileWidth), width));
  }
  return frames;
}

async function mustLoad(source: MirrorSource, name: string): Promise<Uint8Array> {
  const bytes = await source.load(name);
  if (bytes === undefined) throw new RelayError('relay/mirror-missing', `there is no ${name} in the mirror`);
  return bytes;
}

function parseIndex(bytes: Uint8Array): MirrorIndex {
  try {
    const { tallystick, book, scopes } = JSON.parse(new TextDecoder().decode(bytes)) as Readonly<
      Record<string, unknown>
    >;
    const id = parseBookId(book);
    const names = Array.isArray(scopes) ? scopes.map((scope) => parseScope(scope)) : [undefined];
    if (tallystick === format && id !== undefined && !names.includes(undefined))
      return { book: id, scopes: names as Scope[] };
  } catch {
    // Said below.
  }
  throw new RelayError('relay/mirror-format', `${indexName} is not that of a ${format}`);
}

const utf8 = new TextEncoder();
