// Counting a shelf: blind, so nothing here says what should be there before the count is saved. Goods are typed or scanned, one scan a piece.
import type { VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { CountedLine, CountList, StockCount } from '../engine/port.ts';
import { countLines } from '../model/count.ts';
import { formatQuantity } from '../model/money.ts';
import { refusalText } from '../model/words.ts';
import { useTill } from '../state/context.ts';
import { Coming } from '../ui/coming.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { Fault } from '../ui/fault.tsx';
import { CountFields, ScanCount } from './counting.tsx';

export function CountDialog({ onClose }: { readonly onClose: () => void }): VNode {
  const till = useTill();
  const [list, setList] = useState<CountList>();
  const [shelf, setShelf] = useState('');
  const counted = till.counted.value;
  const [isBusy, setBusy] = useState(false);
  const [fault, setFault] = useState<string>();
  const [done, setDone] = useState<StockCount>();
  useEffect(() => {
    void till.engine.countList().then((read) => {
      if (!read.ok) return setFault(refusalText(read.code, read.message));
      setList(read.value);
      setShelf(read.value.goods[0]?.category ?? '');
    });
  }, []);
  if (done !== undefined) return <CountDone count={done} onClose={onClose} />;
  const goods = list?.goods ?? [];
  const lines = countLines(counted, goods);
  const save = async (): Promise<void> => {
    if (list === undefined || lines === undefined || lines.length === 0 || isBusy) return;
    setBusy(true);
    const saved = await till.engine.countGoods({ lines, reason: shelf === '' ? 'count' : shelf, after: list.newest });
    setBusy(false);
    if (!saved.ok) return setFault(refusalText(saved.code, saved.message));
    till.counted.value = {};
    if (saved.value.shown === undefined) onClose();
    else setDone(saved.value.shown);
  };
  return (
    <Dialog title="Count goods" isBusy={isBusy} onClose={onClose}>
      <div class="stack">
        <p>Type what lies there, or scan each piece. Nought is a count; what is left empty is not counted.</p>
        <ScanCount goods={goods} onCounted={({ category }) => setShelf(category)} />
        <label class="field">
          <span>Shelf</span>
          <select value={shelf} onChange={(event) => setShelf(event.currentTarget.value)}>
            {[...new Set(goods.map(({ category }) => category))].map((category) => (
              <option key={category} value={category}>
                {category === '' ? 'Other' : category}
              </option>
            ))}
          </select>
        </label>
        <CountFields
          goods={goods.filter(({ category }) => category === shelf)}
          counted={counted}
          onCount={(sku, text) => (till.counted.value = { ...till.counted.value, [sku]: text })}
        />
        {list === undefined && <Coming />}
        <Fault text={lines === undefined ? 'Some of this is no number.' : fault} />
        <button
          type="button"
          class="button button-primary button-tall"
          disabled={lines === undefined || lines.length === 0 || isBusy}
          onClick={() => void save()}
        >
          Save the count of {lines?.length ?? 0}
        </button>
      </div>
    </Dialog>
  );
}

function CountDone({ count, onClose }: { readonly count: StockCount; readonly onClose: () => void }): VNode {
  return (
    <Dialog title="Counted" onClose={onClose}>
      <div class="stack">
        <p role="status">{count.number} is saved. The books have come to what was counted.</p>
        <ul class="refusals">
          {count.lines.map((line) => (
            <li key={line.sku}>
              <strong>{line.name}</strong>: {formatQuantity(line.countedQuantity, line.quantityScale)},{' '}
              {differenceWords(line)}
            </li>
          ))}
        </ul>
        {count.unpriced.length > 0 && (
          <p>
            What these cost is not known here, so their difference is booked at nothing: {count.unpriced.join(', ')}.
          </p>
        )}
        <button type="button" class="button button-primary" data-focus onClick={onClose}>
          Done
        </button>
      </div>
    </Dialog>
  );
}

function differenceWords({ countedQuantity: counted, expectedQuantity, quantityScale }: CountedLine): string {
  const difference = counted - expectedQuantity;
  if (difference === 0) return 'as it should be';
  return `${formatQuantity(Math.abs(difference), quantityScale)} ${difference < 0 ? 'short' : 'over'}`;
}
