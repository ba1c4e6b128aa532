/** Which relay a replica believes: the key that it pinned, and the epoch of its notes (DESIGN section 7). */
import { encodeVerifierKey, parseVerifierKey } from '@tallystick/chain';
import type { BookId, Scope as ScopeName } from '@tallystick/oplog';
import { type NoteCheck, originOf, type RelayKey } from '@tallystick/relay-protocol';
import { KernelError } from './errors.ts';
import { META_EPOCH, META_RELAY, pinnedEpoch, type RelayEpoch } from './relay-epoch.ts';
import type { Replica } from './replica.ts';

export interface PinnedRelay extends RelayKey {
  readonly epoch: number;
}

/** The relay whose notes this replica believes, as pinned, or undefined. */
export function pinnedRelay({ log, crypto }: Replica): PinnedRelay | undefined {
  const text = log.meta(META_RELAY);
  const parsed = text === undefined ? undefined : parseVerifierKey(text, crypto.hasher);
  return parsed?.ok === true ? { ...parsed.value, epoch: pinnedEpoch(log) } : undefined;
}

/** By what notes of this relay about one log of the book are checked. */
export function noteCheck({ book, crypto }: Replica, relay: RelayKey, scope: ScopeName): NoteCheck {
  const { hasher, ed25519 } = crypto;
  return { key: relay, origin: originOf(relay, book as BookId, scope), verify: ed25519.verify.bind(ed25519), hasher };
}

export function isPinned(replica: Replica, { vkey, epoch }: RelayEpoch): boolean {
  const pinned = pinnedRelay(replica);
  return pinned?.epoch === epoch && encodeVerifierKey(pinned, replica.crypto.hasher) === vkey;
}

/**
 * Pins the relay's key, once. Another key later is an error, unless the book has appointed another relay since: then that one stays pinned. Throws
 * `kernel/relay-key`.
 */
export async function pinRelay(replica: Replica, vkey: string, epoch = 0): Promise<PinnedRelay> {
  const { hasher } = replica.crypto;
  if (!parseVerifierKey(vkey, hasher).ok) throw new KernelError('kernel/relay-key', `not a relay key: ${vkey}`);
  const pinned = pinnedRelay(replica);
  if (pinned === undefined) await savePin(replica, { vkey, epoch });
  else if (encodeVerifierKey(pinned, hasher) !== vkey && pinned.epoch === 0)
    throw new KernelError('kernel/relay-key', `this book follows relay ${pinned.name}, and not ${vkey}`);
  return pinnedRelay(replica) as PinnedRelay;
}

/** The epoch first: a death between the two is found out, for no appointment says both. */
export async function savePin({ log }: Replica, { vkey, epoch }: RelayEpoch): Promise<void> {
  if (epoch > 0) await log.setMeta(META_EPOCH, String(epoch));
  await log.setMeta(META_RELAY, vkey);
}
