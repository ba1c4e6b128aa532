// Putting what is due on a customer's account: by the customer's number, with what they owe and may owe said first.
import type { VNode } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { Customer } from '../engine/port.ts';
import { formatMoney } from '../model/money.ts';
import { refusalText } from '../model/words.ts';
import { useShop, useTill } from '../state/context.ts';
import { Fault } from '../ui/reverse-dialog.tsx';

export interface OnAccountProps {
  readonly amountMinor: number;
  readonly onCustomer: (customer: string) => void;
  readonly onBack: () => void;
}

export function OnAccount({ amountMinor, onCustomer, onBack }: OnAccountProps): VNode {
  const till = useTill();
  const { currency } = useShop();
  const [number, setNumber] = useState('');
  const [customer, setCustomer] = useState<Customer>();
  const [fault, setFault] = useState<string>();
  const field = useRef<HTMLInputElement>(null);
  useLayoutEffect(() => field.current?.focus(), []);
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (customer !== undefined) return onCustomer(customer.customer);
    const found = await till.engine.customer(number.trim());
    if (!found.ok) return setFault(refusalText(found.code, found.message));
    const { owedMinor, limitMinor, isRefusedAbove } = found.value;
    const overMinor = owedMinor + amountMinor - limitMinor;
    if (isRefusedAbove && overMinor > 0) return setFault(overWords(found.value, formatMoney(overMinor, currency)));
    setFault(undefined);
    setCustomer(found.value);
  };
  return (
    <form class="stack" onSubmit={(event) => void submit(event)}>
      <label class="field">
        <span>Customer number</span>
        <input
          ref={field}
          value={number}
          maxLength={100}
          autocomplete="off"
          autocapitalize="off"
          spellcheck={false}
          onInput={(event) => {
            setNumber(event.currentTarget.value);
            setCustomer(undefined);
          }}
        />
      </label>
      {customer !== undefined && (
        <p role="status">
          {customer.customer} owes {formatMoney(customer.owedMinor, currency)} here and may owe{' '}
          {formatMoney(customer.limitMinor, currency)}.
        </p>
      )}
      <Fault text={fault} />
      <div class="actions">
        <button type="button" class="button" onClick={onBack}>
          Back
        </button>
        <button type="submit" class="button button-primary" disabled={number.trim() === ''}>
          {customer === undefined ? 'Find' : `Put ${formatMoney(amountMinor, currency)} on account`}
        </button>
      </div>
    </form>
  );
}

function overWords({ customer }: Customer, over: string): string {
  return `That is ${over} more than ${customer} may owe. Take the rest another way, or ask the office.`;
}
