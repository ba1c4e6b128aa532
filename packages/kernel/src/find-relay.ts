/** Whether the relay that answers is the one that the book follows, by the book's own word as far as it is known here (docs/spec/relay.md, "Epochs"). */
import { encodeVerifierKey } from '@tallystick/chain';
import { type BookId, encodeHex } from '@tallystick/oplog';
import { type RelayClient, RelayError } from '@tallystick/relay-protocol';
import { followAppointment } from './appointed-relay.ts';
import { askForAppointment } from './epoch.ts';
import { KernelError } from './errors.ts';
import { HQ } from './genesis.ts';
import { pull } from './pull.ts';
import type { Exchange } from './push.ts';
import { isPinned, pinnedRelay, pinRelay, type PinnedRelay } from './relay-key.ts';
import type { Replica } from './replica.ts';

/** The pinned relay, which is the one that answers. Throws `kernel/relay-key`, `kernel/relay-moved`. */
export async function findRelay(replica: Replica, client: RelayClient, vkey: string): Promise<PinnedRelay> {
  const pinned = (): string | undefined => {
    const relay = pinnedRelay(replica);
    return relay && encodeVerifierKey(relay, replica.crypto.hasher);
  };
  await replica.exclusive(() => followAppointment(replica));
  if (pinned() === undefined) {
    const epoch = await epochOf(replica, client);
    await replica.exclusive(() => pinRelay(replica, vkey, epoch));
  }
  if (pinned() !== vkey) {
    await askForAppointment(replica, client);
    await replica.exclusive(() => followAppointment(replica));
  }
  const relay = pinnedRelay(replica) as PinnedRelay;
  if (pinned() === vkey) return relay;
  const message = `this book follows relay ${relay.name}; the relay answering now signs as ${vkey}`;
  throw new KernelError(relay.epoch > 0 ? 'kernel/relay-moved' : 'kernel/relay-key', message);
}

/** Whoever joins now learns from the relay in which epoch it signs: a note of another one would not pass under it. */
async function epochOf(replica: Replica, client: RelayClient): Promise<number> {
  try {
    return (await client.handshake(replica.book as BookId, [])).epoch;
  } catch (error) {
    if (error instanceof RelayError && error.status !== undefined) return 0;
    throw error;
  }
}

/** The same exchange, in the epoch that the relay says it is in, where it shows that the book appointed it anew. */
export async function inEpoch(exchange: Exchange, epoch: number): Promise<Exchange> {
  if (epoch <= exchange.relay.epoch || exchange.mirror !== undefined) return exchange;
  const { replica, client } = exchange;
  await askForAppointment(replica, client);
  const vkey = encodeVerifierKey(exchange.relay, replica.crypto.hasher);
  await replica.exclusive(() => followAppointment(replica));
  const relay = pinnedRelay(replica) as PinnedRelay;
  return isPinned(replica, { vkey, epoch: relay.epoch }) ? { ...exchange, relay } : exchange;
}

/**
 * What is thrown where a push failed. A relay that the book has replaced takes nothing any more, and its log says by which: that is read, and believed as any log
 * is.
 */
export async function explainRetired(exchange: Exchange, error: unknown): Promise<unknown> {
  if (!(error instanceof RelayError) || error.code !== 'relay/retired') return error;
  await pull(exchange, HQ);
  await requireUnmoved(exchange, error);
  return error;
}

/** Goes over where what was read appoints another relay than the one that was asked. Throws `kernel/relay-moved` then. */
export async function requireUnmoved({ replica, relay }: Exchange, cause?: unknown): Promise<void> {
  if (!(await replica.exclusive(() => followAppointment(replica)))) return;
  const { name, publicKey } = pinnedRelay(replica) as PinnedRelay;
  const isSame = name === relay.name && encodeHex(publicKey) === encodeHex(relay.publicKey);
  if (!isSame) throw new KernelError('kernel/relay-moved', `this book follows relay ${name} now`, cause);
}
