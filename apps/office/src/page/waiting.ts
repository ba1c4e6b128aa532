// The view of work that waits: what revoked, expired and copied devices wrote without effect, for a person to adopt or dismiss.
import type { WaitingWork } from '../web/acts.ts';
import type { LiveState } from '../web/live-state.ts';
import { ask, faultOf } from './ask.ts';
import { byId, element, replaceWhenChanged } from './dom.ts';
import { counted, dayAndClock, money } from './format.ts';

const whyWords: Readonly<Record<string, string>> = {
  'kernel/fork': 'written by a copy of the device, where the other had written first',
  'kernel/revoked': 'written after the device was revoked',
  'kernel/expired': 'written after the last day of the device',
  'kernel/superseded': 'signed by a key that the device had given up',
};

const workWords: Readonly<Record<string, string>> = {
  'sale.complete': 'Sale',
  'sale.refund': 'Refund',
  'sale.void': 'Void',
  'session.open': 'Drawer opened',
  'session.close': 'Drawer closed',
  'stock.receive': 'Delivery',
  'stock.adjust': 'Stock adjusted',
};

export function drawWaiting(state: LiveState): void {
  const { waitingWork } = state;
  byId('waiting-count').textContent = waitingWork.length === 0 ? '' : ` (${waitingWork.length})`;
  const byDevice = Map.groupBy(waitingWork, ({ device }) => device);
  replaceWhenChanged('waiting', waitingWork, () =>
    waitingWork.length === 0
      ? [element('p', { class: 'empty' }, 'Nothing waits. What revoked or copied devices write shows up here.')]
      : [...byDevice.values()].map((works) => drawGroup(works, state.book.currency)),
  );
}

function drawGroup(works: readonly WaitingWork[], currency: string): HTMLElement {
  const name = works[0]?.name ?? '';
  const hashes = works.map(({ hash }) => hash);
  const buttons = works.length === 1 ? [] : actions(hashes, `${counted(works.length, 'entry', 'entries')} of ${name}`);
  return element(
    'section',
    { class: 'waiting', 'aria-label': `Waiting of ${name}` },
    element('header', {}, element('h3', {}, name), element('div', { class: 'card-actions' }, ...buttons)),
    element('ul', {}, ...works.map((work) => drawWork(work, currency))),
  );
}

function drawWork({ hash, verb, at, code, paidMinor, lines }: WaitingWork, currency: string): HTMLElement {
  const what = workWords[verb.split('@', 1)[0] ?? ''] ?? verb;
  const paid = paidMinor === null ? '' : ` · ${money(paidMinor, currency)}`;
  return element(
    'li',
    {},
    element(
      'div',
      {},
      element('strong', {}, `${what}${paid}`),
      element('p', { class: 'note' }, [dayAndClock(at), ...lines].join(' · ')),
      element('p', { class: 'note' }, `Without effect: ${whyWords[code] ?? code}.`),
    ),
    element('div', { class: 'card-actions' }, ...actions([hash], `this ${what.toLowerCase()}`)),
  );
}

function actions(ops: readonly string[], what: string): HTMLElement[] {
  const isOne = ops.length === 1;
  const adopt = element('button', { type: 'button', class: 'primary small' }, isOne ? 'Adopt…' : 'Adopt all…');
  adopt.addEventListener('click', () =>
    ask({
      title: `Adopt ${what}`,
      text: 'It takes effect here and now, as its own device wrote it, and once only. Do this when it really happened.',
      fields: [],
      confirm: 'Adopt',
      act: () => faultOf('/api/acts/adopt', { ops }),
    }),
  );
  const dismiss = element('button', { type: 'button', class: 'quiet small' }, isOne ? 'Dismiss…' : 'Dismiss all…');
  dismiss.addEventListener('click', () =>
    ask({
      title: `Dismiss ${what}`,
      text: 'It will never have effect. It stays in the log, with your reason.',
      fields: [{ kind: 'text', name: 'reason', label: 'Reason' }],
      confirm: 'Dismiss',
      act: ({ reason }) => faultOf('/api/acts/dismiss', { ops, reason }),
    }),
  );
  return [adopt, dismiss];
}
