// Taking the money. The sale is asked for once it is paid; the dialog says "saved" only after the engine said it is on disk,
// and keeps the cart when it is not.
import type { VNode } from 'preact';
import { useRef, useState } from 'preact/hooks';
import { type Outcome, outcomeUnknown, type Receipt, type Saved } from '../engine/port.ts';
import { currencyDigits, formatMoney, parseDecimal } from '../model/money.ts';
import {
  addEntitlement,
  addOnAccount,
  addTender,
  dueMinor,
  isPaid,
  type Payment,
  quickCash,
  removeTender,
} from '../model/tender.ts';
import type { TenderKind } from '../model/tender.ts';
import { useShop, useTill } from '../state/context.ts';
import type { Till } from '../state/till.ts';
import { Dialog } from './dialog.tsx';
import { Icon } from './icons.tsx';
import { Keypad, NumberField } from './keypad.tsx';
import { WithCounterScreens, WithEntitlementScreens, WithReturnScreens } from './loaded.tsx';
import { ReceiptView } from './receipt.tsx';
import { SavedSale } from './saved-sale.tsx';
import { faultTitle, SaveFault } from './save-fault.tsx';

type Step =
  | { readonly kind: 'paying' }
  | { readonly kind: 'paying-back' }
  | { readonly kind: 'account'; readonly amountMinor: number }
  | { readonly kind: 'entitlement' }
  | { readonly kind: 'saving' }
  | { readonly kind: 'fault'; readonly code: string; readonly message: string }
  | { readonly kind: 'saved'; readonly saved: Saved<Receipt> }
  | { readonly kind: 'receipt'; readonly receipt: Receipt };

const titles: Readonly<Record<Exclude<Step['kind'], 'fault'>, string>> = {
  paying: 'Payment',
  'paying-back': 'Exchange',
  account: 'On account',
  entitlement: 'Coupon or gift',
  saving: 'Saving',
  saved: 'Sale saved',
  receipt: 'Receipt',
};

export function TenderDialog({ onClose }: { readonly onClose: () => void }): VNode {
  const till = useTill();
  const [payment, setPayment] = useState<Payment>(() => beginPayment(till));
  const [lines] = useState(() => till.lines.peek());
  const [step, setStep] = useState<Step>({ kind: payment.isPaidBack === true ? 'paying-back' : 'paying' });
  const isUnderWay = useRef(false);

  const ask = async (question: () => Promise<Outcome<Saved<Receipt>>>): Promise<void> => {
    if (isUnderWay.current) return;
    isUnderWay.current = true;
    setStep({ kind: 'saving' });
    const sold = await question();
    isUnderWay.current = false;
    if (sold.ok) return setStep({ kind: 'saved', saved: sold.value });
    if (sold.code === 'till/key-used') till.renewKey();
    setStep({ kind: 'fault', code: sold.code, message: sold.message });
  };
  const complete = (paid: Payment): Promise<void> => ask(() => till.sell(paid, lines));
  const due = dueMinor(payment);
  const pay = (next: Payment): void => {
    setPayment(next);
    if (isPaid(next)) void complete(next);
    else setStep({ kind: 'paying' });
  };
  const tender = (kind: TenderKind, amountMinor?: number): void => {
    if (kind === 'entitlement') return setStep({ kind });
    if (kind === 'account') return setStep({ kind, amountMinor: Math.min(amountMinor ?? due, due) });
    pay(addTender(payment, kind, amountMinor));
  };
  const shape = step.kind === 'paying' ? 'wide' : 'narrow';
  return (
    <Dialog
      title={step.kind === 'fault' ? faultTitle(step.code) : titles[step.kind]}
      shape={shape}
      isBusy={step.kind === 'saving'}
      onClose={onClose}
    >
      {step.kind === 'paying' && <Paying payment={payment} onTender={tender} onChange={setPayment} />}
      {step.kind === 'paying-back' && (
        <WithReturnScreens
          show={({ PayBack }) => (
            <PayBack
              backMinor={payment.totalMinor}
              moneyLeftMinor={till.cart.peek().exchange?.moneyLeftMinor}
              onPay={(kind) => pay(payment.totalMinor === 0 ? payment : addTender(payment, kind, payment.totalMinor))}
            />
          )}
        />
      )}
      {step.kind === 'account' && (
        <WithCounterScreens
          show={({ OnAccount }) => (
            <OnAccount
              amountMinor={step.amountMinor}
              onCustomer={(customer) => pay(addOnAccount(payment, customer, step.amountMinor))}
              onBack={() => setStep({ kind: 'paying' })}
            />
          )}
        />
      )}
      {step.kind === 'entitlement' && (
        <WithEntitlementScreens
          show={({ TakeEntitlement }) => (
            <TakeEntitlement
              dueMinor={due}
              onTake={(url, amountMinor, isOnTrust) => pay(addEntitlement(payment, url, amountMinor, isOnTrust))}
              onBack={() => setStep({ kind: 'paying' })}
            />
          )}
        />
      )}
      {step.kind === 'saving' && <p class="saving">{savingWords(payment)}</p>}
      {step.kind === 'fault' && (
        <SaveFault
          code={step.code}
          message={step.message}
          onRetry={() => void (step.code === outcomeUnknown ? ask(till.lookAgain) : complete(payment))}
          onBack={onClose}
        />
      )}
      {step.kind === 'saved' && (
        <SavedSale
          saved={step.saved}
          payment={payment}
          onReceipt={(receipt) => setStep({ kind: 'receipt', receipt })}
          onClose={onClose}
        />
      )}
      {step.kind === 'receipt' && <ReceiptView receipt={step.receipt} onDone={onClose} />}
    </Dialog>
  );
}

/** Where more comes back than leaves, the difference is the customer's. */
function beginPayment(till: Till): Payment {
  const totalMinor = till.cartTotal.peek() ?? 0;
  const isPaidBack = till.cart.peek().exchange !== undefined && totalMinor <= 0;
  return { totalMinor: Math.abs(totalMinor), tenders: [], ...(isPaidBack ? { isPaidBack } : {}) };
}

/** A claim may have to wait for the relay; nothing else does. */
function savingWords({ tenders }: Payment): string {
  const isClaimed = tenders.some(({ kind }) => kind === 'entitlement');
  return isClaimed
    ? 'Claiming what was shown, and writing the sale to this device…'
    : 'Writing the sale to this device…';
}

interface PayingProps {
  readonly payment: Payment;
  readonly onTender: (kind: TenderKind, amountMinor?: number) => void;
  readonly onChange: (payment: Payment) => void;
}

function Paying({ payment, onTender, onChange }: PayingProps): VNode {
  const { currency } = useShop();
  const isExchange = useTill().cart.value.exchange !== undefined;
  const digits = currencyDigits(currency);
  const [text, setText] = useState('');
  const due = dueMinor(payment);
  const amount = text === '' ? undefined : parseDecimal(text, digits);
  const isWrong = text !== '' && amount === undefined;
  const pay = (kind: TenderKind): void => {
    if (isWrong) return;
    onTender(kind, amount);
    setText('');
  };
  const submit = (event: Event): void => {
    event.preventDefault();
    pay('cash');
  };
  const over = amount === undefined ? 0 : amount - due;
  return (
    <form class="paying" onSubmit={submit}>
      <div class="paying-sum">
        <p class="paying-label">{payment.tenders.length === 0 ? 'To pay' : 'Still to pay'}</p>
        <p class="paying-due">{formatMoney(due, currency)}</p>
        <TenderList payment={payment} onChange={onChange} />
        <NumberField
          label="Cash given"
          value={text}
          onInput={setText}
          scale={digits}
          placeholder={formatMoney(due, currency)}
        />
        <p class="paying-change" aria-live="polite">
          {isWrong && 'This is not an amount.'}
          {over > 0 && `Change ${formatMoney(over, currency)}`}
          {amount !== undefined && over < 0 && `Leaves ${formatMoney(-over, currency)} to pay`}
        </p>
        <div class="quick" role="group" aria-label="Cash given">
          <button type="button" class="button" onClick={() => onTender('cash')}>
            Exact
          </button>
          {quickCash(due, digits).map((quick) => (
            <button key={quick} type="button" class="button" onClick={() => onTender('cash', quick)}>
              {formatMoney(quick, currency)}
            </button>
          ))}
        </div>
      </div>
      <div class="paying-pad">
        <Keypad value={text} onInput={setText} scale={digits} />
        <div class="actions actions-equal">
          <button type="submit" class="button button-primary button-tall" disabled={isWrong}>
            <Icon name="cash" /> Cash
          </button>
          <button type="button" class="button button-strong button-tall" disabled={isWrong} onClick={() => pay('card')}>
            <Icon name="card" /> Card
          </button>
        </div>
        <div class="actions actions-equal">
          <button type="button" class="button" disabled={isWrong} onClick={() => pay('account')}>
            On account
          </button>
          {!isExchange && (
            <button type="button" class="button" onClick={() => onTender('entitlement')}>
              Coupon or gift
            </button>
          )}
        </div>
      </div>
    </form>
  );
}

const tenderNames: Readonly<Record<TenderKind, string>> = {
  cash: 'Cash',
  card: 'Card',
  account: 'On account',
  entitlement: 'Coupon or gift',
  deposit: 'Paid before',
};

function TenderList({ payment, onChange }: Pick<PayingProps, 'payment' | 'onChange'>): VNode | null {
  const { currency } = useShop();
  if (payment.tenders.length === 0) return null;
  return (
    <ul class="tender-list">
      {payment.tenders.map((tender) => (
        <li key={`${tender.kind} ${tender.url ?? ''}`}>
          <span>{tenderNames[tender.kind]}</span>
          <span>{formatMoney(tender.amountMinor, currency)}</span>
          <button
            type="button"
            class="icon-button"
            aria-label={`Take back ${tenderNames[tender.kind]}`}
            onClick={() => onChange(removeTender(payment, tender.kind, tender.url))}
          >
            <Icon name="close" size={18} />
          </button>
        </li>
      ))}
    </ul>
  );
}
