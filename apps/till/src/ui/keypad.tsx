// A number pad for fingers. The field beside it is an ordinary input, so a keyboard works without it.
import type { VNode } from 'preact';
import { Icon } from './icons.tsx';

const keys = ['7', '8', '9', '4', '5', '6', '1', '2', '3'] as const;

export interface KeypadProps {
  readonly value: string;
  readonly onInput: (value: string) => void;
  /** Whether the value may have decimals. */
  readonly hasPoint: boolean;
}

export function Keypad({ value, onInput, hasPoint }: KeypadProps): VNode {
  const press = (key: string): void => onInput(value + key);
  return (
    <div class="keypad" role="group" aria-label="Number pad">
      {keys.map((key) => (
        <button key={key} type="button" class="key" onClick={() => press(key)}>
          {key}
        </button>
      ))}
      {hasPoint ? (
        <button type="button" class="key" aria-label="Decimal point" onClick={() => press('.')}>
          .
        </button>
      ) : (
        <button type="button" class="key" onClick={() => press('00')}>
          00
        </button>
      )}
      <button type="button" class="key" onClick={() => press('0')}>
        0
      </button>
      <button type="button" class="key" aria-label="Delete last digit" onClick={() => onInput(value.slice(0, -1))}>
        <Icon name="erase" />
      </button>
    </div>
  );
}
