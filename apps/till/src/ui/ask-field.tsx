// One question with one field: what is typed or scanned is handed on, and what was wrong with it is said below.
import type { VNode } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { Fault } from './fault.tsx';

export interface AskFieldProps {
  readonly label: string;
  /** What stands in the field at first. */
  readonly known?: string;
  readonly maxLength: number;
  /** What the button says. */
  readonly action: string;
  /** Whether the next scan types into an empty field after a fault. */
  readonly startsAnew?: boolean;
  /** Whether the field is emptied and stays for the next text. */
  readonly isRepeated?: boolean;
  /** Resolves to what was wrong, or undefined. */
  readonly onAsk: (text: string) => Promise<string | undefined>;
  /** Left out where the field is one of several. */
  readonly onBack?: () => void;
}

export function AskField(props: AskFieldProps): VNode {
  const { label, known = '', maxLength, action, startsAnew = false, isRepeated = false, onAsk, onBack } = props;
  const [text, setText] = useState(known);
  const [fault, setFault] = useState<string>();
  const field = useRef<HTMLInputElement>(null);
  useLayoutEffect(() => {
    if (onBack !== undefined) field.current?.focus();
  }, []);
  const submit = (event: Event): void => {
    event.preventDefault();
    if (text.trim() === '') return;
    void onAsk(text.trim()).then((said) => {
      setFault(said);
      if (said === undefined ? isRepeated : startsAnew) setText('');
    });
  };
  return (
    <form class="stack" onSubmit={submit}>
      <label class="field">
        <span>{label}</span>
        <input
          ref={field}
          data-focus
          value={text}
          maxLength={maxLength}
          autocomplete="off"
          autocapitalize="off"
          spellcheck={false}
          onInput={(event) => setText(event.currentTarget.value)}
        />
      </label>
      <Fault text={fault} />
      <div class="actions">
        {onBack !== undefined && (
          <button type="button" class="button" onClick={onBack}>
            Back
          </button>
        )}
        <button
          type="submit"
          class={onBack === undefined ? 'button' : 'button button-primary'}
          disabled={text.trim() === ''}
        >
          {action}
        </button>
      </div>
    </form>
  );
}
