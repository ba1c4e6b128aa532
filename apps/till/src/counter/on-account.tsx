// Putting what is due on a customer's account: by the customer's number, with what they owe and may owe said first.
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import type { Customer } from '../engine/port.ts';
import { formatMoney } from '../model/money.ts';
import { refusalText } from '../model/words.ts';
import { useShop, useTill } from '../state/context.ts';
import { CustomerField } from './customer-field.tsx';
import { CustomerNameLine } from './customer-name.tsx';

export interface OnAccountProps {
  readonly amountMinor: number;
  readonly onCustomer: (customer: string) => void;
  readonly onBack: () => void;
}

export function OnAccount({ amountMinor, onCustomer, onBack }: OnAccountProps): VNode {
  const till = useTill();
  const { currency } = useShop();
  const [customer, setCustomer] = useState<Customer>();
  /** Answers what speaks against it. */
  const find = async (number: string): Promise<string | undefined> => {
    const named = till.cart.peek().customer;
    if (named !== undefined && named !== number)
      return `The cart is priced for ${named}. Take that name out of the cart first, or put it on their account.`;
    const found = await till.engine.customer(number);
    if (!found.ok) return refusalText(found.code, found.message);
    const { owedMinor, limitMinor, isRefusedAbove, isActive } = found.value;
    if (!isActive) return refusalText('till/customer-stopped', number);
    const overMinor = owedMinor + amountMinor - limitMinor;
    if (isRefusedAbove && overMinor > 0)
      return `That is ${formatMoney(overMinor, currency)} more than ${number} may owe. Take the rest another way, or ask the office.`;
    setCustomer(found.value);
    return undefined;
  };
  if (customer === undefined)
    return <CustomerField known={till.cart.peek().customer ?? ''} onFind={find} onBack={onBack} />;
  return (
    <div class="stack">
      <p role="status">
        {customer.customer} owes {formatMoney(customer.owedMinor, currency)} here and may owe{' '}
        {formatMoney(customer.limitMinor, currency)}.
      </p>
      <CustomerNameLine customer={customer.customer} />
      <div class="actions">
        <button type="button" class="button" onClick={onBack}>
          Back
        </button>
        <button ref={focusOn} type="button" class="button button-primary" onClick={() => onCustomer(customer.customer)}>
          Put {formatMoney(amountMinor, currency)} on account
        </button>
      </div>
    </div>
  );
}

function focusOn(element: HTMLElement | null): void {
  element?.focus();
}
