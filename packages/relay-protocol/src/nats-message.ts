// A message of the stream: what one append adds to one book, or one of the small things beside the logs. The records stand as they
// are; what can be computed from them (hashes, tiles) is not sent but computed, and compared with what the sender says.
import { createTree, type Hasher, leafHash, openRecord } from '@tallystick/chain';
import { type BookId, type DeviceId, encodeHex, type OpHash, type RootHash, type Scope } from '@tallystick/oplog';
import { RelayError } from './errors.ts';
import type { Batch, ChainState, Claim, Entry, LogState, LogTables, RosterEntry } from './store.ts';
import { growTiles } from './tiles.ts';

type EncodedChain = readonly [device: DeviceId, seq: number, hash: OpHash, forks: number, late: number];

interface EncodedBatch {
  readonly scope: Scope;
  readonly from: number;
  readonly lengths: readonly number[];
  readonly frontier: readonly string[];
  readonly root: RootHash;
  readonly chains: readonly EncodedChain[];
  readonly enrolments: readonly RosterEntry[];
  readonly claims: readonly Claim[];
}

const lengthBytes = 4;

/** Length of the head in 4 bytes, the head as JSON, the records. */
export function encodeBatches(batches: readonly Batch[]): Uint8Array {
  const head = batches.map(
    ({ scope, from, entries, state, chains, enrolments, claims }): EncodedBatch => ({
      scope,
      from,
      lengths: entries.map(({ bytes }) => bytes.length),
      frontier: state.frontier,
      root: state.root,
      chains: [...chains].map(([device, { seq, hash, forks, late }]) => [device, seq, hash, forks, late]),
      enrolments,
      claims,
    }),
  );
  const text = Buffer.from(JSON.stringify(head));
  const length = Buffer.alloc(lengthBytes);
  length.writeUInt32BE(text.length);
  return Buffer.concat([length, text, ...batches.flatMap(({ entries }) => entries.map(({ bytes }) => bytes))]);
}

/**
 * The batches of another relay, each checked against the log that it continues: every record opens, and the tree over all of them has the
 * root that the sender states. Throws `relay/store` otherwise.
 */
export async function decodeBatches(
  book: BookId,
  body: Uint8Array,
  store: LogTables,
  hasher: Hasher,
): Promise<Batch[]> {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.length);
  const end = lengthBytes + bytes.readUInt32BE(0);
  const head = JSON.parse(bytes.toString('utf8', lengthBytes, end)) as readonly EncodedBatch[];
  const batches: Batch[] = [];
  let at = end;
  for (const { scope, from, lengths, frontier, root, chains, enrolments, claims } of head) {
    const entries = lengths.map((length) => openEntry(bytes.subarray(at, (at += length)), hasher));
    // Of the batch before it in this message, or of the store.
    const before = batches.findLast((batch) => batch.scope === scope)?.state ?? (await store.log(book, scope));
    const state: LogState = { size: from + entries.length, frontier, root };
    const leaves = entries.map((entry) => leafHash(entry.bytes, hasher));
    checkGrowth(before ?? { size: 0, frontier: [] }, from, leaves, state, hasher);
    const readTile = async (level: number, index: number): Promise<Uint8Array | undefined> =>
      batches
        .filter((batch) => batch.scope === scope)
        .flatMap(({ tiles }) => tiles)
        .findLast((tile) => tile.level === level && tile.index === index)?.hashes ??
      store.tile(book, scope, level, index);
    batches.push({
      book,
      scope,
      from,
      entries,
      state,
      chains: new Map(
        chains.map(([device, seq, hash, forks, late]): [DeviceId, ChainState] => [device, { seq, hash, forks, late }]),
      ),
      tiles: await growTiles(from, leaves, readTile, hasher),
      enrolments,
      claims,
    });
  }
  return batches;
}

function openEntry(bytes: Uint8Array, hasher: Hasher): Entry {
  const opened = openRecord(bytes, hasher);
  if (!opened.ok) throw new RelayError('relay/store', `a record in the stream is none: ${opened.code}`);
  const { op, hash } = opened.value;
  return { hash, device: op.device, seq: op.seq, bytes };
}

function checkGrowth(
  before: Pick<LogState, 'size' | 'frontier'>,
  from: number,
  leaves: readonly Uint8Array[],
  state: LogState,
  hasher: Hasher,
): void {
  if (before.size !== from)
    throw new RelayError('relay/store', `a batch from ${from} follows a log of ${before.size} ops`);
  const tree = createTree(hasher, before);
  for (const leaf of leaves) tree.append(leaf);
  const isSame = encodeHex(tree.root()) === state.root && tree.frontier().join() === state.frontier.join();
  if (!isSame)
    throw new RelayError('relay/store', `the records in the stream do not hash to root ${state.root} at ${state.size}`);
}
