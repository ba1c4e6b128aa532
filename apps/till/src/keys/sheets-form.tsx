// Typing the words of sheets in again, one sheet at a time.
import type { Share } from '@tallystick/custody';
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import type { Outcome } from '../engine/port.ts';
import { refusalText } from '../model/words.ts';
import { Icon } from '../ui/icons.tsx';
import { Fault } from '../ui/fault.tsx';
import { type OpenedKey, openWithSheets, readSheet } from './backed-up-key.ts';

export interface SheetsFormProps {
  readonly keyId: string;
  readonly onOpened: (opened: Outcome<OpenedKey>) => Promise<void>;
}

export function SheetsForm({ keyId, onOpened }: SheetsFormProps): VNode {
  const [text, setText] = useState('');
  const [sheets, setSheets] = useState<readonly Share[]>([]);
  const [missing, setMissing] = useState<number>();
  const [fault, setFault] = useState<string>();
  const add = async (event: Event): Promise<void> => {
    event.preventDefault();
    const sheet = readSheet(text);
    if (!sheet.ok) return setFault(refusalText(sheet.code, `This is not a sheet: ${sheet.message}.`));
    const all = [...sheets, sheet.value];
    const combined = await openWithSheets(all, keyId);
    if (!combined.ok) return setFault(refusalText(combined.code, `This sheet does not fit: ${combined.message}.`));
    setFault(undefined);
    setSheets(all);
    setText('');
    const { missing: left, opened } = combined.value;
    setMissing(left);
    if (opened !== undefined) await onOpened({ ok: true, value: opened });
  };
  return (
    <form class="stack" aria-label="By sheets" onSubmit={(event) => void add(event)}>
      <p>Its key is on sheets of paper. Type the words of one sheet after the other, or paste what their codes say.</p>
      {missing !== undefined && (
        <p role="status">
          <Icon name="check" size={18} /> {sheets.length} {sheets.length === 1 ? 'sheet' : 'sheets'} read,{' '}
          {missing === 0 ? 'the key is whole' : `${missing} more needed`}.
        </p>
      )}
      <label class="field">
        <span>Words of a sheet</span>
        <textarea
          rows={4}
          autocomplete="off"
          autocapitalize="none"
          spellcheck={false}
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
        />
      </label>
      <Fault text={fault} />
      <button type="submit" class="button button-tall" disabled={text.trim() === ''}>
        Add this sheet
      </button>
    </form>
  );
}
