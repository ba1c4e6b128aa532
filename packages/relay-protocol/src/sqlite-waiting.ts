// Small batches that are durable in one row for all logs of an append, and not yet in the tables of their logs. For one op at a time of a thousand logs the tables cost
// more than all else a relay does, because each op touches pages of its own in five of them; what a log has waiting is written to them together.
import type { BookId, DeviceId, OpHash, RootHash, Scope } from '@tallystick/oplog';
import type { Batch, ChainState, Entry, LogState, Placed, Tile } from './store.ts';

/** What one log has waiting. */
export interface Waiting {
  readonly log: number;
  /** Of the row with its first batch. */
  readonly row: number;
  /** Ops in the rows before that one, of all logs, since the store was opened. */
  readonly opsBefore: number;
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

export function openWaiting(log: number, row: number, opsBefore: number, { from, state }: Batch): Waiting {
  const empty = { batches: [], entries: [], placed: new Map(), chains: new Map(), tiles: new Map(), ends: [] };
  return { log, row, opsBefore, base: from, state, ...empty };
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

/** The batches that one append adds to what a log has waiting. */
interface MoreWaiting {
  readonly log: number;
  /** What waits already, if anything does. */
  readonly waiting: Pick<Waiting, 'tiles'> | undefined;
  readonly batches: readonly Batch[];
}

interface EncodedBatch {
  readonly log: number;
  readonly from: number;
  readonly state: LogState;
  /** Hash, device, seq, and length of the record. */
  readonly entries: readonly (readonly [OpHash, DeviceId, number, number])[];
  readonly chains: readonly EncodedChain[];
  /**
   * Level, index, length of what is new, and length of what comes before that: the tile of the same place as the last batch of the log had it. Rows of earlier
   * releases leave the fourth out, and have each tile whole.
   */
  readonly tiles: readonly (readonly [number, number, number, number?])[];
}

/** A chain that an entry of the batch is the head of, by the number of that entry, with its forks and what came late; another one as it is. */
type EncodedChain = readonly [entry: number, forks: number, late: number] | readonly [DeviceId, ChainState];

/** Length of the head, the head as JSON, then record after record and tile after tile of each batch. */
export function encodeWaiting(logs: readonly MoreWaiting[]): Buffer {
  const parts: Uint8Array[] = [];
  const head = logs.flatMap(({ log, waiting, batches }) => {
    const grown = new Map<string, Uint8Array>();
    return batches.map(({ from, state, entries, chains, tiles }): EncodedBatch => {
      for (const { bytes } of entries) parts.push(bytes);
      const encodedTiles = tiles.map(({ level, index, hashes }) => {
        const name = tileName(level, index);
        // A log that begins to wait has it whole: only rows of what waits are read again, and they are all there.
        const before = grown.get(name) ?? waiting?.tiles.get(name)?.hashes;
        const kept = before !== undefined && startsWith(hashes, before) ? before.length : 0;
        grown.set(name, hashes);
        parts.push(hashes.subarray(kept));
        return [level, index, hashes.length - kept, kept] as const;
      });
      return {
        log,
        from,
        state,
        entries: entries.map(({ hash, device, seq, bytes }) => [hash, device, seq, bytes.length]),
        chains: [...chains].map((chain) => encodeChain(chain, entries)),
        tiles: encodedTiles,
      };
    });
  });
  const text = Buffer.from(JSON.stringify(head));
  const length = Buffer.alloc(lengthBytes);
  length.writeUInt32BE(text.length);
  return Buffer.concat([length, text, ...parts]);
}

function startsWith(bytes: Uint8Array, start: Uint8Array): boolean {
  return start.length <= bytes.length && Buffer.compare(bytes.subarray(0, start.length), start) === 0;
}

function encodeChain([device, chain]: readonly [DeviceId, ChainState], entries: readonly Entry[]): EncodedChain {
  const { seq, hash, forks, late } = chain;
  const at = entries.findLastIndex((entry) => entry.hash === hash && entry.device === device && entry.seq === seq);
  return at === -1 ? [device, chain] : [at, forks, late];
}

function decodeChain(encoded: EncodedChain, entries: EncodedBatch['entries']): [DeviceId, ChainState] {
  if (typeof encoded[0] === 'string') return [encoded[0], encoded[1] as ChainState];
  const [at, forks, late] = encoded as Extract<EncodedChain, readonly [number, number, number]>;
  const [hash, device, seq] = entries[at] as EncodedBatch['entries'][number];
  return [device, { seq, hash, forks, late }];
}

/**
 * The batches of a row, by the numbers of their logs. `nameOf` gives a log's book and scope; `tilesByName` has those of the rows before, by log, level and index, and
 * takes these. Where a row before is gone, all that this one has of the log is in its tables; a tile without its beginning is too short for whoever would need it.
 */
export function decodeWaiting(
  bytes: Buffer,
  nameOf: (log: number) => { readonly book: BookId; readonly scope: Scope },
  tilesByName: Map<string, Uint8Array>,
): (readonly [log: number, batch: Batch])[] {
  let at = lengthBytes + bytes.readUInt32BE(0);
  const head = JSON.parse(bytes.toString('utf8', lengthBytes, at)) as readonly EncodedBatch[];
  const take = (length: number): Uint8Array => bytes.subarray(at, (at += length));
  const takeTile = (name: string, length: number, kept: number): Uint8Array => {
    const before = tilesByName.get(name)?.subarray(0, kept) ?? new Uint8Array(0);
    const hashes = Uint8Array.from(Buffer.concat([before, take(length)]));
    tilesByName.set(name, hashes);
    return hashes;
  };
  return head.map(({ log, from, state, entries, chains, tiles }) => [
    log,
    {
      ...nameOf(log),
      from,
      state,
      entries: entries.map(([hash, device, seq, length]) => ({ hash, device, seq, bytes: take(length) })),
      chains: new Map(chains.map((chain) => decodeChain(chain, entries))),
      tiles: tiles.map(([level, index, length, kept = 0]) => ({
        level,
        index,
        hashes: takeTile(`${log} ${tileName(level, index)}`, length, kept),
      })),
      enrolments: [],
      claims: [],
    },
  ]);
}
