/** Records made by hand: what a thief or a clone writes with a key, and book files of any records. */
import type { Book } from '@tallystick/kernel';
import {
  type JsonObject,
  type Op,
  type OpHash,
  type OpId,
  type OpRecord,
  type Scope,
  trustedRecord,
  type VerbRef,
} from '@tallystick/oplog';
import { decodeBundle, encodeBundle } from '@tallystick/oplog/transport';
import { openRecord } from '@tallystick/chain';
import { nodeHasher } from '@tallystick/chain/node';
import { type DeviceKey, signOp } from '@tallystick/sign';

const HQ = 'hq' as Scope;
let crafted = 0;

export interface Craft {
  readonly verb?: string;
  readonly args?: JsonObject;
  /** The op that it builds on; the first of its chain links to `enrolment`. */
  readonly after?: OpRecord;
  readonly enrolment?: string;
  readonly scope?: Scope;
  /** Its id is earlier than those of the tests' clocks instead. */
  readonly backDated?: boolean;
}

/** An op as whoever holds `key` can sign it, whatever the device did meanwhile. Its id is later than those of the tests' clocks. */
export async function craft(book: Pick<Book, 'id'>, key: DeviceKey, request: Craft): Promise<OpRecord> {
  const { verb = 'stock.move@1', args = { sku: 'stolen', quantity: 1000 }, after, enrolment, scope = HQ } = request;
  crafted += 1;
  const op: Op = {
    args,
    at: 1_764_500_000_000,
    device: key.device,
    id: `019ad4${request.backDated === true ? '00' : 'ff'}-ffff-7000-8000-${crafted.toString(16).padStart(12, '0')}` as OpId,
    prev: (after?.hash ?? enrolment) as OpHash,
    scope,
    seq: (after?.op.seq ?? 0) + 1,
    verb: verb as VerbRef,
  };
  const { bytes, hash } = await signOp(op, key, book.id, nodeHasher);
  return trustedRecord(bytes, hash);
}

/** A book file with these records, as any untrusted pipe may put one together. */
export function fileOf(book: Pick<Book, 'id'>, records: readonly OpRecord[]): Uint8Array {
  const header = new TextEncoder().encode(`${JSON.stringify({ tallystick: 'book/1', book: book.id, scopes: [] })}\n`);
  return Uint8Array.from(Buffer.concat([header, encodeBundle(records)]));
}

/** Every record that a book holds. */
export async function recordsOf(book: Pick<Book, 'export'>): Promise<OpRecord[]> {
  const bytes = await book.export();
  const { frames } = decodeBundle(bytes.subarray(bytes.indexOf(0x0a) + 1));
  return frames.map((frame) => {
    const opened = openRecord(frame, nodeHasher);
    if (!opened.ok) throw new Error(opened.message);
    return opened.value;
  });
}
