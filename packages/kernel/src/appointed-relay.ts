/** Which relay this replica believes, and which one the book appointed as far as it is folded here (docs/spec/relay.md, "Epochs"). */
import { encodeVerifierKey } from '@tallystick/chain';
import type { Scope as ScopeName } from '@tallystick/oplog';
import { type AppointArgs, maxExtents } from '@tallystick/sign';
import { relayExtents } from './act-tables.ts';
import { KernelError } from './errors.ts';
import { HQ } from './genesis.ts';
import { appointedRelay } from './relay-epoch.ts';
import { isPinned, pinnedRelay, savePin } from './relay-key.ts';
import type { Replica } from './replica.ts';
import { rootOfTip } from './roots.ts';

/** Which relay a book is to go on at: its C2SP verifier key, and where devices reach it. */
export interface Appointing {
  readonly vkey: string;
  readonly address?: string;
  /** The one after that in force, unless it is to take the place of an appointment by a lower key. */
  readonly epoch?: number;
}

/** With what the logs of the relay begin that this op appointed. */
export function extentsOf({ sql }: Replica, op: string): ReadonlyMap<ScopeName, { size: number; root: string }> {
  const rows = sql.query(`SELECT log, size, root FROM "${relayExtents.name}" WHERE scope = ? AND op = ?`, [HQ, op]);
  return new Map(
    rows.map(({ log, size, root }) => [log as ScopeName, { size: Number(size), root: String(root) }] as const),
  );
}

/**
 * The args of `relay.appoint` by which the book goes on at another relay, with how far each log is settled here. Of more than so many scopes the rest is not
 * listed: the relay's log of such a scope may begin as it will. Throws `kernel/relay-key` where no relay is known yet.
 */
export function appointmentOf(replica: Replica, { vkey, address, epoch }: Appointing): AppointArgs {
  const { log, crypto } = replica;
  const pinned = pinnedRelay(replica);
  if (pinned === undefined) throw new KernelError('kernel/relay-key', 'no relay is known yet that could be replaced');
  const logs = log.scopes().flatMap((scope) => {
    const tip = log.tip(scope);
    const root = rootOfTip(tip, crypto.hasher);
    return tip.size === 0 ? [] : [{ scope, size: tip.size, root }];
  });
  const first = logs.filter(({ scope }) => scope === HQ);
  const listed = [...first, ...logs.filter(({ scope }) => scope !== HQ)].slice(0, maxExtents);
  return {
    epoch: epoch ?? Math.max(pinned.epoch, appointedRelay(replica)?.epoch ?? 0) + 1,
    relay: vkey,
    from: encodeVerifierKey(pinned, crypto.hasher),
    ...(address === undefined ? {} : { address }),
    logs: listed.sort((left, right) => (left.scope < right.scope ? -1 : 1)),
  };
}

/**
 * Goes over to the relay that the book appointed, where it is another than the one that is pinned: receipts and notes of the one before say nothing of the logs of
 * this one. Which positions stay is seen when it is reached. Answers whether it did. Call inside `exclusive`.
 */
export async function followAppointment(replica: Replica): Promise<boolean> {
  const [pinned, appointed] = [pinnedRelay(replica), appointedRelay(replica)];
  // Who joined later may know of a later epoch than is folded here yet.
  if (pinned === undefined || appointed === undefined || appointed.epoch < pinned.epoch) return false;
  if (isPinned(replica, appointed)) return false;
  const { log } = replica;
  await replica.transaction(async () => {
    for (const scope of log.scopes()) await log.unsettle(scope, { ...log.tip(scope), note: '' });
    await savePin(replica, appointed);
  });
  return true;
}
