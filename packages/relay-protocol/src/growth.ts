// What an append does to each log: several of its batches may go to one.
import type { BookId, DeviceId, Scope } from '@tallystick/oplog';
import { RelayError } from './errors.ts';
import type { Batch, ChainState, LogState } from './store.ts';

/** One log that an append makes longer, from the size before its first batch to that after its last. */
export interface Growth {
  readonly book: BookId;
  readonly scope: Scope;
  readonly from: number;
  state: LogState;
  readonly chains: Map<DeviceId, ChainState>;
}

/** `numbers` says of each batch which of the logs it goes to, from 1. Throws `relay/conflict` where a batch does not go on from the one before it. */
export function growthsOf(batches: readonly Batch[]): { growths: Growth[]; numbers: number[] } {
  const growths: Growth[] = [];
  const numberByLog = new Map<string, number>();
  const numbers = batches.map(({ book, scope, from, state, chains }) => {
    const name = `${book} ${scope}`;
    const growth = growths[(numberByLog.get(name) ?? 0) - 1];
    if (growth === undefined) {
      numberByLog.set(name, growths.push({ book, scope, from, state, chains: new Map(chains) }));
      return growths.length;
    }
    if (growth.state.size !== from) {
      throw new RelayError('relay/conflict', `the log has ${growth.state.size} ops, not ${from}`);
    }
    growth.state = state;
    for (const [device, chain] of chains) growth.chains.set(device, chain);
    return numberByLog.get(name) as number;
  });
  return { growths, numbers };
}
