// Small batches that are durable in one row for all logs of an append, and not yet in the tables of their logs. For one op at a time of a thousand logs the tables cost
// more than all else a relay does, because each op touches pages of its own in five of them; what a log has waiting is written to them together.
import type { BookId, DeviceId, OpHash, RootHash, Scope } from '@tallystick/oplog';
import type { Batch, ChainState, Entry, LogState, Placed, Tile } from './store.ts';

/** What one log has waiting. */
export interface Waiting {
  readonly log: number;
  /** Of the row with its first batch. */
  readonly row: number;
  /** Without chains and tiles, which are kept once. */
  readonly batches: Batch[];
  /** Ops in the tables. */
  readonly base: number;
  state: LogState;
  readonly entries: Entry[];
  readonly placed: Map<OpHash, Placed>;
  readonly chains: Map<DeviceId, ChainState>;
  /** By level and index. */
  readonly tiles: Map<string, Tile>;
  /** Where the batches end. */
  readonly ends: BatchEnd[];
}

export interface BatchEnd {
  readonly size: number;
  /** Of its records. */
  readonly bytes: number;
  readonly root: RootHash;
}

/** A log writes its tables when it has so many ops waiting. */
const maxOpsOfLog = 16;
const lengthBytes = 4;

/** Enrolments and claims are asked for across logs and by others than their devices: what brings them is in the tables at once. */
export function mayWait(batches: readonly Batch[], waiting: Waiting | undefined): boolean {
  const isPlain = batches.every(({ enrolments, claims }) => enrolments.length === 0 && claims.length === 0);
  const ops = batches.reduce((sum, { entries }) => sum + entries.length, waiting?.entries.length ?? 0);
  return isPlain && ops < maxOpsOfLog;
}

export function openWaiting(log: number, row: number, { from, state }: Batch): Waiting {
  const empty = { batches: [], entries: [], placed: new Map(), chains: new Map(), tiles: new Map(), ends: [] };
  return { log, row, base: from, state, ...empty };
}

export function extendWaiting(waiting: Waiting, batch: Batch): void {
  const { from, state, chains, tiles } = batch;
  const entries = batch.entries.map(detach);
  waiting.batches.push({ ...batch, entries, chains: new Map(), tiles: [] });
  let position = from;
  let bytes = 0;
  for (const entry of entries) {
    waiting.entries.push(entry);
    waiting.placed.set(entry.hash, { position, device: entry.device, seq: entry.seq });
    bytes += entry.bytes.length;
    position += 1;
  }
  for (const [device, chain] of chains) waiting.chains.set(device, chain);
  for (const tile of tiles) waiting.tiles.set(tileName(tile.level, tile.index), tile);
  waiting.ends.push({ size: state.size, bytes, root: state.root });
  waiting.state = state;
}

/** All that waits, to be written to the tables of the log. */
export function batchesOf({ batches, chains, tiles }: Waiting): readonly Batch[] {
  const last = batches.at(-1) as Batch;
  return [...batches.slice(0, -1), { ...last, chains, tiles: [...tiles.values()] }];
}

/** A small record must not keep the large request in memory that it came with. */
function detach(entry: Entry): Entry {
  const { bytes } = entry;
  return bytes.buffer.byteLength <= 4 * bytes.length ? entry : { ...entry, bytes: Uint8Array.from(bytes) };
}

export function tileName(level: number, index: number): string {
  return `${level}/${index}`;
}

interface EncodedBatch {
  readonly log: number;
  readonly from: number;
  readonly state: LogState;
  /** Hash, device, seq, and length of the record. */
  readonly entries: readonly (readonly [OpHash, DeviceId, number, number])[];
  readonly chains: readonly (readonly [DeviceId, ChainState])[];
  /** Level, index and length. */
  readonly tiles: readonly (readonly [number, number, number])[];
}

/** Length of the head, the head as JSON, then record after record and tile after tile of each batch. */
export function encodeWaiting(batches: readonly (readonly [log: number, batch: Batch])[]): Buffer {
  const parts: Uint8Array[] = [];
  const head = batches.map(([log, { from, state, entries, chains, tiles }]): EncodedBatch => {
    for (const { bytes } of entries) parts.push(bytes);
    for (const { hashes } of tiles) parts.push(hashes);
    return {
      log,
      from,
      state,
      entries: entries.map(({ hash, device, seq, bytes }) => [hash, device, seq, bytes.length]),
      chains: [...chains],
      tiles: tiles.map(({ level, index, hashes }) => [level, index, hashes.length]),
    };
  });
  const text = Buffer.from(JSON.stringify(head));
  const length = Buffer.alloc(lengthBytes);
  length.writeUInt32BE(text.length);
  return Buffer.concat([length, text, ...parts]);
}

/** The batches of a row, by the numbers of their logs. `nameOf` gives a log's book and scope. */
export function decodeWaiting(
  bytes: Buffer,
  nameOf: (log: number) => { readonly book: BookId; readonly scope: Scope },
): (readonly [log: number, batch: Batch])[] {
  let at = lengthBytes + bytes.readUInt32BE(0);
  const head = JSON.parse(bytes.toString('utf8', lengthBytes, at)) as readonly EncodedBatch[];
  const take = (length: number): Uint8Array => bytes.subarray(at, (at += length));
  return head.map(({ log, from, state, entries, chains, tiles }) => [
    log,
    {
      ...nameOf(log),
      from,
      state,
      entries: entries.map(([hash, device, seq, length]) => ({ hash, device, seq, bytes: take(length) })),
      chains: new Map(chains),
      tiles: tiles.map(([level, index, length]) => ({ level, index, hashes: take(length) })),
      enrolments: [],
      claims: [],
    },
  ]);
}
