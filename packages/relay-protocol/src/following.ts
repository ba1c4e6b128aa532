// Following a home relay: what it has beyond the copy here, checked and stored (docs/spec/relay.md, "Federation"). Its logs are compared by their roots first, so
// that only what grew is asked for, and where it says another thing than before, that is found, kept and told.
import { createTree, type Hasher, type NoteKey } from '@tallystick/chain';
import { type BookId, encodeHex, type Scope, type Tip } from '@tallystick/oplog';
import type { Ed25519 } from '@tallystick/sign';
import { headquarters as hq } from '@tallystick/sign/roster';
import type { RelayClient } from './client.ts';
import { firstDifference } from './divergence.ts';
import { RelayError } from './errors.ts';
import { openFollowedBatch } from './followed-log.ts';
import { createFollower } from './follower.ts';
import type { Outbox } from './outbox.ts';
import type { ScopeStanding } from './replies.ts';
import type { Rosters } from './rosters.ts';
import type { RelayStore } from './store.ts';
import { tileWidth } from './tile-path.ts';

export interface FollowingDesk {
  /** Of the home relay; its reads are signed, where it wants them to be. */
  readonly client: RelayClient;
  readonly home: NoteKey;
  readonly store: RelayStore;
  readonly outbox: Outbox;
  readonly rosters: Rosters;
  readonly hasher: Hasher;
  readonly ed25519: Ed25519;
  nowMs(): number;
  /** A log reaches that far here, durably. */
  onFollowed(book: BookId, scope: Scope, size: number): void;
}

export interface Followed {
  /** Ops that the home relay has and the copy has not. */
  readonly gap: number;
  readonly stored: number;
  /** Ops whose author nobody has let in as far as is known here. */
  readonly unverified: number;
  /** Logs that could not be followed, and why. */
  readonly failed: readonly { readonly scope: Scope; readonly error: unknown }[];
}

const maxKnown = 64;

/** Brings the copy up to the home relay. Throws what the handshake throws; a log that cannot be followed does not hold up the others. */
export async function followBook(desk: FollowingDesk, book: BookId): Promise<Followed> {
  const { store } = desk;
  const sizes = new Map((await store.scopes(book)).map(({ scope, size }) => [scope, size]));
  const standings = await askStandings(desk, book, sizes);
  let [gap, stored, unverified] = [0, 0, 0];
  const failed: { scope: Scope; error: unknown }[] = [];
  for (const [scope, standing] of standings) {
    const size = sizes.get(scope) ?? 0;
    const { rootAtKnown } = standing;
    const isSameRoot = rootAtKnown === undefined || rootAtKnown === (await rootHere(desk, book, scope));
    const isSame = standing.size === size && isSameRoot;
    if (isSame) continue;
    try {
      const followed = await followScope(desk, book, scope);
      stored += followed.stored;
      unverified += followed.unverified;
      gap += Math.max(0, standing.size - size - followed.stored);
    } catch (error) {
      gap += Math.max(0, standing.size - size);
      // Another node on the same copy was first.
      if (error instanceof RelayError && error.code === 'relay/conflict') continue;
      if (error instanceof RelayError && error.evidence.length > 0)
        await keepFinding(desk, book, scope, Math.min(size, standing.size), error);
      failed.push({ scope, error });
    }
  }
  return { gap, stored, unverified, failed };
}

/** Of every log that either side has, `hq` first: it says who may write in the others. */
async function askStandings(
  { client }: FollowingDesk,
  book: BookId,
  sizes: ReadonlyMap<Scope, number>,
): Promise<ReadonlyMap<Scope, ScopeStanding>> {
  const known = [...sizes].map(([scope, size]) => ({ scope, size }));
  // Roots of a book of many scopes are compared in turn; the size of each is, every time.
  const first = known.length > maxKnown ? Math.floor(Math.random() * known.length) : 0;
  const asked = [...known.slice(first), ...known.slice(0, first)].slice(0, maxKnown);
  const standings = new Map<Scope, ScopeStanding>(known.map(({ scope }) => [scope, { scope, size: 0 }]));
  for (const standing of (await client.handshake(book, asked)).scopes) standings.set(standing.scope, standing);
  return new Map([...standings].sort(([left], [right]) => rank(left) - rank(right)));
}

async function followScope(
  desk: FollowingDesk,
  book: BookId,
  scope: Scope,
): Promise<{ readonly stored: number; readonly unverified: number }> {
  const { client, home, store, outbox, rosters, hasher, ed25519 } = desk;
  const tip = await tipHere(desk, book, scope);
  const verifyNote = ed25519.verify.bind(ed25519);
  const follower = createFollower({ client, book, scope, relay: home, verifyNote, hasher, tip });
  let [stored, unverified] = [0, 0];
  for (let page = await follower.next(); page !== undefined; page = await follower.next()) {
    const roster = await rosters.of(book);
    try {
      const opened = await openFollowedBatch({ store, hasher, ed25519, book, scope, roster }, page);
      // The note first: a log of this size is never there without it.
      await outbox.saveNote(book, scope, page.tip.size, page.tip.note);
      await store.append([opened.batch]);
      stored += page.records.length;
      unverified += opened.unverified;
      rosters.grown(roster, opened.batch.enrolments.length);
      desk.onFollowed(book, scope, page.tip.size);
    } catch (error) {
      rosters.forget(book);
      throw error;
    }
  }
  return { stored, unverified };
}

async function tipHere({ store, outbox }: FollowingDesk, book: BookId, scope: Scope): Promise<Tip> {
  const log = await store.log(book, scope);
  if (log === undefined) return { size: 0, frontier: [], note: '' };
  const { size, frontier } = log;
  return { size, frontier, note: (await outbox.note(book, scope, size)) ?? '' };
}

async function rootHere({ store, hasher }: FollowingDesk, book: BookId, scope: Scope): Promise<string | undefined> {
  const log = await store.log(book, scope);
  return log === undefined ? undefined : encodeHex(createTree(hasher, log).root());
}

/** The home relay contradicts what it signed: where, as far as its tiles tell, and its own two notes. */
async function keepFinding(
  { client, store, outbox, nowMs }: FollowingDesk,
  book: BookId,
  scope: Scope,
  common: number,
  { code, evidence }: RelayError,
): Promise<void> {
  const ours = (level: number, index: number): ReturnType<RelayStore['tile']> => store.tile(book, scope, level, index);
  const theirs = (level: number, index: number): Promise<Uint8Array> => {
    const width = Math.min(tileWidth, Math.floor(common / tileWidth ** level) - index * tileWidth);
    return client.tile(book, scope, { level, index, width });
  };
  const position = await firstDifference(common, ours, theirs).catch(() => undefined);
  const at = position === undefined ? {} : { position };
  await outbox.saveFinding(book, { scope, code, ...at, atMs: nowMs(), evidence });
}

function rank(scope: Scope): number {
  return scope === hq ? 0 : 1;
}
