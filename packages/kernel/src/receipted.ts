/** What a relay's receipts say of pending ops: which are durable there, and which settle without being pulled. */
import type { NoteKey } from '@tallystick/chain';
import { encodeHex, type OpRecord, type Scope as ScopeName, type Tip } from '@tallystick/oplog';
import { type PushResult, verifyCheckpoint, verifyReceipt } from '@tallystick/relay-protocol';
import { KernelError } from './errors.ts';
import { noteCheck } from './relay-key.ts';
import type { Replica } from './replica.ts';
import { treeAfter } from './own-tree.ts';
import { settle } from './taking-in.ts';

/** What the relay only claims to have stored is not durable. Throws `kernel/bad-receipt`. */
export function requireReceipts(replica: Replica, scope: ScopeName, results: readonly PushResult[]): void {
  for (const { hash, position } of results) {
    if (position === undefined || replica.log.receiptPosition(hash) !== undefined) continue;
    throw new KernelError(
      'kernel/bad-receipt',
      `the relay gives op ${hash} of ${scope} a position but no valid receipt`,
    );
  }
}

/** Checks a receipt under the pinned key and keeps it. Answers false for one that is not the relay's. */
export async function keepReceipt(replica: Replica, relay: NoteKey, scope: ScopeName, note: string): Promise<boolean> {
  const receipt = await verifyReceipt(note, noteCheck(replica, relay, scope));
  if (!receipt.ok) return false;
  await replica.exclusive(async () => replica.log.addReceipt({ scope, note, lines: receipt.value.lines }));
  return true;
}

/**
 * Receipts that continue the settled prefix without a hole say all that a pull would, if the relay also signed the root of exactly our bytes in
 * that order: those ops settle at once. In every other case the pull decides, for a receipt names the op and not the bytes the relay keeps.
 */
export function settleReceipted(
  replica: Replica,
  scope: ScopeName,
  relay: NoteKey,
  checkpoint: string,
): Promise<{ settled: number; refolded: number }> {
  return replica.exclusive(async () => {
    const tip = replica.log.tip(scope);
    const byPosition = new Map<number, OpRecord>();
    for (const record of await replica.pending(scope)) {
      const position = replica.log.receiptPosition(record.hash);
      if (position !== undefined) byPosition.set(position, record);
    }
    const run: OpRecord[] = [];
    for (let record = byPosition.get(tip.size); record !== undefined; record = byPosition.get(tip.size + run.length))
      run.push(record);
    const next = run.length === 0 ? undefined : await extendTip(replica, scope, relay, tip, run, checkpoint);
    if (next === undefined) return { settled: 0, refolded: 0 };
    const settled = run.slice(0, next.size - tip.size);
    const refolded = await replica.inSteps(() => settle(replica, scope, settled, next));
    return { settled: settled.length, refolded };
  });
}

/** The tip that the checkpoint signs, if the records of `run` lead to it. */
export async function extendTip(
  replica: Replica,
  scope: ScopeName,
  relay: NoteKey,
  tip: Tip,
  run: readonly OpRecord[],
  checkpoint: string,
): Promise<Tip | undefined> {
  if (checkpoint === '') return undefined;
  const signed = await verifyCheckpoint(checkpoint, noteCheck(replica, relay, scope));
  if (!signed.ok || signed.value.size <= tip.size || signed.value.size > tip.size + run.length) return undefined;
  const tree = treeAfter(tip, run.slice(0, signed.value.size - tip.size), replica.crypto.hasher);
  if (signed.value.root !== encodeHex(tree.root())) return undefined;
  return { size: tree.size, frontier: tree.frontier(), note: checkpoint };
}
