// Who a customer is: the name where this till may show it, and a field for one where none is known.
import type { VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { CustomerName } from '../engine/port.ts';
import { refusalText } from '../model/words.ts';
import { useTill } from '../state/context.ts';
import { AskField } from '../ui/ask-field.tsx';

const longestName = 200;

export function CustomerNameLine({ customer }: { readonly customer: string }): VNode | null {
  const { engine } = useTill();
  const [name, setName] = useState<CustomerName>();
  const [isAsking, setAsking] = useState(false);
  const look = async (): Promise<void> => {
    const read = await engine.customerName(customer);
    setName(read.ok ? read.value : undefined);
  };
  useEffect(() => void look(), [customer]);
  const seal = async (text: string): Promise<string | undefined> => {
    const said = await engine.nameCustomer(customer, text);
    if (!said.ok) return refusalText(said.code, said.message);
    setAsking(false);
    await look();
    return undefined;
  };
  if (isAsking)
    return <AskField label="Name" maxLength={longestName} action="Seal" onAsk={seal} onBack={() => setAsking(false)} />;
  switch (name?.state) {
    case undefined:
      return null;
    case 'shown':
      return <p class="customer-name">{name.text}</p>;
    case 'erased':
      return <p class="customer-name">(erased)</p>;
    case 'no-key':
    case 'unreadable':
      return <p class="customer-name">(this till may not read the name)</p>;
    case 'unknown':
      return (
        <button type="button" class="button" onClick={() => setAsking(true)}>
          Add a name
        </button>
      );
  }
}
