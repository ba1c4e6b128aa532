// A file of checksummed frames after a first line that names the format: opening it finds where it is whole, and a write that
// fails leaves no trace.
import { OplogError } from './errors.ts';
import { encodeFrame, type Frame, findFrame, frameChecksum, frameHeaderBytes, readFrame } from './frame.ts';
import type { AppendFile } from './log-store.ts';

export interface Recovery {
  /** Byte offset of the first frame that was not whole; the file now ends here. */
  readonly tornAt: number;
  /** Bytes that stood after it and are gone. */
  readonly lostBytes: number;
}

/** A whole frame by which a file can be known again. */
export interface FramePlace {
  /** Offset of the frame. */
  readonly at: number;
  /** Offset where the next one begins. */
  readonly end: number;
  /** Of the frame, over its place and content. */
  readonly checksum: number;
}

export interface FramedFile {
  readonly recovered: Recovery | undefined;
  /** The last frame; undefined in a file that has none yet. */
  readonly last: FramePlace | undefined;
  /** Appends a frame; it is durable when the offset of its payload is returned. */
  append(kind: number, payload: Uint8Array): number;
  read(offset: number, length: number): Uint8Array;
  close(): void;
}

export interface FramedFileOptions {
  /**
   * A frame that is damaged although whole frames follow it is no torn tail: acknowledged ops are lost. `refuse` (the default)
   * throws `store/damaged` and leaves the file alone; `cut` keeps what stands before it, so copy the file first.
   */
  readonly onDamage?: 'refuse' | 'cut';
}

const formatLine = 'tallystick-log/1\n';
const windowBytes = 1 << 20;

/** Whether this frame still stands where it stood. */
export function hasFrame(file: AppendFile, { at, end, checksum }: FramePlace): boolean {
  const size = file.size();
  if (size < end) return false;
  const frame = readFrame(createWindow(file, size), at);
  return frame?.end === end && frame.checksum === checksum;
}

/** Reads the frames before `to` once more, about a megabyte between two yields. Throws `store/damaged` at one that is not as it was written. */
export function* recheckFrames(file: AppendFile, to: number): Generator<undefined> {
  const read = createWindow(file, to);
  let pausedAt = 0;
  for (let at = formatLine.length; at < to; ) {
    const frame = readFrame(read, at);
    if (frame === undefined) throw new OplogError('store/damaged', `the frame at byte ${at} is damaged in the middle`);
    at = frame.end;
    if (at - pausedAt < windowBytes) continue;
    pausedAt = at;
    yield undefined;
  }
}

/** Opens the file, hands every whole frame to `apply` in order, from the one after `from` on, and cuts a torn tail. */
export function openFramedFile(
  file: AppendFile,
  apply: (frame: Frame) => void,
  options: FramedFileOptions = {},
  from?: FramePlace,
): FramedFile {
  const size = file.size();
  const read = createWindow(file, size);
  let end = 0;
  let last = from;
  // A file that ends in its first line was never written further.
  const begun = String.fromCharCode(...read(0, formatLine.length));
  if (!formatLine.startsWith(begun))
    throw new OplogError(
      /^tallystick-log\/([2-9]|\d\d)/.test(begun) ? 'store/newer' : 'store/format',
      'the file is no tallystick log of version 1',
    );
  if (size >= formatLine.length) {
    end = from?.end ?? formatLine.length;
    for (let frame = readFrame(read, end); frame !== undefined; frame = readFrame(read, end)) {
      apply(frame);
      last = { at: end, end: frame.end, checksum: frame.checksum };
      end = frame.end;
    }
  }
  const recovered = end < size ? { tornAt: end, lostBytes: size - end } : undefined;
  if (recovered !== undefined && end > 0 && options.onDamage !== 'cut')
    refuseDamage(findFrame(read, end + 1, size), end);
  if (recovered !== undefined) file.truncate(end);
  if (end === 0) {
    file.write(0, new TextEncoder().encode(formatLine));
    end = formatLine.length;
  }
  file.flush();
  return createWriter(file, end, recovered, last);
}

function refuseDamage(nextWhole: number | undefined, at: number): void {
  if (nextWhole === undefined) return;
  throw new OplogError(
    'store/damaged',
    `the frame at byte ${at} is damaged, and a whole one follows at byte ${nextWhole}`,
  );
}

/** Reads ahead, so that a log of small frames is opened with few reads. Short only at the end of the file. */
function createWindow(file: AppendFile, size: number): (offset: number, length: number) => Uint8Array {
  let start = 0;
  let bytes: Uint8Array = new Uint8Array(0);
  return (offset, length) => {
    const end = Math.min(offset + length, size);
    if (end <= offset) return new Uint8Array(0);
    if (offset < start || end > start + bytes.length) {
      start = offset;
      bytes = file.read(offset, Math.min(Math.max(length, windowBytes), size - offset));
    }
    return bytes.subarray(offset - start, end - start);
  };
}

function createWriter(
  file: AppendFile,
  start: number,
  recovered: Recovery | undefined,
  found: FramePlace | undefined,
): FramedFile {
  let end = start;
  let last = found;
  let isCutDue = false;
  let isClosed = false;

  function requireOpen(): void {
    if (isClosed) throw new OplogError('store/closed', 'the log file is closed');
  }

  /** Removes what a failed write may have left, so that nothing unacknowledged comes back when the file is opened again. */
  function cut(): void {
    file.truncate(end);
    isCutDue = false;
  }

  function requireOwnEnd(): void {
    const size = file.size();
    if (size !== end)
      throw new OplogError('store/moved', `the file has ${size} bytes where we wrote ${end}: another writer`);
  }

  function append(kind: number, payload: Uint8Array): number {
    requireOpen();
    let checksum: number;
    try {
      if (isCutDue) cut();
      requireOwnEnd();
      isCutDue = true;
      const frame = encodeFrame(kind, payload, end);
      checksum = frameChecksum(frame);
      file.write(end, frame);
      file.flush();
      isCutDue = false;
    } catch (cause) {
      if (cause instanceof OplogError) throw cause;
      throw writeFailed(cause);
    }
    const [at, payloadAt] = [end, end + frameHeaderBytes];
    end = payloadAt + payload.length;
    last = { at, end, checksum };
    return payloadAt;
  }

  function writeFailed(cause: unknown): OplogError {
    try {
      if (isCutDue) cut();
    } catch {
      // The next append cuts first, and fails if it cannot.
    }
    return new OplogError('store/write', 'the log file took no frame; nothing was appended', { cause });
  }

  function read(offset: number, length: number): Uint8Array {
    requireOpen();
    try {
      return file.read(offset, length);
    } catch (cause) {
      throw new OplogError('store/read', `the log file gave no ${length} bytes at ${offset}`, { cause });
    }
  }

  function close(): void {
    if (isClosed) return;
    isClosed = true;
    file.close();
  }

  return {
    recovered,
    get last() {
      return last;
    },
    append,
    read,
    close,
  };
}
