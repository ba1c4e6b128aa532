/** A device that writes its ops by hand, past the kernel: honest chains, and chains that no honest program would write. */
import type { Hasher } from '@tallystick/chain';
import { type BookId, type JsonObject, type Op, type OpHash, type OpRecord, parseOpId } from '@tallystick/oplog';
import { encodeBundle } from '@tallystick/oplog/transport';
import { type DeviceKey, signOp } from '@tallystick/sign';

export interface WriterOptions {
  readonly key: DeviceKey;
  readonly book: BookId;
  /** The op that enrolled this device, or the last op of its chain when it already has one. */
  readonly after: OpHash;
  /** `seq` of the next op; 1 when left out. */
  readonly seq?: number;
  readonly scope?: Op['scope'];
  readonly hasher: Hasher;
  /** Millisecond that ids and `at` start from; each op is one later. */
  readonly atMs: number;
}

export interface HandWritten {
  readonly verb: string;
  readonly args: JsonObject;
  /** Replaces any member of the op that the writer would have filled in. */
  readonly op?: Partial<Op>;
}

export interface Writer {
  /** The next op of the chain, signed. */
  write(written: HandWritten): Promise<OpRecord>;
}

export function createWriter({ key, book, after, seq = 1, scope, hasher, atMs }: WriterOptions): Writer {
  let next = seq;
  let prev = after;
  return {
    async write({ verb, args, op = {} }) {
      const made: Op = {
        args,
        at: atMs + next,
        device: key.device,
        id: idOf(atMs + next, next, key.device),
        prev,
        scope: scope ?? ('hq' as Op['scope']),
        seq: next,
        verb: verb as Op['verb'],
        ...op,
      };
      const record = await signOp(made, key, book, hasher);
      next = made.seq + 1;
      prev = record.hash;
      return record;
    },
  };
}

/** A book file that holds these records and claims nothing about their order. */
export function bookFileOf(book: BookId, records: readonly OpRecord[]): Uint8Array {
  const header = new TextEncoder().encode(`${JSON.stringify({ tallystick: 'book/1', book, scopes: [] })}\n`);
  const bundle = encodeBundle(records);
  const file = new Uint8Array(header.length + bundle.length);
  file.set(header);
  file.set(bundle, header.length);
  return file;
}

/** A UUIDv7 of this millisecond whose counter is the sequence; devices differ in the bits that do not order. */
function idOf(ms: number, counter: number, device: string): Op['id'] {
  const time = ms.toString(16).padStart(12, '0');
  const high = (0x7000 + (Math.floor(counter / 2 ** 14) % 0x1000)).toString(16);
  const low = (0x8000 + (counter % 2 ** 14)).toString(16);
  const id = parseOpId(`${time.slice(0, 8)}-${time.slice(8)}-${high}-${low}-${device.slice(0, 12)}`);
  if (id === undefined) throw new RangeError(`no id at ${ms}`);
  return id;
}
