// Whose cart this is, and which codes were handed in: named before or while it is rung up.
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { refusalText } from '../model/words.ts';
import { useTill } from '../state/context.ts';
import { Dialog } from '../ui/dialog.tsx';
import { Icon } from '../ui/icons.tsx';
import { Fault } from '../ui/reverse-dialog.tsx';

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
          <OneField label="Customer number" action="Name" onText={name} />
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
        <OneField label="Code of an offer" action="Add" onText={add} />
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

interface OneFieldProps {
  readonly label: string;
  readonly action: string;
  /** Resolves to what was wrong, or undefined. */
  readonly onText: (text: string) => Promise<string | undefined>;
}

function OneField({ label, action, onText }: OneFieldProps): VNode {
  const [text, setText] = useState('');
  const [fault, setFault] = useState<string>();
  const submit = (event: Event): void => {
    event.preventDefault();
    if (text.trim() === '') return;
    void onText(text.trim()).then((said) => {
      setFault(said);
      if (said === undefined) setText('');
    });
  };
  return (
    <form class="stack" onSubmit={submit}>
      <label class="field">
        <span>{label}</span>
        <input
          value={text}
          data-focus
          maxLength={longest}
          autocomplete="off"
          autocapitalize="off"
          spellcheck={false}
          onInput={(event) => setText(event.currentTarget.value)}
        />
      </label>
      <Fault text={fault} />
      <button type="submit" class="button" disabled={text.trim() === ''}>
        {action}
      </button>
    </form>
  );
}
