/**
 * A relay that follows the home relay (docs/spec/relay.md, "Federation"), from the side of a device behind it. What it keeps of others is taken in as if its
 * authors had handed it over, so that a shop which is cut off goes on together; and whether it showed all that the home relay had, the home relay itself says.
 */
import type { NoteKey } from '@tallystick/chain';
import type { BookId, OpHash, Scope as ScopeName } from '@tallystick/oplog';
import { type PushResult, type RelayClient, RelayError } from '@tallystick/relay-protocol';
import { noteDigest, verifyStanding } from '@tallystick/relay-protocol/proof';
import { openRecords } from './admit.ts';
import { mergeRecords } from './merge-records.ts';
import type { Replica } from './replica.ts';
import { noteCheck } from './relay-key.ts';
import { rootOfTip } from './roots.ts';

/** An exchange with a relay that follows the pinned one. */
interface Nearby {
  readonly replica: Replica;
  readonly client: RelayClient;
  readonly book: BookId;
  /** The home relay. */
  readonly relay: NoteKey;
}

/** Up to where it was read, by name and scope: what it forgets in between has a position by then. */
const readUpTo = new WeakMap<Replica, Map<string, number>>();
/** What it may not show, or has not got, is no fault of the exchange. */
const withheld: ReadonlySet<string> = new Set([
  'relay/scope',
  'relay/not-enrolled',
  'relay/revoked',
  'relay/mirror-behind',
]);

/** When a relay near by said last that it keeps an op; in memory alone, so a device that starts anew hands in everything. */
const keptAt = new WeakMap<Replica, Map<string, Map<OpHash, number>>>();
/** After so long it is handed in again: what keeps it may have been lost, or the home relay may have said no. */
const askAgainMs = 10 * 60_000;

/** Which ops this relay keeps, as of what it said in the last ten minutes. */
export function keptBy(replica: Replica, mirror: string, nowMs: number): Map<OpHash, number> {
  const byMirror = keptAt.get(replica) ?? new Map<string, Map<OpHash, number>>();
  keptAt.set(replica, byMirror);
  const kept = byMirror.get(mirror) ?? new Map<OpHash, number>();
  byMirror.set(mirror, kept);
  // A clock that was put back says nothing either.
  for (const [hash, atMs] of kept) if (Math.abs(nowMs - atMs) >= askAgainMs) kept.delete(hash);
  return kept;
}

/** Takes notice of what it answered. Where it misses what ops build on, it has lost what it kept. */
export function noteKept(kept: Map<OpHash, number>, results: readonly PushResult[], nowMs: number): void {
  for (const { hash, verdict } of results) {
    if (verdict === 'kept') kept.set(hash, nowMs);
    if (verdict === 'gap' || verdict === 'basis') kept.clear();
  }
}

/** Answers how many pending ops were folded again. */
export async function takeKept(
  { replica, client, book, nowMs }: Nearby & { readonly nowMs: number },
  mirror: string,
  scopes: readonly ScopeName[],
): Promise<number> {
  const places = readUpTo.get(replica) ?? new Map<string, number>();
  readUpTo.set(replica, places);
  let refolded = 0;
  for (const scope of scopes) {
    const place = `${mirror} ${scope}`;
    try {
      for (;;) {
        const after = places.get(place) ?? 0;
        const { frames, next } = await client.kept(book, scope, after);
        const { records } = openRecords(frames, replica.crypto.hasher);
        const kept = keptBy(replica, mirror, nowMs);
        for (const { hash } of records) kept.set(hash, nowMs);
        if (records.length > 0) refolded += (await replica.exclusive(() => mergeRecords(replica, records))).refolded;
        places.set(place, next);
        if (next === after) break;
      }
    } catch (error) {
      if (!(error instanceof RelayError) || !withheld.has(error.code)) throw error;
    }
  }
  return refolded;
}

/**
 * Whether the home relay, asked through the one that follows it, signs that its logs end where they end here: then nothing of this device can be missing. A
 * log that grew meanwhile says no, and the next exchange asks again.
 */
export async function isCurrent(
  { replica, client, book, relay }: Nearby,
  scopes: readonly ScopeName[],
): Promise<boolean> {
  const { hasher } = replica.crypto;
  for (const scope of scopes) {
    const { size, frontier, note } = replica.log.tip(scope);
    if (note === '') continue;
    try {
      const text = await client.standing(book, scope, note);
      const said = await verifyStanding(text, noteCheck(replica, relay, scope));
      const root = rootOfTip({ size, frontier }, hasher);
      const isSame = said.ok && said.value.size === size && said.value.root === root;
      if (!isSame || said.value.after !== noteDigest(note, relay, hasher)) return false;
    } catch (error) {
      if (error instanceof RelayError) return false;
      throw error;
    }
  }
  return true;
}
