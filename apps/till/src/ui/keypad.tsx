// Entering a number by finger or keyboard: an ordinary field, and a pad that types into it.
import type { VNode } from 'preact';
import { parseDecimal } from '../model/money.ts';
import { Icon } from './icons.tsx';

const keys = ['7', '8', '9', '4', '5', '6', '1', '2', '3'] as const;

export interface NumberEntryProps {
  readonly value: string;
  readonly onInput: (value: string) => void;
  /** Decimals that the number may have. */
  readonly scale: number;
}

export interface NumberFieldProps extends NumberEntryProps {
  readonly label: string;
  readonly placeholder?: string;
}

/** A field beside a pad. On a touch screen it does not call up the device's own keyboard over the pad. */
export function NumberField({ value, onInput, scale, label, placeholder }: NumberFieldProps): VNode {
  const isTouch = globalThis.matchMedia('(pointer: coarse)').matches;
  return (
    <label class="field field-amount">
      <span>{label}</span>
      <input
        data-focus
        inputmode={isTouch ? 'none' : 'decimal'}
        autocomplete="off"
        placeholder={placeholder ?? ''}
        aria-invalid={value !== '' && parseDecimal(value, scale) === undefined}
        value={value}
        onFocus={(event) => event.currentTarget.select()}
        onInput={(event) => onInput(event.currentTarget.value)}
      />
    </label>
  );
}

export function Keypad({ value, onInput, scale }: NumberEntryProps): VNode {
  const press = (key: string): void => {
    const next = value + key;
    if (parseDecimal(next, scale) !== undefined || next === '.') onInput(next);
  };
  const [lastKey, lastKeyName] = scale > 0 ? ['.', 'Decimal point'] : ['00', '00'];
  return (
    <div class="keypad" role="group" aria-label="Number pad">
      {keys.map((key) => (
        <button key={key} type="button" class="key" onClick={() => press(key)}>
          {key}
        </button>
      ))}
      <button type="button" class="key" aria-label={lastKeyName} onClick={() => press(lastKey)}>
        {lastKey}
      </button>
      <button type="button" class="key" onClick={() => press('0')}>
        0
      </button>
      <button type="button" class="key" aria-label="Delete last digit" onClick={() => onInput(value.slice(0, -1))}>
        <Icon name="erase" />
      </button>
    </div>
  );
}
