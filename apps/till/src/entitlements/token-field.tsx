// Takes in what is on a customer's phone or paper: scanned or pasted.
import type { VNode } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { Fault } from '../ui/reverse-dialog.tsx';

const longestLink = 600;

export interface TokenFieldProps {
  /** Resolves to what was wrong, or undefined. */
  readonly onRead: (url: string) => Promise<string | undefined>;
  readonly onBack: () => void;
}

export function TokenField({ onRead, onBack }: TokenFieldProps): VNode {
  const [url, setUrl] = useState('');
  const [fault, setFault] = useState<string>();
  const field = useRef<HTMLInputElement>(null);
  useLayoutEffect(() => field.current?.focus(), []);
  const submit = (event: Event): void => {
    event.preventDefault();
    if (url.trim() === '') return;
    void onRead(url.trim()).then((said) => {
      setFault(said);
      // The next scan types into an empty field.
      if (said !== undefined) setUrl('');
    });
  };
  return (
    <form class="stack" onSubmit={submit}>
      <label class="field">
        <span>Scan or paste its code</span>
        <input
          ref={field}
          data-focus
          value={url}
          maxLength={longestLink}
          autocomplete="off"
          autocapitalize="off"
          spellcheck={false}
          onInput={(event) => setUrl(event.currentTarget.value)}
        />
      </label>
      <Fault text={fault} />
      <div class="actions">
        <button type="button" class="button" onClick={onBack}>
          Back
        </button>
        <button type="submit" class="button button-primary" disabled={url.trim() === ''}>
          Look
        </button>
      </div>
    </form>
  );
}
