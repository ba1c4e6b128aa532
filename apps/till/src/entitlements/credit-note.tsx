// A credit note as the customer gets it: an amount, and a code that any till of the shop takes.
import type { VNode } from 'preact';
import type { CreditNote } from '../engine/shown.ts';
import { QrCode } from '../keys/sheets.tsx';
import { formatMoney } from '../model/money.ts';
import { useShop } from '../state/context.ts';
import { PaperActions } from '../ui/paper-actions.tsx';

export function CreditNoteView({ note, onDone }: { readonly note: CreditNote; readonly onDone: () => void }): VNode {
  const shop = useShop();
  const amount = formatMoney(note.amountMinor, shop.currency);
  return (
    <div class="receipt-view">
      <article class="receipt" aria-label={`Credit note for ${note.number}`}>
        <header class="receipt-head">
          <h3>{shop.name}</h3>
          <p>Credit note</p>
          <p class="receipt-number">{amount}</p>
          <p>for {note.number}</p>
        </header>
        <QrCode text={note.url} label="The credit note as a QR code" />
        <footer class="receipt-foot">
          <p>Whoever shows this code can spend it here, bit by bit. Keep it like money.</p>
        </footer>
      </article>
      <label class="field">
        <span>Its code, to send</span>
        <input readOnly value={note.url} onFocus={(event) => event.currentTarget.select()} />
      </label>
      <PaperActions onDone={onDone} />
    </div>
  );
}
