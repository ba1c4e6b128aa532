// Handing on what was kept while the home relay was away (docs/spec/relay.md, "Federation"): in the order it came, `hq` first, done when the home relay has signed for
// it and the log that is followed has it.
import type { Hasher, NoteKey } from '@tallystick/chain';
import { type BookId, type OpHash, parseScope, type Scope, trustedRecord } from '@tallystick/oplog';
import type { Ed25519 } from '@tallystick/sign';
import type { CallOptions, RelayClient } from './client.ts';
import { parseAnswerCode, RelayError } from './errors.ts';
import { isNoAnswer } from './home-circuit.ts';
import type { KeptOp, Lease, Outbox } from './outbox.ts';
import { originOf, verifyReceipt } from './receipt.ts';
import type { RelayStore } from './store.ts';
import type { Verdict } from './verdict.ts';

export interface ForwardingDesk {
  readonly client: RelayClient;
  readonly home: NoteKey;
  readonly store: RelayStore;
  readonly outbox: Outbox;
  readonly hasher: Hasher;
  readonly ed25519: Ed25519;
  /** Of each request. */
  readonly call: CallOptions;
  /** Whether this node still is the one that deals with the home relay. Throws `relay/fenced`. */
  lease(): Promise<Lease>;
  /** What is kept of the book stands otherwise now. */
  onChanged(book: BookId): void;
  nowMs(): number;
}

const hq = parseScope('hq') as Scope;
const opsAtOnce = 500;
/** What the home relay refused for want of an op that may come later. */
const passing: ReadonlySet<Verdict> = new Set(['gap', 'basis', 'unknown-device']);

export interface Forwarded {
  /** Ops. */
  readonly acknowledged: number;
  /** Logs of which the home relay takes nothing now, and why: what is kept of them waits, and holds up no other. */
  readonly refused: ReadonlyMap<Scope, RelayError>;
  /** Whatever waits up to this place is of such a log. */
  readonly heldUpTo: number;
}

/** Throws what the client throws where there is no answer; what was answered until then is kept. */
export async function forwardKept(desk: ForwardingDesk, book: BookId): Promise<Forwarded> {
  for (let acknowledged = 0; ; ) {
    const before = acknowledged;
    const refused = new Map<Scope, RelayError>();
    let after = 0;
    for (let next = await nextOf(desk.outbox, book, refused, after); next !== undefined; ) {
      try {
        acknowledged += await forwardOps(desk, book, next.scope, next.ops);
      } catch (error) {
        if (!isRefusal(error)) throw error;
        refused.set(next.scope, error);
      }
      after = next.after;
      next = await nextOf(desk.outbox, book, refused, after);
    }
    // What was taken now may be what others waited for.
    if (acknowledged === before || !(await renewRefused(desk, book)))
      return { acknowledged, refused, heldUpTo: await lastHeld(desk.outbox, book, refused) };
  }
}

/** The first ops that wait in a log that is not refused, `hq` first. Before `after` only refused ones do. */
async function nextOf(
  outbox: Outbox,
  book: BookId,
  refused: ReadonlyMap<Scope, RelayError>,
  after: number,
): Promise<{ readonly scope: Scope; readonly ops: readonly KeptOp[]; readonly after: number } | undefined> {
  const waiting = { limit: opsAtOnce, state: 'waiting' } as const;
  const above = refused.has(hq) ? [] : await outbox.ops(book, { ...waiting, scope: hq });
  if (above.length > 0) return { scope: hq, ops: above, after };
  for await (const { scope, state, place } of allOps(outbox, book, after))
    if (state === 'waiting' && !refused.has(scope))
      return { scope, ops: await outbox.ops(book, { ...waiting, scope }), after: place - 1 };
  return undefined;
}

async function lastHeld(outbox: Outbox, book: BookId, refused: ReadonlyMap<Scope, RelayError>): Promise<number> {
  let last = 0;
  if (refused.size === 0) return last;
  for await (const { scope, state, place } of allOps(outbox, book)) {
    if (state !== 'waiting') continue;
    // It came meanwhile, or waits again.
    if (!refused.has(scope)) break;
    last = place;
  }
  return last;
}

/** Of the whole push: it was heard, and is not taken as it is or not now. */
function isRefusal(error: unknown): error is RelayError {
  return error instanceof RelayError && parseAnswerCode(error.code) !== undefined && !isNoAnswer(error);
}

/** A position counts under the home relay's signature alone. */
async function forwardOps(
  { client, home, outbox, hasher, ed25519, call, lease, onChanged, nowMs }: ForwardingDesk,
  book: BookId,
  scope: Scope,
  ops: readonly KeptOp[],
): Promise<number> {
  await lease();
  const records = ops.map(({ bytes, hash }) => trustedRecord(bytes, hash));
  const { results, receipts } = await client.push(book, scope, records, call);
  // Of a relay that follows one itself: what is kept further on is not done.
  if (results.some(({ verdict }) => verdict === 'kept'))
    throw new RelayError('relay/busy', 'the home relay is away further on');
  const signed = new Map<OpHash, number>();
  const origin = originOf(home, book, scope);
  for (const receipt of receipts) {
    const opened = await verifyReceipt(receipt, { key: home, origin, verify: ed25519.verify.bind(ed25519), hasher });
    if (opened.ok) for (const { hash, position } of opened.value.lines) signed.set(hash, position);
  }
  const answers = ops.map(({ place }, index) => ({ place, result: results[index] as (typeof results)[number] }));
  const unsigned = answers.find(
    ({ result }) => result.position !== undefined && signed.get(result.hash) !== result.position,
  );
  if (unsigned !== undefined)
    throw new RelayError(
      'relay/bad-answer',
      `the home relay gives op ${unsigned.result.hash} a position and no receipt`,
    );
  await outbox.settle(await lease(), answers, nowMs());
  onChanged(book);
  return answers.filter(({ result }) => result.position !== undefined).length;
}

async function renewRefused({ outbox, lease, onChanged }: ForwardingDesk, book: BookId): Promise<boolean> {
  const places: number[] = [];
  for await (const { place, result } of allOps(outbox, book))
    if (result !== undefined && result.position === undefined && passing.has(result.verdict)) places.push(place);
  if (places.length > 0) await outbox.renew(await lease(), places);
  if (places.length > 0) onChanged(book);
  return places.length > 0;
}

/**
 * Forgets what the followed log has, whoever handed it in there. What the home relay acknowledged, and has not where it said, waits once more. Answers how many were
 * forgotten.
 */
export async function dropFollowed({ store, outbox, lease, onChanged }: ForwardingDesk, book: BookId): Promise<number> {
  const [reached, lost]: [number[], number[]] = [[], []];
  for await (const { place, scope, hash, position } of allOps(outbox, book)) {
    if ((await store.find(book, scope, [hash])).has(hash)) reached.push(place);
    else if (position !== undefined && ((await store.log(book, scope))?.size ?? 0) > position) lost.push(place);
  }
  if (reached.length > 0) await outbox.drop(await lease(), reached);
  if (lost.length > 0) await outbox.renew(await lease(), lost);
  if (reached.length + lost.length > 0) onChanged(book);
  return reached.length;
}

/**
 * Forgets the first of what the home relay refused, where it did so first before `beforeMs`: what came long before that may lack what comes later. Answers how many. Their
 * authors have them: nobody was ever told that they are durable.
 */
export async function letGoRefused(
  { outbox, lease, onChanged }: ForwardingDesk,
  book: BookId,
  beforeMs: number,
): Promise<number> {
  const refused = await outbox.ops(book, { state: 'refused', limit: opsAtOnce });
  const places = refused.filter(({ refusedAtMs = beforeMs }) => refusedAtMs < beforeMs).map(({ place }) => place);
  if (places.length === 0) return 0;
  await outbox.drop(await lease(), places);
  onChanged(book);
  return places.length;
}

async function* allOps(outbox: Outbox, book: BookId, from = 0): AsyncGenerator<KeptOp> {
  for (let after = from; ; ) {
    const ops = await outbox.ops(book, { after, limit: opsAtOnce });
    yield* ops;
    const last = ops.at(-1);
    if (last === undefined) return;
    after = last.place;
  }
}
