// Goods that come back without their receipt: those in the cart, at what they cost today, as far as the shop's policy goes.
import type { VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { ReturnTerms } from '../engine/port.ts';
import { cartTotalMinor } from '../model/cart.ts';
import { formatMoney } from '../model/money.ts';
import type { MoneyKind } from '../model/tender.ts';
import { refusalText } from '../model/words.ts';
import { useShop, useTill } from '../state/context.ts';
import { AskField } from '../ui/ask-field.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { Fault } from '../ui/fault.tsx';
import { Icon } from '../ui/icons.tsx';
import { Reasons, returnReasons } from './reversal.tsx';

const longestNumber = 100;

export function OpenReturnDialog({ onClose }: { readonly onClose: () => void }): VNode {
  const till = useTill();
  const { currency } = useShop();
  const [key, setKey] = useState(() => crypto.randomUUID());
  const [lines] = useState(() => till.lines.peek());
  const [terms, setTerms] = useState<ReturnTerms>();
  const [reason, setReason] = useState('');
  const [isBusy, setBusy] = useState(false);
  const [fault, setFault] = useState<string>();
  const totalMinor = cartTotalMinor({ lines });
  const ask = async (customer: string | undefined): Promise<string | undefined> => {
    const read = await till.engine.returnTerms(customer);
    if (!read.ok) return refusalText(read.code, read.message);
    setTerms(read.value);
    return undefined;
  };
  useEffect(() => void ask(till.cart.peek().customer).then(setFault), []);
  const take = async (tender: MoneyKind): Promise<void> => {
    if (terms === undefined || isBusy) return;
    setBusy(true);
    const { customer } = terms;
    const whose = customer === undefined ? {} : { customer };
    const taken = await till.engine.returnGoods({ key, lines, tender, reason, ...whose });
    setBusy(false);
    if (!taken.ok && taken.code === 'till/key-used') setKey(crypto.randomUUID());
    if (!taken.ok) return setFault(refusalText(taken.code, taken.message));
    till.newCart();
    till.toast.value = { text: `Taken back as ${taken.value.shown?.number ?? 'a refund'}` };
    onClose();
  };
  const limit = terms === undefined ? undefined : whatSpeaksAgainst(terms, totalMinor ?? Number.NaN, currency);
  const isReady = terms !== undefined && limit === undefined && reason !== '' && !isBusy;
  return (
    <Dialog title="Return without a receipt" isBusy={isBusy} onClose={onClose}>
      <div class="stack">
        <p>
          What is in the cart comes back, at what it costs today:{' '}
          <strong>{totalMinor === undefined ? 'too large' : formatMoney(totalMinor, currency)}</strong>. With the
          receipt, take it back under “Sales”.
        </p>
        {terms !== undefined && <p role="status">{termsWords(terms, currency)}</p>}
        {terms !== undefined && terms.needsCustomer && terms.customer === undefined ? (
          <AskField
            label="Customer number"
            maxLength={longestNumber}
            action="Name"
            onAsk={(customer) => ask(customer)}
            onBack={onClose}
          />
        ) : (
          <>
            <Reasons reasons={returnReasons} chosen={reason} onChoose={setReason} />
            <Fault text={fault ?? limit} />
            <Ways terms={terms} isReady={isReady} onTake={(kind) => void take(kind)} />
          </>
        )}
      </div>
    </Dialog>
  );
}

interface WaysProps {
  readonly terms: ReturnTerms | undefined;
  readonly isReady: boolean;
  readonly onTake: (kind: MoneyKind) => void;
}

function Ways({ terms, isReady, onTake }: WaysProps): VNode {
  return (
    <div class="actions actions-equal">
      {terms?.isAccountOnly !== true && (
        <>
          <button type="button" class="button button-tall" disabled={!isReady} onClick={() => onTake('cash')}>
            <Icon name="cash" /> Refund cash
          </button>
          <button type="button" class="button button-tall" disabled={!isReady} onClick={() => onTake('card')}>
            <Icon name="card" /> Refund card
          </button>
        </>
      )}
      {terms?.customer !== undefined && (
        <button type="button" class="button button-tall" disabled={!isReady} onClick={() => onTake('account')}>
          To the account
        </button>
      )}
    </div>
  );
}

function termsWords({ isAllowed, isAccountOnly, customer, leftMinor }: ReturnTerms, currency: string): string {
  if (!isAllowed) return 'This shop takes nothing back without a receipt.';
  const whose = customer === undefined ? '' : `For ${customer}. `;
  const how = isAccountOnly ? 'It goes to the customer’s account. ' : '';
  const most = leftMinor === undefined ? '' : `Up to ${formatMoney(leftMinor, currency)} today.`;
  return `${whose}${how}${most}`.trim();
}

function whatSpeaksAgainst(
  { isAllowed, leftMinor }: ReturnTerms,
  totalMinor: number,
  currency: string,
): string | undefined {
  if (!isAllowed) return 'Ask for the receipt, or ask the office.';
  if (leftMinor === undefined || totalMinor <= leftMinor) return undefined;
  return `That is ${formatMoney(totalMinor - leftMinor, currency)} more than may come back today.`;
}
