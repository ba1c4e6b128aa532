// The fields of a count, for a shelf and for a van: typed, or scanned piece by piece. What was counted stays while the dialog is closed, until it is saved or
// given up.
import type { VNode } from 'preact';
import type { CountGoods } from '../engine/port.ts';
import { addScan, type Counted, countedQuantity } from '../model/count.ts';
import { refusalText } from '../model/words.ts';
import { useTill } from '../state/context.ts';
import type { Till } from '../state/till.ts';
import { AskField } from '../ui/ask-field.tsx';

const longestCode = 600;

export interface ScanCountProps {
  readonly goods: readonly CountGoods[];
  readonly onCounted?: (goods: CountGoods) => void;
}

/** A field that counts one piece by each scan. */
export function ScanCount({ goods, onCounted }: ScanCountProps): VNode {
  const till = useTill();
  const scan = async (text: string): Promise<string | undefined> => {
    const found = await readCode(text, goods, till.engine);
    if (typeof found === 'string') return found;
    till.counted.value = addScan(till.counted.value, found.goods, found.quantity);
    till.announcement.value = `${found.goods.name} counted`;
    onCounted?.(found.goods);
    return undefined;
  };
  return (
    <AskField label="Scan an article" maxLength={longestCode} action="Count one" startsAnew isRepeated onAsk={scan} />
  );
}

/** By what the catalogue says of the code, or by the article's own number; otherwise what was wrong. */
async function readCode(
  text: string,
  goods: readonly CountGoods[],
  engine: Till['engine'],
): Promise<{ readonly goods: CountGoods; readonly quantity: number } | string> {
  const named = goods.find(({ sku }) => sku === text);
  if (named !== undefined) return { goods: named, quantity: 10 ** named.unitScale };
  const found = await engine.scan(text);
  if (!found.ok) return refusalText(found.code, found.message);
  const scanned = goods.find(({ sku }) => sku === found.value.sku);
  if (scanned === undefined) return `${found.value.sku} is not counted here.`;
  return { goods: scanned, quantity: found.value.quantity };
}

export interface CountFieldsProps {
  readonly goods: readonly CountGoods[];
  readonly counted: Counted;
  readonly onCount: (sku: string, text: string) => void;
}

export function CountFields({ goods, counted, onCount }: CountFieldsProps): VNode {
  return (
    <ul class="count-fields">
      {goods.map(({ sku, name, unitScale }) => {
        const text = counted[sku] ?? '';
        return (
          <li key={sku}>
            <label>
              <span>{name}</span>
              <input
                inputmode="decimal"
                autocomplete="off"
                value={text}
                aria-invalid={text.trim() !== '' && countedQuantity(text, unitScale) === undefined}
                onInput={(event) => onCount(sku, event.currentTarget.value)}
              />
            </label>
          </li>
        );
      })}
    </ul>
  );
}
