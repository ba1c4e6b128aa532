// What is kept for a home relay that does not answer (docs/spec/relay.md, "Federation", "Keeping"): judged, durable, and told to those who may read it.
import { type BookId, type OpHash, type OpRecord, type Scope } from '@tallystick/oplog';
import { headquarters as hq } from '@tallystick/sign/roster';
import type { PushAnswer } from './client.ts';
import { RelayError } from './errors.ts';
import type { KeptPage } from './home.ts';
import { createKeptGate, type KeptGateOptions } from './kept-gate.ts';
import type { KeptOp, NewlyKept } from './outbox.ts';
import type { Push, PushOutcome } from './push.ts';
import { notFollowedYet } from './readers.ts';
import { createTurns } from './turns.ts';
import type { PushResult } from './verdict.ts';

export interface KeeperOptions extends KeptGateOptions {
  /** Ops of a book that are in the outbox at most, and bytes of those that wait. Default 250,000 and 256 MiB. */
  readonly maxKept?: { readonly ops: number; readonly bytes: number };
}

export interface Keeper {
  /** Durable when it answers. Throws `relay/mirror-behind` where nothing of the book is here, and `relay/quota` where no more is kept. */
  keep(push: Push): Promise<{ readonly outcome: PushOutcome; readonly news: number; readonly place: number }>;
  page(book: BookId, scope: Scope, after: number): Promise<KeptPage>;
  /** The home relay took these through here; the copy has not got them yet. */
  noteTaken(book: BookId, scope: Scope, records: readonly OpRecord[], answer: PushAnswer): void;
  /** The copy or the outbox has changed. */
  changed(book: BookId): Promise<void>;
  idle(): Promise<void>;
}

type Taken = NewlyKept & { readonly scope: Scope };

/** A device has one of so many shares of what is kept of a book. */
const sharesOfBook = 4;
const maxTaken = 10_000;
const pageOps = 1_000;
const pageBytes = 4 << 20;

export function createKeeper(options: KeeperOptions): Keeper {
  const { store, outbox, nowMs, maxKept = { ops: 250_000, bytes: 256 << 20 } } = options;
  const gate = createKeptGate(options);
  const turns = createTurns();
  const takenByBook = new Map<BookId, Map<OpHash, Taken>>();

  /** What the home relay took just before it went away is kept as well: others build on it. */
  async function keepTaken(book: BookId): Promise<void> {
    const opsByScope = new Map<Scope, NewlyKept[]>();
    for (const { scope, ...op } of takenByBook.get(book)?.values() ?? []) {
      if ((await store.find(book, scope, [op.hash])).size > 0) continue;
      const ops = opsByScope.get(scope) ?? [];
      ops.push(op);
      opsByScope.set(scope, ops);
    }
    if (opsByScope.size === 0) return;
    for (const [scope, ops] of opsByScope) await outbox.keep(book, scope, ops, nowMs());
    takenByBook.delete(book);
    gate.forget(book);
  }

  /**
   * Of what is not here yet. What the home relay refused is settled, and takes no room from others; it stays here, so it takes that of its author. No device fills the
   * outbox alone, whatever it hands in.
   */
  async function requireRoom(book: BookId, news: readonly OpRecord[]): Promise<void> {
    if (news.length === 0) return;
    const { waiting, waitingBytes, acknowledged, refused } = await outbox.summary(book);
    if (waiting + acknowledged + news.length > maxKept.ops || waitingBytes >= maxKept.bytes)
      throw new RelayError('relay/quota', 'no more is kept here for the home relay');
    const share = { ops: maxKept.ops / sharesOfBook, bytes: maxKept.bytes / sharesOfBook };
    if (refused === 0 && waiting < share.ops && waitingBytes < share.bytes) return;
    for (const device of new Set(news.map(({ op }) => op.device))) {
      const { ops, bytes } = await outbox.shareOf(book, device);
      if (ops >= share.ops || bytes >= share.bytes)
        throw new RelayError('relay/quota', `no more of device ${device} is kept here for the home relay`);
    }
  }

  async function keep({ book, scope, frames }: Push): ReturnType<Keeper['keep']> {
    if ((await store.log(book, hq)) === undefined) throw notFollowedYet(book);
    const records = frames.flatMap((frame) => (frame.kind === 'record' ? [frame.record] : []));
    const hashes = records.map(({ hash }) => hash);
    const [placed, known] = [await store.find(book, scope, hashes), await outbox.find(book, scope, hashes)];
    // A device hands in what others wrote, too, and all of it again when it starts anew: what is here needs no room.
    const unknown = records.filter(({ hash }) => !placed.has(hash) && !known.has(hash));
    await requireRoom(book, unknown);
    await keepTaken(book);
    const results = await gate.judge(book, scope, frames);
    const kept = new Set(results.flatMap(({ verdict, hash }) => (verdict === 'kept' ? [hash] : [])));
    const news = unknown.flatMap(({ hash, bytes, op }): NewlyKept[] =>
      kept.has(hash) ? [{ hash, bytes, device: op.device }] : [],
    );
    try {
      if (news.length > 0) await outbox.keep(book, scope, news, nowMs());
    } catch (error) {
      gate.forget(book);
      throw error;
    }
    // What the home relay has said no to is said again.
    const told = results.map((result) => refusalOf(known.get(result.hash)) ?? result);
    const [last] = news.slice(-1);
    const place = last === undefined ? 0 : ((await outbox.find(book, scope, [last.hash])).get(last.hash)?.place ?? 0);
    if (last !== undefined) await gate.noteKept(book, news.length, place);
    return { outcome: outcomeOf(told), news: news.length, place };
  }

  return {
    keep: (push) => turns.take(push.book, () => keep(push)),
    page: async (book, scope, after) => pageOf(await outbox.ops(book, { after, limit: pageOps, scope }), after),
    noteTaken(book, scope, records, { results }) {
      const taken = takenByBook.get(book) ?? new Map<OpHash, Taken>();
      takenByBook.set(book, taken);
      for (const [index, { hash, bytes, op }] of records.entries()) {
        const { position, verdict } = results[index] ?? {};
        if (position === undefined || verdict === 'exists') continue;
        taken.set(hash, { hash, bytes, position, scope, device: op.device });
        const [oldest] = taken.size > maxTaken ? taken.keys() : [];
        if (oldest !== undefined) taken.delete(oldest);
      }
    },
    changed: (book) =>
      turns.take(book, async () => {
        const taken = takenByBook.get(book);
        for (const [hash, { scope }] of taken ?? [])
          if ((await store.find(book, scope, [hash])).size > 0) taken?.delete(hash);
        gate.forget(book);
      }),
    idle: turns.idle,
  };
}

function outcomeOf(results: readonly PushResult[]): PushOutcome {
  const isKnown = results.some(({ verdict }) => verdict === 'kept');
  return { size: 0, checkpoint: '', receipt: '', results, isKnown, opened: false, signaturesChecked: 0 };
}

function refusalOf(op: KeptOp | undefined): PushResult | undefined {
  return op?.state === 'refused' ? op.result : undefined;
}

/** What others may build on: not what the home relay refused. */
function pageOf(ops: readonly KeptOp[], after: number): KeptPage {
  const records: Uint8Array[] = [];
  let [bytes, next] = [0, after];
  for (const op of ops) {
    if (bytes > 0 && bytes + op.bytes.length > pageBytes) break;
    next = op.place;
    if (op.state === 'refused') continue;
    records.push(op.bytes);
    bytes += op.bytes.length;
  }
  return { records, next };
}
