// A document as the customer gets it, on screen and on paper.
import type { ComponentChildren, VNode } from 'preact';
import type { DocumentKind, Receipt, ReceiptLine } from '../engine/port.ts';
import { formatMoney, formatQuantity, formatUnitPrice } from '../model/money.ts';
import { taxByRate } from '../model/tax.ts';
import type { Tender } from '../model/tender.ts';
import { dateTimeText, percentText } from '../model/time.ts';
import { PrintButton } from './paper-actions.tsx';
import { StageLabel, useStage } from './stage.tsx';

const headings: Readonly<Record<DocumentKind, string>> = {
  sale: 'Receipt',
  refund: 'Refund',
  void: 'Void',
  exchange: 'Exchange',
};

export interface ReceiptViewProps {
  readonly receipt: Receipt;
  /** Buttons beside "Print". */
  readonly children?: ComponentChildren;
  readonly onDone?: () => void;
}

export function ReceiptView({ receipt, children, onDone }: ReceiptViewProps): VNode {
  const stage = useStage(receipt.id, receipt.stage);
  return (
    <div class="receipt-view">
      <ReceiptPaper receipt={receipt} />
      <p class="receipt-stage">
        <StageLabel stage={stage} />
      </p>
      <div class="actions">
        <PrintButton />
        {children}
        {onDone !== undefined && (
          <button type="button" class="button button-primary" data-focus onClick={onDone}>
            New sale
          </button>
        )}
      </div>
    </div>
  );
}

function ReceiptPaper({ receipt }: { readonly receipt: Receipt }): VNode {
  const { currency } = receipt;
  return (
    <article class="receipt" aria-label={`${headings[receipt.kind]} ${receipt.number}`}>
      <header class="receipt-head">
        <h3>{receipt.shop}</h3>
        <p>{headings[receipt.kind]}</p>
        <p class="receipt-number">{receipt.number}</p>
        <p>
          {dateTimeText(receipt.at)}, {receipt.till}
        </p>
        {receipt.fiscal !== '' && <p>Fiscal number {receipt.fiscal}</p>}
        {receipt.customer !== '' && <p>Customer {receipt.customer}</p>}
        {receipt.original !== undefined && <p>for {receipt.original.number}</p>}
        {receipt.reversed === 'voided' && <p class="receipt-stamp">Voided</p>}
        {receipt.reversed === 'refunded' && <p class="receipt-stamp">Refunded</p>}
      </header>
      <table class="receipt-lines">
        <thead class="hidden">
          <tr>
            <th scope="col">Article</th>
            <th scope="col">Amount</th>
          </tr>
        </thead>
        <tbody>
          {receipt.lines.map((line) => (
            <ReceiptRow key={line.line} line={line} currency={currency} />
          ))}
        </tbody>
      </table>
      <dl class="receipt-sums">
        <div class="receipt-total">
          <dt>Total</dt>
          <dd>{formatMoney(receipt.totalMinor, currency)}</dd>
        </div>
        {taxByRate(receipt.lines).map((tax) => (
          <div key={tax.rateBasisPoints}>
            <dt>of which tax {percentText(tax.rateBasisPoints)}</dt>
            <dd>{formatMoney(tax.taxMinor, currency)}</dd>
          </div>
        ))}
        {receipt.tenders.map((tender, index) => (
          <div key={index} class={index === 0 ? 'receipt-rule' : ''}>
            <dt>
              {tenderWords(receipt.kind === 'sale' || (receipt.kind === 'exchange' && receipt.totalMinor > 0), tender)}
            </dt>
            <dd>{formatMoney(tender.amountMinor, currency)}</dd>
          </div>
        ))}
      </dl>
      <footer class="receipt-foot">
        <span class="receipt-id">{receipt.id}</span>
      </footer>
    </article>
  );
}

function tenderWords(isSold: boolean, { kind, amountMinor }: Tender): string {
  if (kind === 'card') return 'Card';
  if (kind === 'account') return 'On account';
  if (kind === 'entitlement') return 'Coupon or gift';
  if (kind === 'deposit') return 'Paid before';
  return isSold && amountMinor < 0 ? 'Change' : 'Cash';
}

function ReceiptRow({ line, currency }: { readonly line: ReceiptLine; readonly currency: string }): VNode {
  const quantity = formatQuantity(line.quantity, line.quantityScale);
  const back = line.refundedQuantity > 0 ? formatQuantity(line.refundedQuantity, line.quantityScale) : undefined;
  return (
    <tr>
      <td>
        {line.name === '' ? line.sku : line.name}
        <small>
          {quantity} × {formatUnitPrice(line.unitPriceMilliMinor, currency)}
          {line.lot !== undefined && `, lot ${line.lot}`}
          {back !== undefined && `, ${back} returned`}
          {line.discountMinor !== undefined && (
            <>
              <br />
              {line.offer === '' ? 'Discount' : line.offer}: {formatMoney(-line.discountMinor, currency)}
            </>
          )}
        </small>
      </td>
      <td>{formatMoney(line.paidMinor, currency)}</td>
    </tr>
  );
}
