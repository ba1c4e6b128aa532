/** Which of many records are stored, by few questions: what comes after the head of its chain is not, and need not be looked for. */
import type { LogStore, OpRecord } from '@tallystick/oplog';

/** Answers for a time in which nothing is stored. */
export function createIsStored(log: Pick<LogStore, 'has' | 'head'>): (record: OpRecord) => boolean {
  // Ops of one device come one after another.
  let last: { readonly device: string; readonly scope: string; readonly seq: number } | undefined;
  return ({ op: { device, scope, seq }, hash }) => {
    // Where the head was lost, the first op tells: a chain is stored from its begin on.
    if (last?.device !== device || last.scope !== scope)
      last = { device, scope, seq: log.head(device, scope)?.seq ?? (log.has(hash) ? Number.POSITIVE_INFINITY : 0) };
    return seq <= last.seq && log.has(hash);
  };
}
