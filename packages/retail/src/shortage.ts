/** Money that a device paid out and the books do not owe: its people make it good, or somebody finds out (`seller.pay` takes it). */
import type { Effect, OpFacts } from '@tallystick/kernel';
import type { EntryLine } from '@tallystick/ledger';
import { retailAccounts } from './chart.ts';
import { sellerDebts } from './supply/tables.ts';

/** What a verb touches by which too much may be paid out. */
export const shortageTables: readonly [typeof sellerDebts] = [sellerDebts];

/** Puts what was paid out too much on the account of the op's device: its id is the `seller`. */
export function oweByDevice(
  op: OpFacts,
  currency: string,
  amountMinor: number,
  effects: Effect[],
  debits: EntryLine[],
): void {
  if (amountMinor === 0) return;
  debits.push({ account: retailAccounts.sellersShortages, currency, amountMinor });
  effects.push(sellerDebts.add({ seller: op.device, currency }, { amountMinor }));
}
