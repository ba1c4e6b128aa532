// The layaways that wait: what was put by for whom, what was paid of it, and what can be done with one.
import type { VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { Layaway, LayawayList, Receipt } from '../engine/port.ts';
import { formatMoney } from '../model/money.ts';
import { dayText } from '../model/time.ts';
import { refusalText } from '../model/words.ts';
import { useShop, useTill } from '../state/context.ts';
import { Coming } from '../ui/coming.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { ReceiptView } from '../ui/receipt.tsx';
import { Fault } from '../ui/fault.tsx';
import { CancelLayaway } from './cancel-layaway.tsx';
import { CollectLayaway, PayLayaway } from './pay-layaway.tsx';

type Step = 'list' | 'pay' | 'collect' | 'cancel';
const titles: Readonly<Record<Step, string>> = {
  list: 'Layaways',
  pay: 'Pay a part',
  collect: 'Collect',
  cancel: 'Give up a layaway',
};

export function LayawaysDialog({ onClose }: { readonly onClose: () => void }): VNode {
  const till = useTill();
  const [known, setKnown] = useState<LayawayList>();
  const [fault, setFault] = useState<string>();
  const [step, setStep] = useState<Step>('list');
  const [chosen, setChosen] = useState<Layaway>();
  const [receipt, setReceipt] = useState<Receipt>();
  const read = async (): Promise<void> => {
    const answer = await till.engine.layaways();
    if (!answer.ok) return setFault(refusalText(answer.code, answer.message));
    setKnown(answer.value);
    setStep('list');
  };
  useEffect(() => void read(), []);
  const begin = (next: Step, layaway: Layaway): void => {
    setChosen(layaway);
    setStep(next);
  };
  const done = (text: string, sold?: Receipt): void => {
    till.toast.value = { text };
    setReceipt(sold);
    void read();
  };
  if (receipt !== undefined) {
    return (
      <Dialog title="Receipt" onClose={onClose}>
        <ReceiptView receipt={receipt} />
      </Dialog>
    );
  }
  const back = (): void => setStep('list');
  return (
    <Dialog title={titles[step]} onClose={onClose}>
      <div class="stack">
        <Fault text={fault} />
        {known === undefined && <Coming />}
        {known !== undefined && (step === 'list' || chosen === undefined) && (
          <LayawayRows layaways={known.layaways} onBegin={begin} />
        )}
        {known !== undefined && chosen !== undefined && step === 'pay' && (
          <PayLayaway layaway={chosen} after={known.newest} onDone={done} onBack={back} />
        )}
        {chosen !== undefined && step === 'collect' && <CollectLayaway layaway={chosen} onDone={done} onBack={back} />}
        {known !== undefined && chosen !== undefined && step === 'cancel' && (
          <CancelLayaway layaway={chosen} mostFeeMinor={known.mostFeeMinor} onDone={done} onBack={back} />
        )}
      </div>
    </Dialog>
  );
}

interface LayawayRowsProps {
  readonly layaways: readonly Layaway[];
  readonly onBegin: (step: Step, layaway: Layaway) => void;
}

function LayawayRows({ layaways, onBegin }: LayawayRowsProps): VNode {
  const { currency } = useShop();
  if (layaways.length === 0) return <p>Nothing is put by. “Put by” in the cart does it.</p>;
  return (
    <ul class="refusals">
      {layaways.map((layaway) => {
        const { number, customer, day, goods, totalMinor, paidMinor } = layaway;
        return (
          <li key={layaway.layaway}>
            <strong>{number}</strong> for {customer}, {dayText(day)}: {goods.join(', ')}
            <br />
            {formatMoney(paidMinor, currency)} of {formatMoney(totalMinor, currency)} paid
            <div class="actions" role="group" aria-label={number}>
              {paidMinor < totalMinor && (
                <button type="button" class="button button-small" onClick={() => onBegin('pay', layaway)}>
                  Pay a part
                </button>
              )}
              <button type="button" class="button button-small" onClick={() => onBegin('collect', layaway)}>
                Collect
              </button>
              <button type="button" class="button button-small" onClick={() => onBegin('cancel', layaway)}>
                Give up
              </button>
            </div>
          </li>
        );
      })}
    </ul>
  );
}
