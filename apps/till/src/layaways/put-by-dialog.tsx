// Puts what is in the cart by for a customer, at the shop's prices: nothing is paid yet, and nothing leaves the shelf.
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { CustomerField } from '../counter/customer-field.tsx';
import { cartTotalMinor } from '../model/cart.ts';
import { formatMoney } from '../model/money.ts';
import { refusalText } from '../model/words.ts';
import { useShop, useTill } from '../state/context.ts';
import { Dialog } from '../ui/dialog.tsx';

export function PutByDialog({ onClose }: { readonly onClose: () => void }): VNode {
  const till = useTill();
  const { currency } = useShop();
  const [lines] = useState(() => till.cart.peek().lines);
  // Asked for as the dialog opens; whoever is faster with the number waits for it.
  const [asked] = useState(() => till.engine.layaways());
  const [isBusy, setBusy] = useState(false);
  const totalMinor = cartTotalMinor({ lines });
  const hasOffers = till.lines.value.some(({ discountMinor = 0 }) => discountMinor > 0);
  const putBy = async (customer: string): Promise<string | undefined> => {
    if (totalMinor === undefined || isBusy) return undefined;
    setBusy(true);
    const known = await asked;
    if (!known.ok) setBusy(false);
    if (!known.ok) return refusalText(known.code, known.message);
    const opened = await till.engine.openLayaway({ customer, lines, totalMinor, after: known.value.newest });
    setBusy(false);
    if (!opened.ok) return refusalText(opened.code, opened.message);
    till.newCart();
    till.toast.value = { text: `Put by for ${customer} as ${opened.value.shown?.number ?? 'a layaway'}` };
    onClose();
    return undefined;
  };
  return (
    <Dialog title="Put by" isBusy={isBusy} onClose={onClose}>
      <div class="stack">
        <p>
          {totalMinor === undefined ? 'Too large' : formatMoney(totalMinor, currency)} are to be paid in parts, under
          “Drawer”, “Layaways”. The goods stay here until they are collected.
        </p>
        {hasOffers && <p>Offers are not taken off what is put by.</p>}
        <CustomerField known={till.cart.peek().customer ?? ''} action="Put by" onFind={putBy} onBack={onClose} />
      </div>
    </Dialog>
  );
}
