// What can still be read of a damaged log file: every whole frame, before and behind those that are not. A frame says where it stands, so none is taken for
// another. Nothing is believed: whoever takes a record hashes it and checks its signature.
import type { OpHash } from './brands.ts';
import { parsePayload } from './file-log-state.ts';
import { findFrame, frameKinds, type ReadBytes, readFrame } from './frame.ts';
import { type OpRecord, trustedRecord } from './record.ts';
import { locateRecords } from './record-frame.ts';

export interface FileSalvage {
  /** In the order in which they were stored. */
  readonly records: readonly OpRecord[];
  /** Offset in the file of the frame in which each was first written, by hash. None where that frame does not read, and a later copy does. */
  readonly placesByHash: ReadonlyMap<OpHash, number>;
  /** Which book it says it is; undefined where that cannot be read. */
  readonly book: string | undefined;
  /** What it noted under each name, as the last note that reads has it. A later one may be among what does not. */
  readonly meta: ReadonlyMap<string, string>;
  /** Bytes in which no whole frame stands. */
  readonly damaged: readonly { readonly at: number; readonly bytes: number }[];
}

const formatLine = 'tallystick-log/1\n';

/** Whether these are the bytes of a log file, as a till exports one that it cannot open: its first line or a whole frame of it reads. */
export function isLogFile(bytes: Uint8Array): boolean {
  return hasFormatLine(bytes) || findFrame(readerOf(bytes), 0, bytes.length) !== undefined;
}

function hasFormatLine(bytes: Uint8Array): boolean {
  return new TextDecoder().decode(bytes.subarray(0, formatLine.length)) === formatLine;
}

/** So many times the bytes of a file are looked at: more than damage of any kind takes, and an end to a file in which frame after frame seems to begin. */
const mostLooks = 256;

/** Reads nothing more once a file was looked at so often. */
function readerOf(bytes: Uint8Array): ReadBytes {
  let leftBytes = mostLooks * bytes.length;
  return (offset, length) => {
    const read = bytes.subarray(offset, leftBytes > 0 ? offset + length : offset);
    leftBytes -= read.length;
    return read;
  };
}

/** Never throws for anything that stands in `bytes`. What it gives up on is named as damaged. */
export function salvageLogFile(bytes: Uint8Array): FileSalvage {
  const read = readerOf(bytes);
  const records = new Map<OpHash, OpRecord>();
  const damaged = hasFormatLine(bytes) ? [] : [{ at: 0, bytes: Math.min(formatLine.length, bytes.length) }];
  const meta = new Map<string, string>();
  const placesByHash = new Map<OpHash, number>();
  for (let at = formatLine.length; at < bytes.length; ) {
    const frame = readFrame(read, at);
    if (frame === undefined) {
      const next = findFrame(read, at + 1, bytes.length) ?? bytes.length;
      damaged.push({ at, bytes: next - at });
      at = next;
      continue;
    }
    if (frame.kind === frameKinds.records || frame.kind === frameKinds.replace)
      for (const record of recordsOf(frame.payload)) {
        records.set(record.hash, record);
        // A copy that was put in its place later says nothing of when it was written.
        if (frame.kind === frameKinds.records) placesByHash.set(record.hash, at);
      }
    if (frame.kind === frameKinds.meta) note(meta, frame.payload);
    at = frame.end;
  }
  return { records: [...records.values()], placesByHash, book: meta.get('book'), meta, damaged };
}

function recordsOf(payload: Uint8Array): OpRecord[] {
  return locateRecords(payload).flatMap(({ hash, at, length }) => {
    try {
      return trustedRecord(payload.subarray(at, at + length), hash);
    } catch {
      return [];
    }
  });
}

function note(meta: Map<string, string>, payload: Uint8Array): void {
  try {
    const [name, value] = parsePayload(payload) as readonly unknown[];
    if (typeof name === 'string' && typeof value === 'string') meta.set(name, value);
  } catch {
    // Checksummed, and no note all the same: nothing that this release wrote.
  }
}
