// What the conformance suite does to a relay from outside: a book of its own for each clause, devices that write in it, readers that follow it.
import type { Checkpoint, Hasher, NoteKey, VerifySignature } from '@tallystick/chain';
import {
  type BookId,
  createIdMint,
  encodeHex,
  encodeRecord,
  type JsonObject,
  type Op,
  type OpHash,
  type OpId,
  type OpRecord,
  parseBookId,
  parseScope,
  parseVerbRef,
  type Scope,
  signatureOf,
  textOf,
  type Tip,
  type VerbRef,
} from '@tallystick/oplog';
import { createMemoryKeyStore, type DeviceKey, type Ed25519, type Role, signOp } from '@tallystick/sign';
import type { PushAnswer, RelayClient } from './client.ts';
import { createFollower } from './follower.ts';
import { originOf, verifyCheckpoint, verifyReceipt } from './receipt.ts';
import type { RelayInfo } from './replies.ts';
import { type Reader, relayIdOf } from './reader.ts';
import { signReads } from './signed-reads.ts';

export const hq: Scope = parseScope('hq') as Scope;
export const claims: Scope = parseScope('claims') as Scope;

/** The relay under test, as a client of the protocol sees it. */
export interface Subject {
  readonly client: RelayClient;
  /** Its key: as the caller pinned it, or as it says itself. */
  readonly relay: NoteKey;
  /** Whether reads are signed. */
  readonly reads: RelayInfo['reads'];
  readonly hasher: Hasher;
  readonly ed25519: Ed25519;
  readonly url: string;
  /** After so long without an event that must come, a tail is given up. */
  readonly patienceMs: number;
  /** One request as it is, past the client. */
  send(path: string, sent: Sent): Promise<Response>;
  /** Stops the relay without warning and starts it again over what it stored; resolves when it answers. */
  readonly restart: (() => Promise<void>) | undefined;
}

export interface Sent extends Pick<RequestInit, 'method' | 'body' | 'headers' | 'signal'> {
  /** Whose signature it has; nobody's when left out, or where anybody reads. */
  readonly signedBy?: Writer;
}

interface Change {
  readonly verb?: string;
  readonly args?: JsonObject;
  readonly scope?: Scope;
  readonly seq?: number;
  readonly prev?: OpHash;
  readonly seen?: Op['seen'] & object;
  readonly id?: OpId;
}

/** A device and its chains. */
export interface Writer {
  readonly key: DeviceKey;
  /** The next op of its chain. */
  write(change?: Change): Promise<OpRecord>;
  /** An op beside its chain. */
  craft(change: Change): Promise<OpRecord>;
}

export interface Stage {
  readonly book: BookId;
  readonly genesis: OpRecord;
  readonly root: Writer;
  /** Two devices of hq, enrolled. */
  readonly tills: readonly [Writer, Writer];
  /** What opens the book and lets the tills in. */
  readonly opening: readonly OpRecord[];
  /** By the root, in `scope` (`hq` when left out); the op is the caller's to hand in. */
  enrol(name: string, role: Role, scope?: Scope, more?: { readonly untilDay: string }): Promise<[Writer, OpRecord]>;
}

const startMs = 1_764_500_000_000;

/** A violated clause. */
export class Violation extends Error {}

export function ensure(holds: boolean, otherwise: string): asserts holds {
  if (!holds) throw new Violation(otherwise);
}

/** For what is one word, or a list of them: says what came and what belongs there. */
export function ensureSaid(said: unknown, expected: unknown, what: string): void {
  ensure(said === expected, `${what}: ${String(said)}, and not ${String(expected)}`);
}

export function verifyBy({ ed25519 }: Subject): VerifySignature {
  return (key, message, signature) => ed25519.verify(key, message, signature);
}

function ref(text: string): VerbRef {
  const verb = parseVerbRef(text);
  if (verb === undefined) throw new TypeError(`not a verb: ${text}`);
  return verb;
}

/** A book that no relay has seen before, handed in with its first devices. */
export async function openStage(
  subject: Subject,
  { isPushed = true }: { readonly isPushed?: boolean } = {},
): Promise<Stage> {
  const { ed25519, hasher } = subject;
  const keys = createMemoryKeyStore(ed25519, hasher);
  const mint = createIdMint({ now: () => startMs, random: (count) => crypto.getRandomValues(new Uint8Array(count)) });
  const key = await keys.create('root');
  const args = { key: encodeHex(key.publicKey), name: 'Conformance', verbs: ['test.note@1'] };
  const opening = {
    args,
    at: startMs,
    device: key.device,
    id: mint.mint(),
    scope: hq,
    seq: 1,
    verb: ref('book.open@1'),
  };
  const genesis = await signOp(opening, key, undefined, hasher);
  const book = parseBookId(genesis.hash) as BookId;

  const writerOf = (own: DeviceKey, enrolment: OpHash, heads = new Map<Scope, OpRecord>()): Writer => {
    const craft: Writer['craft'] = async ({
      verb = 'test.note@1',
      args: said = {},
      scope = hq,
      seq = 1,
      prev = enrolment,
      id = mint.mint(),
      seen,
    }) => {
      const op = { args: said, at: startMs, device: own.device, id, prev, scope, seq, verb: ref(verb) };
      return signOp(seen === undefined ? op : { ...op, seen }, own, book, hasher);
    };
    return {
      key: own,
      craft,
      async write(change = {}) {
        const head = heads.get(change.scope ?? hq);
        const record = await craft({ seq: (head?.op.seq ?? 0) + 1, prev: head?.hash ?? enrolment, ...change });
        heads.set(change.scope ?? hq, record);
        return record;
      },
    };
  };

  const root = writerOf(key, genesis.hash, new Map([[hq, genesis]]));
  const enrol: Stage['enrol'] = async (name, role, scope = hq, more) => {
    const own = await keys.create(name);
    const member = { device: own.device, key: encodeHex(own.publicKey), name, role, ...more };
    const enrolment = await root.write({ verb: 'device.enroll@1', args: member, scope });
    return [writerOf(own, enrolment.hash), enrolment];
  };
  const [[one, first], [two, second]] = [await enrol('one', 'till'), await enrol('two', 'till')];
  const stage = { book, genesis, root, tills: [one, two], opening: [genesis, first, second], enrol } as const;
  if (isPushed) await push(subject, stage, stage.opening);
  return stage;
}

/** Hands in and checks what may never be otherwise: an answer for each op, and a receipt for each position. */
export async function push(
  subject: Subject,
  { book }: Stage,
  records: readonly OpRecord[],
  scope: Scope = hq,
): Promise<PushAnswer> {
  const answer = await subject.client.push(book, scope, records);
  await requireReceipts(subject, book, scope, answer);
  return answer;
}

export async function requireReceipts(
  subject: Subject,
  book: BookId,
  scope: Scope,
  { receipts, results }: PushAnswer,
): Promise<void> {
  const { relay, hasher } = subject;
  const positions = new Map<string, number>();
  for (const text of receipts) {
    const receipt = await verifyReceipt(text, {
      key: relay,
      origin: originOf(relay, book, scope),
      verify: verifyBy(subject),
      hasher,
    });
    ensure(receipt.ok, `a receipt is not valid: ${receipt.ok ? '' : receipt.code}`);
    for (const { hash, position } of receipt.value.lines) positions.set(hash, position);
  }
  for (const { hash, position } of results)
    ensure(
      position === positions.get(hash),
      `op ${hash} is said to be at ${position}, and its receipt says ${positions.get(hash)}`,
    );
}

export function readerOf({ relay, hasher }: Subject, { key }: Writer): Reader {
  return { device: key.device, relay: relayIdOf(relay, hasher), sign: (message: Uint8Array) => key.sign(message) };
}

/** The logs of a book as one of its devices reads them. */
export function readAs(subject: Subject, writer: Writer): RelayClient {
  return signReads(subject.client, subject.reads === 'public' ? [] : [readerOf(subject, writer)]);
}

/** What a checkpoint of `hq` says, which must be the relay's. */
export async function tipOf(subject: Subject, { book }: Stage, note: string): Promise<Checkpoint> {
  const { relay, hasher } = subject;
  const check = { key: relay, origin: originOf(relay, book, hq), verify: verifyBy(subject), hasher };
  const signed = await verifyCheckpoint(note, check);
  ensure(signed.ok, `a checkpoint is not valid: ${signed.ok ? '' : signed.code}`);
  return signed.value;
}

export interface Heard {
  readonly kind: string;
  readonly id: string;
  readonly scope?: string;
  readonly size?: number;
  readonly code?: string;
}

export interface Listening {
  /** The next event; undefined where the tail has ended. */
  next(): Promise<Heard | undefined>;
  close(): Promise<void>;
}

/** A tail as it comes, for what a client leaves aside. */
export async function listen(
  subject: Subject,
  { book }: Stage,
  signedBy: Writer,
  query = '',
  headers: Record<string, string> = {},
  opened?: Response,
): Promise<Listening> {
  const { status, body } = opened ?? (await subject.send(`/v1/books/${book}/tail${query}`, { headers, signedBy }));
  ensure(status === 200 && body !== null, `a tail is answered ${status}`);
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  const close = (): Promise<void> => reader.cancel().catch(() => undefined);
  return {
    close,
    async next() {
      const timer = setTimeout(() => void close(), subject.patienceMs);
      try {
        for (;;) {
          const end = text.indexOf('\n\n');
          if (end >= 0) {
            const event = text.slice(0, end);
            text = text.slice(end + 2);
            if (/^event: /m.test(event)) return readEvent(event);
            continue;
          }
          const { value, done } = await reader.read();
          if (done) return undefined;
          text += value;
        }
      } finally {
        clearTimeout(timer);
      }
    },
  };
}

function readEvent(text: string): Heard {
  const field = (name: string): string => new RegExp(`^${name}: (.*)$`, 'm').exec(text)?.[1] ?? '';
  const data = JSON.parse(field('data')) as Pick<Heard, 'scope' | 'size' | 'code'>;
  return { ...data, kind: field('event'), id: field('id') };
}

/** Follows a log to its end, strictly, from nothing or from a tip. */
export async function follow(
  subject: Subject,
  { book }: Stage,
  reader: Writer,
  { scope = hq, tip = { size: 0, frontier: [], note: '' } }: { readonly scope?: Scope; readonly tip?: Tip } = {},
): Promise<{ readonly records: readonly OpRecord[]; readonly tip: Tip }> {
  const { relay, hasher } = subject;
  const client = readAs(subject, reader);
  const follower = createFollower({ client, book, scope, relay, verifyNote: verifyBy(subject), hasher, tip });
  const records: OpRecord[] = [];
  let end = tip;
  for (let page = await follower.next(); page !== undefined; page = await follower.next()) {
    records.push(...page.records);
    end = page.tip;
  }
  return { records, tip: end };
}

/** The same op under a signature that is not valid. */
export function damaged(record: OpRecord): OpRecord {
  const signature = signatureOf(record);
  signature[40] = (signature[40] as number) ^ 1;
  return { ...record, bytes: encodeRecord(record.keyId, signature, textOf(record)) };
}

export function hashes(records: readonly OpRecord[]): string {
  return records.map(({ hash }) => hash).join();
}
