// Goods that another place of the shop sent: chosen from what is on its way here, or read from the note that came with them, and counted in line by line.
import type { VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { Arrival, Delivery } from '../engine/port.ts';
import { Camera } from '../entitlements/camera.tsx';
import { countedQuantity } from '../model/count.ts';
import { formatQuantity } from '../model/money.ts';
import { refusalText } from '../model/words.ts';
import { useTill } from '../state/context.ts';
import { AskField } from '../ui/ask-field.tsx';
import { Coming } from '../ui/coming.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { Fault } from '../ui/fault.tsx';

const longestNote = 60_000;

export function ReceiveDialog({ onClose }: { readonly onClose: () => void }): VNode {
  const [chosen, setChosen] = useState<Delivery>();
  const [done, setDone] = useState<Arrival>();
  const [isBusy, setBusy] = useState(false);
  return (
    <Dialog title="Goods in" isBusy={isBusy} onClose={onClose}>
      {done !== undefined ? (
        <ArrivalDone arrival={done} onClose={onClose} />
      ) : chosen === undefined ? (
        <ChooseDelivery onChoose={setChosen} />
      ) : (
        <CountDelivery
          delivery={chosen}
          onBusy={setBusy}
          onDone={(arrival) => (arrival === undefined ? onClose() : setDone(arrival))}
          onBack={() => setChosen(undefined)}
        />
      )}
    </Dialog>
  );
}

function ChooseDelivery({ onChoose }: { readonly onChoose: (delivery: Delivery) => void }): VNode {
  const till = useTill();
  const [waiting, setWaiting] = useState<readonly Delivery[]>();
  const [isLooking, setLooking] = useState(false);
  const [fault, setFault] = useState<string>();
  useEffect(() => {
    void till.engine.deliveries().then((read) => {
      if (read.ok) setWaiting(read.value);
      else setFault(refusalText(read.code, read.message));
    });
  }, []);
  const read = async (text: string): Promise<string | undefined> => {
    setLooking(false);
    const found = await till.engine.delivery(text);
    if (found.ok) {
      onChoose(found.value);
      return undefined;
    }
    const said = refusalText(found.code, found.message);
    setFault(said);
    return said;
  };
  return (
    <div class="stack">
      {waiting === undefined && <Coming />}
      {waiting !== undefined && waiting.length > 0 && (
        <ul class="deliveries">
          {waiting.map((delivery) => (
            <li key={delivery.transfer}>
              <button type="button" class="button" onClick={() => onChoose(delivery)}>
                From {placeName(delivery.from)}: {goodsWords(delivery)}
              </button>
            </li>
          ))}
        </ul>
      )}
      <p>
        {waiting !== undefined && waiting.length > 0
          ? 'Or read the note that came with the goods.'
          : 'Read the note that came with the goods.'}
      </p>
      {isLooking ? (
        <Camera onRead={(text) => void read(text)} />
      ) : (
        <button type="button" class="button" onClick={() => setLooking(true)}>
          Read it with the camera
        </button>
      )}
      {isLooking && <Fault text={fault} />}
      <AskField label="Scan or paste the note" maxLength={longestNote} action="Look" startsAnew onAsk={read} />
    </div>
  );
}

function placeName(scope: string): string {
  return scope === 'hq' ? 'the office' : scope;
}

function goodsWords({ lines }: Delivery): string {
  const names = lines.slice(0, 3).map(({ name, sku }) => (name === '' ? sku : name));
  return lines.length > 3 ? `${names.join(', ')} and ${lines.length - 3} more` : names.join(', ');
}

interface CountDeliveryProps {
  readonly delivery: Delivery;
  readonly onBusy: (isBusy: boolean) => void;
  /** Undefined when it was saved and could not be read back. */
  readonly onDone: (arrival: Arrival | undefined) => void;
  readonly onBack: () => void;
}

/** What was sent stands in the fields: what came otherwise is typed. */
function CountDelivery({ delivery, onBusy, onDone, onBack }: CountDeliveryProps): VNode {
  const till = useTill();
  const { lines } = delivery;
  const [typed, setTyped] = useState(() =>
    lines.map(({ quantity, quantityScale = 0 }) => formatQuantity(quantity, quantityScale, 'en').replaceAll(',', '')),
  );
  const [isBusy, setBusy] = useState(false);
  const [fault, setFault] = useState<string>();
  const received = lines.map(({ quantityScale = 0 }, at) => countedQuantity(typed[at] ?? '', quantityScale));
  const isWhole = received.every((quantity) => quantity !== undefined);
  const save = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (!isWhole || isBusy) return;
    setBusy(true);
    onBusy(true);
    const saved = await till.engine.receiveGoods({ note: delivery, received: received.map((one) => one ?? 0) });
    setBusy(false);
    onBusy(false);
    if (saved.ok) onDone(saved.value.shown);
    else setFault(refusalText(saved.code, saved.message));
  };
  return (
    <form class="stack" onSubmit={(event) => void save(event)}>
      <p>Count each as it comes in, and change what is otherwise. What is missing counts as lost on the way.</p>
      <ul class="count-fields">
        {lines.map(({ sku, name, lot }, at) => (
          <li key={at}>
            <label>
              <span>
                {name === '' ? sku : name}
                {lot !== undefined && <small> {lot}</small>}
              </span>
              <input
                inputmode="decimal"
                autocomplete="off"
                value={typed[at] ?? ''}
                aria-invalid={received[at] === undefined}
                onInput={(event) => setTyped(typed.with(at, event.currentTarget.value))}
              />
            </label>
          </li>
        ))}
      </ul>
      <Fault text={isWhole ? fault : 'Some of this is no number.'} />
      <div class="actions">
        <button type="button" class="button" disabled={isBusy} onClick={onBack}>
          Back
        </button>
        <button type="submit" class="button button-primary" data-focus disabled={!isWhole || isBusy}>
          Count it in
        </button>
      </div>
    </form>
  );
}

function ArrivalDone({ arrival, onClose }: { readonly arrival: Arrival; readonly onClose: () => void }): VNode {
  return (
    <div class="stack">
      <p role="status">
        {arrival.number} is saved.{' '}
        {arrival.differs.length === 0
          ? 'All came as it was sent.'
          : `Otherwise than it was sent: ${arrival.differs.join(', ')}.`}
      </p>
      <button type="button" class="button button-primary" data-focus onClick={onClose}>
        Done
      </button>
    </div>
  );
}
