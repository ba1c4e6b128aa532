// On a van a scan is the sale: one unit, paid at once. What is scanned fast is sold one after the other, so that none is taken for the one before it.
import type { VNode } from 'preact';
import { useRef, useState } from 'preact/hooks';
import { outcomeUnknown, type Product } from '../engine/port.ts';
import { formatMoney } from '../model/money.ts';
import { refusalText } from '../model/words.ts';
import { useShop, useTill } from '../state/context.ts';

/** How a scan is paid; undefined where it goes into the cart. */
export type ScanTender = 'cash' | 'card' | undefined;

interface ScanSale {
  readonly tender: ScanTender;
  choose(tender: ScanTender): void;
  sell(product: Product, lot?: string): void;
}

export function useScanSale(): ScanSale {
  const till = useTill();
  const { currency } = useShop();
  const [tender, choose] = useState<ScanTender>();
  const turn = useRef<Promise<void>>(Promise.resolve());
  /** Of scans of which nobody knows yet whether they were sold, the newest document before: the same again finds it, whatever is sold in between. */
  const doubted = useRef(new Map<string, string>());
  const sellOne = async (product: Product, lot: string | undefined, paid: 'cash' | 'card'): Promise<void> => {
    const { sku, name, unitScale: quantityScale, unitPriceMilliMinor, taxRateBasisPoints } = product;
    // Asked for anew each time: what was rung up between two scans is not taken for the second.
    const known = await till.engine.newestDocument();
    if (!known.ok) return say(`${name} was not sold. ${refusalText(known.code, known.message)}`);
    const scan = JSON.stringify([sku, lot, paid]);
    const after = doubted.current.get(scan) ?? known.value;
    const goods = { sku, name, quantityScale, unitPriceMilliMinor, taxRateBasisPoints, tender: paid };
    const sold = await till.engine.scanSale({ ...goods, ...(lot === undefined ? {} : { lot }), after });
    const isUnknown = !sold.ok && sold.code === outcomeUnknown;
    if (isUnknown) doubted.current.set(scan, after);
    else if (sold.ok) doubted.current.delete(scan);
    if (isUnknown) return say(`Whether ${name} was sold is not known. Scan it again: the till looks first.`);
    if (!sold.ok) return say(`${name} was not sold. ${refusalText(sold.code, sold.message)}`);
    const amount =
      sold.value.shown === undefined ? '' : `, ${formatMoney(sold.value.shown.totalMinor, currency)} ${paid}`;
    say(`${name} sold${amount}`);
  };
  const say = (text: string): void => {
    till.toast.value = { text };
  };
  return {
    tender,
    choose,
    sell: (product, lot) => {
      if (tender === undefined) return;
      turn.current = turn.current.then(() => sellOne(product, lot, tender));
    },
  };
}

const choices: readonly { readonly tender: ScanTender; readonly name: string }[] = [
  { tender: undefined, name: 'Scan to the cart' },
  { tender: 'cash', name: 'Scan sells, cash' },
  { tender: 'card', name: 'Scan sells, card' },
];

export function ScanSaleChoice({ scanSale }: { readonly scanSale: ScanSale }): VNode {
  return (
    <div class="chips" role="group" aria-label="What a scan does">
      {choices.map(({ tender, name }) => (
        <button
          key={name}
          type="button"
          class="chip"
          aria-pressed={scanSale.tender === tender}
          onClick={() => scanSale.choose(tender)}
        >
          {name}
        </button>
      ))}
    </div>
  );
}
