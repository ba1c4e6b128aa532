// The shares of a key as sheets of paper, one at a time: the words to write down or print, and the same as a QR code.
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import encodeQr from 'qr';
import { Icon } from '../ui/icons.tsx';
import type { Sheet } from './backed-up-key.ts';

export interface SheetsProps {
  readonly sheets: readonly Sheet[];
  readonly threshold: number;
  /** Whose key it is. */
  readonly title: string;
  readonly onDone: () => void;
}

export function Sheets({ sheets, threshold, title, onDone }: SheetsProps): VNode | null {
  const [place, setPlace] = useState(0);
  const sheet = sheets[place];
  if (sheet === undefined) return null;
  const isLast = place === sheets.length - 1;
  return (
    <div class="stack">
      <section class="sheet" aria-label={`Sheet ${place + 1} of ${sheets.length}`}>
        <h3>
          Sheet {place + 1} of {sheets.length}
        </h3>
        <p>
          {title}. Any {threshold} of the {sheets.length} sheets bring its key back; fewer say nothing about it. Give
          each sheet to another person.
        </p>
        <ol class="sheet-words">
          {sheet.words.map((word, index) => (
            <li key={index}>{word}</li>
          ))}
        </ol>
        <QrCode text={sheet.text} label={`The words of sheet ${place + 1} as a QR code`} />
      </section>
      <div class="actions">
        <button type="button" class="button" onClick={() => print()}>
          <Icon name="print" size={20} /> Print this sheet
        </button>
        <button type="button" class="button button-primary" onClick={() => (isLast ? onDone() : setPlace(place + 1))}>
          {isLast ? 'All sheets are handed out' : 'Next sheet'}
        </button>
      </div>
    </div>
  );
}

/** Dark on light in both palettes: not every reader takes it the other way round. */
export function QrCode({ text, label }: { readonly text: string; readonly label: string }): VNode {
  const rows = encodeQr(text, 'raw', { ecc: 'medium', border: 3 });
  const path = rows.map((row, y) => row.map((isDark, x) => (isDark ? `M${x} ${y}h1v1h-1z` : '')).join('')).join('');
  return (
    <svg class="qr" viewBox={`0 0 ${rows.length} ${rows.length}`} role="img" aria-label={label}>
      <rect width="100%" height="100%" fill="#fff" />
      <path d={path} fill="#000" />
    </svg>
  );
}
