// Asks for a customer by number.
import type { VNode } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { Fault } from '../ui/reverse-dialog.tsx';

const longestNumber = 100;

export interface CustomerFieldProps {
  /** Who is named already, or ''. */
  readonly known?: string;
  /** What the button says. */
  readonly action?: string;
  /** Resolves to what was wrong, or undefined. */
  readonly onFind: (number: string) => Promise<string | undefined>;
  readonly onBack: () => void;
}

export function CustomerField({ known = '', action = 'Find', onFind, onBack }: CustomerFieldProps): VNode {
  const [number, setNumber] = useState(known);
  const [fault, setFault] = useState<string>();
  const field = useRef<HTMLInputElement>(null);
  useLayoutEffect(() => field.current?.focus(), []);
  const submit = (event: Event): void => {
    event.preventDefault();
    if (number.trim() !== '') void onFind(number.trim()).then(setFault);
  };
  return (
    <form class="stack" onSubmit={submit}>
      <label class="field">
        <span>Customer number</span>
        <input
          ref={field}
          data-focus
          value={number}
          maxLength={longestNumber}
          autocomplete="off"
          autocapitalize="off"
          spellcheck={false}
          onInput={(event) => setNumber(event.currentTarget.value)}
        />
      </label>
      <Fault text={fault} />
      <div class="actions">
        <button type="button" class="button" onClick={onBack}>
          Back
        </button>
        <button type="submit" class="button button-primary" disabled={number.trim() === ''}>
          {action}
        </button>
      </div>
    </form>
  );
}
