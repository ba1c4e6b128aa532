// The evening of a van: what lies in it and what is in its drawer, counted without being told what should be. The count goes to whoever settles, as a code or
// as text; nothing is written here.
import type { VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { CountGoods, CountList } from '../engine/port.ts';
import { QrCode } from '../keys/sheets.tsx';
import { countLines } from '../model/count.ts';
import { currencyDigits, parseDecimal } from '../model/money.ts';
import { refusalText } from '../model/words.ts';
import { useShop, useTill } from '../state/context.ts';
import { Coming } from '../ui/coming.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { Fault } from '../ui/fault.tsx';
import { PaperActions } from '../ui/paper-actions.tsx';
import { CountFields, ScanCount } from './counting.tsx';

/** A code of more is read by no phone. */
const longestQr = 2_000;

export function HandOverDialog({ onClose }: { readonly onClose: () => void }): VNode {
  const till = useTill();
  const [list, setList] = useState<CountList>();
  const [fault, setFault] = useState<string>();
  const [text, setText] = useState<string>();
  useEffect(() => {
    void till.engine.countList().then((read) => {
      if (read.ok) setList(read.value);
      else setFault(refusalText(read.code, read.message));
    });
  }, []);
  return (
    <Dialog title="Hand over" onClose={onClose}>
      {text !== undefined ? (
        <VanCountView text={text} onClose={onClose} />
      ) : list === undefined ? (
        <div class="stack">
          <Coming />
          <Fault text={fault} />
        </div>
      ) : (
        <VanCountForm list={list} onCounted={setText} />
      )}
    </Dialog>
  );
}

interface VanCountFormProps {
  readonly list: CountList;
  readonly onCounted: (text: string) => void;
}

function VanCountForm({ list, onCounted }: VanCountFormProps): VNode {
  const till = useTill();
  const counted = till.counted.value;
  const digits = currencyDigits(useShop().currency);
  const [cash, setCash] = useState('');
  const [fault, setFault] = useState<string>();
  const loaded = new Set(list.loaded);
  // What was never loaded and lies there all the same is scanned.
  const goods = list.goods.filter(({ sku }) => loaded.has(sku) || (counted[sku] ?? '') !== '');
  const lines = countLines(counted, goods);
  const left = goods.filter(({ sku }) => (counted[sku] ?? '').trim() === '');
  const cashMinor = parseDecimal(cash, digits);
  const nothingOf = (rest: readonly CountGoods[]): void => {
    till.counted.value = { ...till.counted.value, ...Object.fromEntries(rest.map(({ sku }) => [sku, '0'])) };
  };
  const write = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (lines === undefined || cashMinor === undefined || left.length > 0) return;
    const written = await till.engine.vanCount({ lines, cashMinor });
    if (written.ok) onCounted(written.value);
    else setFault(refusalText(written.code, written.message));
  };
  return (
    <div class="stack">
      <p>Count what lies in the van and the cash in its drawer. What should be there is said when it is settled.</p>
      <ScanCount goods={list.goods} />
      <form class="stack" onSubmit={(event) => void write(event)}>
        <CountFields
          goods={goods}
          counted={counted}
          onCount={(sku, typed) => (till.counted.value = { ...till.counted.value, [sku]: typed })}
        />
        {left.length > 0 && (
          <button type="button" class="button" onClick={() => nothingOf(left)}>
            Nothing is left of the other {left.length}
          </button>
        )}
        <label class="field">
          <span>Cash in the drawer</span>
          <input
            inputmode="decimal"
            autocomplete="off"
            value={cash}
            aria-invalid={cash.trim() !== '' && cashMinor === undefined}
            onInput={(event) => setCash(event.currentTarget.value)}
          />
        </label>
        <Fault text={lines === undefined ? 'Some of this is no number.' : fault} />
        <button
          type="submit"
          class="button button-primary button-tall"
          disabled={lines === undefined || cashMinor === undefined || left.length > 0}
        >
          Hand over
        </button>
      </form>
    </div>
  );
}

function VanCountView({ text, onClose }: { readonly text: string; readonly onClose: () => void }): VNode {
  return (
    <div class="stack">
      <p role="status">
        Give this to whoever settles the van: the office reads it under “Stock”. Sell nothing more before it is settled.
      </p>
      {text.length <= longestQr && <QrCode text={text} label="The count of this van as a QR code" />}
      <label class="field">
        <span>The count, to send</span>
        <input readOnly value={text} onFocus={(event) => event.currentTarget.select()} />
      </label>
      <PaperActions onDone={onClose} />
    </div>
  );
}
