/** The books, from the relay's log read back: every scope is followed to its signed root, every signature of a run's end holds, every cent is there. */
import { type NoteKey, parseVerifierKey } from '@tallystick/chain';
import { nodeHasher } from '@tallystick/chain/node';
import type { BookId, OpHash, OpRecord, Scope, Tip } from '@tallystick/oplog';
import {
  createFollower,
  createRelayClient,
  originOf,
  type RelayClient,
  relayIdOf,
  signReads,
  verifyReceipt,
} from '@tallystick/relay-protocol';
import type { DeviceKey } from '@tallystick/sign';
import { nodeEd25519 } from '@tallystick/sign/node';
import { mustBe } from '../suite.ts';
import type { RelayProcess } from './relay-process.ts';
import { takingsOf } from './tills.ts';

export interface Readback {
  readonly ops: number;
  readonly minor: number;
  /** Bytes of the records. */
  readonly bytes: number;
  readonly places: ReadonlyMap<string, number>;
}

const verifyNote: typeof nodeEd25519.verify = (key, message, signature) => nodeEd25519.verify(key, message, signature);

/** The same client, reading as this device. */
export function clientAs(relay: Pick<RelayProcess, 'url' | 'vkey'>, { device, sign }: DeviceKey): RelayClient {
  const reader = { device, sign, relay: relayIdOf(pinned(relay), nodeHasher) };
  return signReads(createRelayClient({ url: relay.url }), [reader]);
}

/** Follows a scope from its first op to the end. Throws where a page does not lead to the root that the relay signed. */
export async function followScope(
  relay: Pick<RelayProcess, 'url' | 'vkey'>,
  reader: DeviceKey,
  book: BookId,
  scope: Scope,
  onRecord: (record: OpRecord, position: number) => void,
): Promise<void> {
  const client = clientAs(relay, reader);
  const tip: Tip = { size: 0, frontier: [], note: '' };
  const options = { client, book, scope, relay: pinned(relay), verifyNote, hasher: nodeHasher, tip };
  const follower = createFollower(options);
  for (let page = await follower.next(); page !== undefined; page = await follower.next()) {
    for (const [index, record] of page.records.entries()) onRecord(record, page.from + index);
  }
}

export async function readBack(
  relay: RelayProcess,
  reader: DeviceKey,
  book: BookId,
  scopes: readonly Scope[],
): Promise<Readback> {
  let [ops, minor, bytes] = [0, 0, 0];
  const places = new Map<string, number>();
  for (const scope of scopes) {
    const seqs = new Map<string, number>();
    await followScope(relay, reader, book, scope, (record, position) => {
      const { device, seq } = record.op;
      mustBe(`seq of ${device} in ${scope}`, seq, (seqs.get(device) ?? seq - 1) + 1);
      seqs.set(device, seq);
      ops += 1;
      minor += takingsOf(record);
      bytes += record.bytes.length;
      places.set(placeName(scope, record.hash), position);
    });
  }
  return { ops, minor, bytes, places };
}

export function placeName(scope: Scope, hash: OpHash): string {
  return `${scope} ${hash}`;
}

/** The receipts in answers that were kept: signed by the pinned key, about this log, and true. Answers how many lines they have. */
export async function checkReceipts(
  relay: RelayProcess,
  book: BookId,
  samples: readonly { readonly scope: Scope; readonly answer: string }[],
  { places }: Readback,
): Promise<number> {
  const key = pinned(relay);
  let lines = 0;
  for (const { scope, answer } of samples) {
    const { receipt } = JSON.parse(answer) as { receipt: string };
    const check = { key, origin: originOf(key, book, scope), verify: verifyNote, hasher: nodeHasher };
    const opened = await verifyReceipt(receipt, check);
    if (!opened.ok) throw new Error(`a receipt does not hold: ${opened.code}`);
    for (const { position, hash } of opened.value.lines)
      mustBe(`position of ${hash}`, places.get(placeName(scope, hash)), position);
    lines += opened.value.lines.length;
  }
  return lines;
}

export function pinned({ vkey }: Pick<RelayProcess, 'vkey'>): NoteKey {
  const key = parseVerifierKey(vkey, nodeHasher);
  if (!key.ok) throw new Error(key.code);
  return key.value;
}
