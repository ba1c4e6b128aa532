/**
 * The disk of one simulated machine, with one file. What is written waits in a cache until it is flushed; when the power is cut, what waits is lost in
 * whole or in part, and the last write that came through may be torn.
 */
import type { AppendFile } from '@tallystick/oplog';
import type { CrashPoint } from './crash.ts';
import type { Dice } from './dice.ts';

export interface Disk {
  /** The file, for one life of the machine: every change is a step of `point`. */
  open(point: CrashPoint): AppendFile;
  cutPower(dice: Dice): void;
}

type Bytes = Uint8Array<ArrayBuffer>;
/** A change to the file; `limit` cuts what it writes short. */
type Change = (before: Bytes, limit: number) => Bytes;

export interface DiskOptions {
  /** A disk that lies: what was flushed waits in its cache like everything else. */
  readonly forgetsFlush?: boolean;
}

export function createDisk({ forgetsFlush = false }: DiskOptions = {}): Disk {
  let durable: Bytes = new Uint8Array(0);
  let seen: Bytes = durable;
  let waiting: Change[] = [];
  return {
    open(point) {
      const make = (change: Change): void => {
        point.step();
        seen = change(seen, Infinity);
        waiting.push(change);
      };
      return {
        size: () => seen.length,
        read: (offset, length) => seen.slice(offset, offset + length),
        write(offset, bytes) {
          const kept = bytes.slice();
          make((before, limit) => put(before, offset, kept.subarray(0, limit)));
        },
        truncate: (size) => make((before) => before.slice(0, size)),
        flush() {
          point.step();
          if (forgetsFlush) return;
          durable = seen;
          waiting = [];
        },
        close: () => undefined,
      };
    },
    cutPower(dice) {
      const through = waiting.slice(0, dice.below(waiting.length + 1));
      const torn = dice.chance(2) ? through.length - 1 : through.length;
      for (const [index, change] of through.entries())
        durable = change(durable, index === torn ? dice.below(64) : Infinity);
      seen = durable;
      waiting = [];
    },
  };
}

/** The file after a write. What is appended goes into room that was left behind the bytes, so that a log of many frames is not copied for each. */
function put(before: Bytes, offset: number, bytes: Uint8Array): Bytes {
  const end = offset + bytes.length;
  const isAppended = offset >= before.length && end <= before.buffer.byteLength;
  const size = Math.max(before.length, end);
  const room = isAppended ? before.buffer : new ArrayBuffer(Math.max(65_536, size * 2));
  const after = new Uint8Array(room, 0, size);
  if (!isAppended) after.set(before);
  else after.fill(0, before.length, offset);
  after.set(bytes, offset);
  return after;
}
