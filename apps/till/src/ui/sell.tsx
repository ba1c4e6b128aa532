// The screen a seller spends the day on.
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { countItems } from '../model/cart.ts';
import { formatMoney } from '../model/money.ts';
import { useShop, useTill } from '../state/context.ts';
import { CartPanel } from './cart-panel.tsx';
import { Dialog } from './dialog.tsx';
import { Goods } from './goods.tsx';
import { OpenSessionDialog } from './session-dialogs.tsx';
import { TenderDialog } from './tender-dialog.tsx';

type Step = 'ring' | 'cart' | 'open-drawer' | 'tender';

export function Sell(): VNode {
  const till = useTill();
  const [step, setStep] = useState<Step>('ring');
  const charge = (): void => {
    if (till.cart.value.lines.length === 0 || till.cartTotal.value === undefined) return;
    setStep(till.state.value.session === undefined ? 'open-drawer' : 'tender');
  };
  const back = (): void => setStep('ring');
  return (
    <div class="sell">
      <Goods onCharge={charge} />
      <aside class="cart-side" aria-label="Cart">
        <CartPanel onCharge={charge} />
      </aside>
      <CartBar onOpen={() => setStep('cart')} />
      {step === 'cart' && (
        <Dialog title="Cart" shape="sheet" onClose={back}>
          <CartPanel onCharge={charge} />
        </Dialog>
      )}
      {step === 'open-drawer' && <OpenSessionDialog onClose={back} onOpened={() => setStep('tender')} />}
      {step === 'tender' && <TenderDialog onClose={back} />}
    </div>
  );
}

/** The cart on a phone: one bar above the navigation. */
function CartBar({ onOpen }: { readonly onOpen: () => void }): VNode | null {
  const till = useTill();
  const shop = useShop();
  const items = countItems(till.cart.value);
  const total = till.cartTotal.value;
  if (items === 0) return null;
  return (
    <button type="button" class="button button-primary cart-bar" onClick={onOpen}>
      <span>
        {items} {items === 1 ? 'item' : 'items'}
      </span>
      <strong>{total === undefined ? 'Too large' : formatMoney(total, shop.currency)}</strong>
    </button>
  );
}
