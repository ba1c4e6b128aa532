/** What a transfer lost, hop by hop: the difference between what was had and what was handed on, priced so that the hops add up to the whole. */
import { type Effect, type Refusal, refuse } from '@tallystick/kernel';
import { lineAmountMinor } from '@tallystick/ledger';
import type { ArrivalLine, TransferReceiveArgs } from './args.ts';
import type { CustodyHop } from './custody.ts';
import { transitLosses } from './tables.ts';

interface Stretch {
  readonly hop: 'earlier' | 'carried' | 'counted' | 'unsigned';
  readonly holder: string;
  readonly had: number;
  readonly left: number;
}

/** Puts a row for each hop of each line that came to less, or more, than it had. Refuses `retail/amount-range`. */
export function putLosses(
  { transfer, currency, delivery, lines }: TransferReceiveArgs,
  hop: CustodyHop | undefined,
  effects: Effect[],
): Refusal | undefined {
  for (const [index, line] of lines.entries()) {
    for (const { hop: name, holder, had, left } of stretchesOf(line, index, hop)) {
      if (had === left) continue;
      const amountMinor = worth(line, had) - worth(line, left);
      if (!Number.isSafeInteger(amountMinor)) return refuse('retail/amount-range', { line: index + 1 });
      const { sku, lot = '' } = line;
      const what = { sku, lot, holder, tally: delivery ?? '', quantity: had - left, currency, amountMinor };
      effects.push(transitLosses.put({ transfer, line: index + 1, hop: name, ...what }));
    }
  }
  return undefined;
}

function stretchesOf(line: ArrivalLine, index: number, hop: CustodyHop | undefined): readonly Stretch[] {
  const { quantity: sent, received } = line;
  if (hop === undefined) return [{ hop: 'unsigned', holder: '', had: sent, left: received }];
  const took = hop.took[index] ?? sent;
  const gave = hop.gave[index] ?? took;
  return [
    { hop: 'earlier', holder: '', had: sent, left: took },
    { hop: 'carried', holder: hop.giver, had: took, left: gave },
    { hop: 'counted', holder: hop.taker, had: gave, left: received },
  ];
}

/** NaN out of range. */
function worth({ quantityScale = 0, unitCostMilliMinor }: ArrivalLine, quantity: number): number {
  return lineAmountMinor(quantity, quantityScale, unitCostMilliMinor) ?? Number.NaN;
}
