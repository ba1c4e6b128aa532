// Whose cart this is, and which codes were handed in: named before or while it is rung up.
import type { VNode } from 'preact';
import { refusalText } from '../model/words.ts';
import { useTill } from '../state/context.ts';
import { AskField } from '../ui/ask-field.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { Icon } from '../ui/icons.tsx';

const longest = 100;

export function CartTermsDialog({ onClose }: { readonly onClose: () => void }): VNode {
  const till = useTill();
  const { customer, coupons = [] } = till.cart.value;
  const prices = till.customerPrices.value;
  const name = async (number: string): Promise<string | undefined> => {
    const found = await till.engine.customerPrices(number);
    if (!found.ok) return refusalText(found.code, found.message);
    till.nameCustomer(number);
    return undefined;
  };
  const add = async (code: string): Promise<string | undefined> => {
    if (coupons.includes(code)) return undefined;
    const found = await till.engine.couponOffers(code);
    if (!found.ok) return refusalText(found.code, found.message);
    till.setCoupons([...coupons, code]);
    return undefined;
  };
  const list = prices === undefined || prices.list === '' ? '' : `, prices of list ${prices.list}`;
  return (
    <Dialog title="Customer and codes" onClose={onClose}>
      <div class="stack">
        {customer === undefined ? (
          <AskField label="Customer number" maxLength={longest} action="Name" isRepeated onAsk={name} />
        ) : (
          <Named words={`Customer ${customer}${list}`} onRemove={() => till.nameCustomer(undefined)} />
        )}
        {coupons.map((code) => (
          <Named
            key={code}
            words={`Code ${code}: ${offerNames(till.couponOffers.value, code)}`}
            onRemove={() => till.setCoupons(coupons.filter((other) => other !== code))}
          />
        ))}
        <AskField label="Code of an offer" maxLength={longest} action="Add" isRepeated onAsk={add} />
        <div class="actions">
          <button type="button" class="button button-primary" onClick={onClose}>
            Done
          </button>
        </div>
      </div>
    </Dialog>
  );
}

function offerNames(offers: readonly { readonly coupon: string; readonly name: string }[], code: string): string {
  return offers
    .filter(({ coupon }) => coupon === code)
    .map(({ name }) => name)
    .join(', ');
}

function Named({ words, onRemove }: { readonly words: string; readonly onRemove: () => void }): VNode {
  return (
    <p class="named" role="status">
      <span>{words}</span>
      <button type="button" class="icon-button" aria-label={`Take back ${words}`} onClick={onRemove}>
        <Icon name="close" size={18} />
      </button>
    </p>
  );
}
