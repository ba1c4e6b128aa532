// A customer pays what they owe: found by number, told what that is, paid in cash or by card.
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import type { AccountPayment, Customer } from '../engine/port.ts';
import { currencyDigits, decimalText, formatMoney, parseDecimal } from '../model/money.ts';
import { refusalText } from '../model/words.ts';
import { useShop, useTill } from '../state/context.ts';
import { Dialog } from '../ui/dialog.tsx';
import { Icon } from '../ui/icons.tsx';
import { Keypad, NumberField } from '../ui/keypad.tsx';
import { Fault } from '../ui/fault.tsx';
import { CustomerField } from './customer-field.tsx';
import { CustomerNameLine } from './customer-name.tsx';

export function PaymentDialog({ onClose }: { readonly onClose: () => void }): VNode {
  const till = useTill();
  const { currency } = useShop();
  const digits = currencyDigits(currency);
  const [key, setKey] = useState(() => crypto.randomUUID());
  const [customer, setCustomer] = useState<Customer>();
  const [text, setText] = useState('');
  const [isBusy, setBusy] = useState(false);
  const [fault, setFault] = useState<string>();
  const amountMinor = parseDecimal(text, digits);
  const isReady = customer !== undefined && amountMinor !== undefined && amountMinor > 0 && !isBusy;
  const find = async (number: string): Promise<string | undefined> => {
    const found = await till.engine.customer(number);
    if (!found.ok) return refusalText(found.code, found.message);
    setCustomer(found.value);
    setText(found.value.owedMinor > 0 ? decimalText(found.value.owedMinor, digits) : '');
    return undefined;
  };
  const pay = async (tender: AccountPayment['tender']): Promise<void> => {
    if (!isReady) return;
    setBusy(true);
    const paid = await till.engine.payAccount({ key, customer: customer.customer, amountMinor, tender });
    setBusy(false);
    // What is entered now is another payment than the one this key stands for.
    if (!paid.ok && paid.code === 'till/key-used') setKey(crypto.randomUUID());
    if (!paid.ok) return setFault(refusalText(paid.code, paid.message));
    till.toast.value = { text: `${customer.customer} paid ${formatMoney(amountMinor, currency)}` };
    onClose();
  };
  return (
    <Dialog title="Payment on account" isBusy={isBusy} onClose={onClose}>
      {customer === undefined ? (
        <CustomerField onFind={find} onBack={onClose} />
      ) : (
        <div class="stack">
          <CustomerNameLine customer={customer.customer} />
          <form class="stack" onSubmit={(event) => event.preventDefault()}>
            <p role="status">
              {customer.customer} owes {formatMoney(customer.owedMinor, currency)} here.
            </p>
            <NumberField label="Amount paid" value={text} onInput={setText} scale={digits} />
            <Keypad value={text} onInput={setText} scale={digits} />
            <Fault text={fault} />
            <div class="actions actions-equal">
              <button type="button" class="button button-tall" disabled={!isReady} onClick={() => void pay('cash')}>
                <Icon name="cash" /> Cash
              </button>
              <button type="button" class="button button-tall" disabled={!isReady} onClick={() => void pay('card')}>
                <Icon name="card" /> Card
              </button>
            </div>
          </form>
        </div>
      )}
    </Dialog>
  );
}
