// The view of corrections: what stands otherwise than meant, who owes what for it, the document behind it, and what is to be done; and what
// has no effect.
import { owedWords } from '../owed-words.ts';
import type { ShownCorrection, ShownDocument, ShownRefusal } from '../web/corrections.ts';
import type { LiveState } from '../web/live-state.ts';
import { byId, element, replaceWhenChanged } from './dom.ts';
import { day, dayAndClock, money, quantity } from './format.ts';

export function drawCorrections({ corrections, refused }: LiveState): void {
  byId('corrections-count').textContent = corrections.length === 0 ? '' : ` (${corrections.length})`;
  replaceWhenChanged('corrections', corrections, () =>
    corrections.length === 0
      ? [
          element(
            'p',
            { class: 'empty' },
            'Nothing was corrected. What tills did apart and cannot both be shows up here.',
          ),
        ]
      : [element('ul', { class: 'waiting' }, ...corrections.map(drawCorrection))],
  );
  replaceWhenChanged('refused', refused, () =>
    refused.length === 0
      ? [element('p', { class: 'empty' }, 'Nothing was refused.')]
      : [element('ul', { class: 'waiting' }, ...refused.map(drawRefusal))],
  );
}

function drawCorrection(correction: ShownCorrection): HTMLElement {
  const { op, scope, device, verb, reasons, document, owed } = correction;
  const head =
    document === null
      ? element('strong', {}, verb)
      : element('strong', {}, `${document.number} · ${money(document.totalMinor, document.currency)}`);
  const when = document === null ? device : `${day(document.day)} · ${device}`;
  const look = element('button', { type: 'button', class: 'quiet small' }, `Show ${document?.number ?? verb}…`);
  look.addEventListener('click', () => void showDocument(scope, op));
  return element(
    'li',
    {},
    element(
      'div',
      {},
      head,
      element('p', { class: 'note' }, `${when} · ${op}`),
      ...owed.map((one) => element('p', {}, element('strong', {}, `${owedLine(one)}.`))),
      ...reasons.flatMap(({ why, remedy }) => [
        element('p', {}, why),
        element('p', { class: 'note' }, `To do: ${remedy}`),
      ]),
    ),
    ...(document === null ? [] : [element('div', { class: 'card-actions' }, look)]),
  );
}

function owedLine(one: ShownCorrection['owed'][number]): string {
  const words = owedWords(one, money(Math.abs(one.amountMinor), one.currency), one.who);
  return `${words.charAt(0).toLocaleUpperCase()}${words.slice(1)}`;
}

function drawRefusal({ device, verb, number, why }: ShownRefusal): HTMLElement {
  return element(
    'li',
    {},
    element(
      'div',
      {},
      element('strong', {}, number === '' ? verb : number),
      element('p', { class: 'note' }, device),
      element('p', {}, `${why}.`),
    ),
  );
}

async function showDocument(scope: string, id: string): Promise<void> {
  const response = await fetch(`/api/document?${new URLSearchParams({ scope, id }).toString()}`);
  if (response.ok) drawDocument((await response.json()) as ShownDocument);
}

function drawDocument(shown: ShownDocument): void {
  const {
    number,
    day: on,
    at,
    device,
    customer,
    currency,
    totalMinor,
    reason,
    original,
    lines,
    tenders,
    postings,
  } = shown;
  const dialog = byId('ask') as HTMLDialogElement;
  const about = [
    day(on),
    dayAndClock(at),
    device,
    customer === '' ? '' : `customer ${customer}`,
    original === '' ? '' : `for ${original}`,
    reason,
  ];
  const close = element('button', { class: 'primary' }, 'Close');
  const rows = (cells: readonly (readonly [string, number])[]): HTMLElement =>
    element(
      'table',
      {},
      element(
        'tbody',
        {},
        ...cells.map(([name, amountMinor]) =>
          element(
            'tr',
            {},
            element('th', { scope: 'row' }, name),
            element('td', { class: 'number' }, money(amountMinor, currency)),
          ),
        ),
      ),
    );
  const goods = lines.map(
    (line) => [`${quantity(line.quantity, line.quantityScale)} × ${line.name}`, line.amountMinor] as const,
  );
  dialog.replaceChildren(
    element(
      'form',
      { method: 'dialog' },
      element('h2', { id: 'ask-title' }, number),
      element('p', { class: 'note' }, about.filter((text) => text !== '').join(' · ')),
      rows([...goods, ['Total', totalMinor], ...tenders.map(({ kind, amountMinor }) => [kind, amountMinor] as const)]),
      element('h3', {}, 'In the ledger'),
      rows(postings.map(({ account, name, amountMinor }) => [`${account} ${name}`, amountMinor])),
      element('div', { class: 'dialog-actions' }, close),
    ),
  );
  dialog.showModal();
}
