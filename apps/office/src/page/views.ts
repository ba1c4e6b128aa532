// Draws the state of the books into the page, one function a view. A part is redrawn only when what it shows has changed.
import type { LiveState, SalesSlot } from '../web/live-state.ts';
import { type Bar, barChart } from './chart.ts';
import { drawCorrections } from './corrections.ts';
import { drawDevices } from './devices.ts';
import { byId, element, inputById, replaceWhenChanged, shape } from './dom.ts';
import { ago, counted, day, dayAndClock, hour, money, quantity, roundMoney, shortDay, whole } from './format.ts';
import { drawWaiting } from './waiting.ts';

export type Period = 'hours' | 'days';

const kindWords: ReadonlyMap<string, string> = new Map([
  ['refund', 'Refund'],
  ['void', 'Void'],
  ['receipt', 'Delivery'],
  ['adjustment', 'Stock adjusted'],
  ['charge', 'Charge'],
]);
const relayWords: Readonly<Record<LiveState['relay']['state'], string>> = {
  connecting: 'Connecting to the relay',
  linked: 'Live',
  unreachable: 'Relay not answering',
  distrusted: 'Relay contradicts itself',
};

/** Draws everything. `period` says what the chart shows. */
export function drawAll(state: LiveState, period: Period): void {
  byId('book-name').textContent = state.book.name;
  document.title = `${state.book.name} · Back office`;
  drawFigures(state);
  drawChart(state, period);
  drawRanks('best', state.bestSellers, state.book.currency);
  drawRanks('by-till', state.byTill, state.book.currency);
  drawDocuments(state);
  drawStock(state);
  drawBalance(state);
  drawDevices(state);
  drawWaiting(state);
  drawCorrections(state);
  drawTip(state);
  drawLink(state);
  byId('main').setAttribute('aria-busy', 'false');
}

/** The connection chip; drawn every second, because it says how long ago the last exchange was. */
export function drawLink(state: LiveState): void {
  const { relay } = state;
  const since = relay.syncedAtMs === 0 ? '' : ` · ${ago(Date.now() - relay.syncedAtMs)}`;
  byId('link').dataset['state'] = relay.state;
  const words = `${relayWords[relay.state]}${since}`;
  if (byId('link-text').textContent !== words) byId('link-text').textContent = words;
  const notice = byId('notice');
  const found = state.relayFindings.map((words) => `${words}. The proof is kept; nothing is lost here.`);
  const seen = state.otherViews.map((words) => `${words}.`);
  const { lines, isMissed } = state.backups;
  const missed = isMissed ? lines.map((line) => `${line}.`) : [];
  const said = [...(relay.state === 'distrusted' && found.length === 0 ? [relay.message] : found), ...seen, ...missed];
  notice.hidden = said.length === 0;
  if (notice.textContent !== said.join(' ')) notice.textContent = said.join(' ');
}

function drawFigures(state: LiveState): void {
  const latest = state.days.at(-1);
  const before = state.days.at(-2);
  replaceWhenChanged('figures', [latest, before, state.book.currency], () => {
    const show = (amount: number): string => money(amount, state.book.currency);
    const sales = latest?.sales ?? 0;
    const net = (latest?.grossMinor ?? 0) + (latest?.refundedMinor ?? 0);
    const when = latest === undefined ? 'no trading day yet' : day(latest.slot);
    return [
      figure('Net sales', show(net), when),
      figure(
        'Sales',
        whole(sales),
        before === undefined ? 'first day in the books' : `${whole(before.sales)} on the day before`,
      ),
      figure('Average sale', sales === 0 ? '–' : show(Math.round((latest?.grossMinor ?? 0) / sales)), 'tax included'),
      figure('Returned', show(-(latest?.refundedMinor ?? 0)), `${whole(latest?.refunds ?? 0)} refunds and voids`),
    ];
  });
}

function figure(name: string, value: string, note: string): HTMLElement {
  return element(
    'dl',
    { class: 'figure' },
    element('dt', {}, name),
    element('dd', {}, value),
    element('dd', { class: 'note' }, note),
  );
}

function drawChart(state: LiveState, period: Period): void {
  const { currency } = state.book;
  const slots = period === 'days' ? state.days : state.hours;
  const latest = state.days.at(-1);
  const title = period === 'days' || latest === undefined ? 'Sales by day' : `Sales by hour, ${day(latest.slot)}`;
  byId('chart-title').textContent = title;
  replaceWhenChanged('chart', [period, slots, currency], () =>
    barChart(
      slots.map((slot) => barOf(slot, period)),
      (amount) => roundMoney(amount, currency),
      (amount) => money(amount, currency),
    ),
  );
}

function barOf(slot: SalesSlot, period: Period): Bar {
  const label = period === 'days' ? shortDay(slot.slot) : hour(Number(slot.slot));
  return {
    label,
    longLabel: period === 'days' ? day(slot.slot) : label,
    gross: slot.grossMinor,
    refunded: slot.refundedMinor,
  };
}

function drawRanks(id: string, ranks: LiveState['byTill'], currency: string): void {
  const top = Math.max(1, ...ranks.map((rank) => rank.amountMinor));
  replaceWhenChanged(id, [ranks, currency], () =>
    ranks.map((rank) =>
      element(
        'li',
        {},
        element('span', { class: 'name' }, rank.name),
        element('span', {}, money(rank.amountMinor, currency)),
        shape(
          'svg',
          { viewBox: '0 0 100 6', preserveAspectRatio: 'none', 'aria-hidden': 'true' },
          shape('rect', { width: String((100 * Math.max(0, rank.amountMinor)) / top), height: '6' }),
        ),
      ),
    ),
  );
}

function drawDocuments(state: LiveState): void {
  const known = new Set([...byId('documents').children].map((item) => item.getAttribute('data-number')));
  replaceWhenChanged('documents', state.documents, () =>
    state.documents.length === 0
      ? [element('li', {}, element('p', { class: 'empty' }, 'Nothing sold yet. Invite a till to begin.'))]
      : state.documents.map((document) => {
          const word = kindWords.get(document.kind);
          const tag = word === undefined ? [] : [element('span', { class: 'tag' }, word)];
          const fresh = known.size > 1 && !known.has(document.number);
          const lines = counted(document.lines, 'line');
          return element(
            'li',
            { 'data-number': document.number, class: fresh ? 'fresh' : '' },
            element('strong', {}, document.number, ...tag),
            element('span', { class: 'note' }, `${dayAndClock(document.at)} · ${lines}`),
            element(
              'span',
              { class: document.totalMinor < 0 ? 'amount negative' : 'amount' },
              money(document.totalMinor, document.currency),
            ),
          );
        }),
  );
}

/** The stock table under the current search. */
export function drawStock(state: LiveState): void {
  const wanted = inputById('stock-search').value.trim().toLocaleLowerCase();
  const onlyNegative = inputById('stock-negative').checked;
  const rows = state.stock.filter((row) => {
    const text = `${row.name} ${row.sku} ${row.category}`.toLocaleLowerCase();
    return text.includes(wanted) && (!onlyNegative || row.onHand < 0);
  });
  replaceWhenChanged('stock-rows', rows, () =>
    rows.map((row) =>
      element(
        'tr',
        {},
        element('td', {}, row.name),
        element('td', { class: 'code' }, row.sku),
        element('td', { class: 'note aside' }, row.category),
        element('td', { class: row.onHand < 0 ? 'number negative' : 'number' }, quantity(row.onHand, row.unitScale)),
      ),
    ),
  );
  const hidden = state.stockSkus - state.stock.length;
  const more = hidden > 0 ? ` The first ${whole(state.stock.length)} of ${whole(state.stockSkus)} are listed.` : '';
  byId('stock-note').textContent = rows.length === 0 ? `No goods match.${more}` : `${whole(rows.length)} goods.${more}`;
}

function drawBalance(state: LiveState): void {
  const currencies = [...new Set(state.trialBalance.map((row) => row.currency))];
  const sum = (currency: string, sign: 1 | -1): number =>
    state.trialBalance
      .filter((row) => row.currency === currency && row.amountMinor * sign > 0)
      .reduce((total, row) => total + row.amountMinor * sign, 0);
  const balanced = currencies.every((currency) => sum(currency, 1) === sum(currency, -1));
  replaceWhenChanged('balance-rows', state.trialBalance, () =>
    state.trialBalance.map((row) =>
      element(
        'tr',
        {},
        element('td', { class: 'code' }, row.account),
        element('td', {}, row.name),
        element('td', { class: 'note aside' }, row.kind),
        element('td', { class: 'number' }, row.amountMinor > 0 ? money(row.amountMinor, row.currency) : ''),
        element('td', { class: 'number' }, row.amountMinor < 0 ? money(-row.amountMinor, row.currency) : ''),
      ),
    ),
  );
  replaceWhenChanged('balance-total', [currencies, state.trialBalance], () =>
    currencies.map((currency) =>
      element(
        'tr',
        {},
        element('th', { scope: 'row', colspan: '2' }, `Total ${currency}`),
        element('td', { class: 'aside' }),
        element('td', { class: 'number' }, money(sum(currency, 1), currency)),
        element('td', { class: 'number' }, money(sum(currency, -1), currency)),
      ),
    ),
  );
  const words = balanced ? 'In balance' : 'Out of balance';
  byId('balance-state').dataset['state'] = balanced ? 'good' : 'bad';
  replaceWhenChanged('balance-state', words, () => [element('span', { class: 'dot' }), words]);
  byId('strip-balance').textContent = balanced ? 'Debits equal credits' : 'Debits and credits differ';
}

function drawTip(state: LiveState): void {
  const { tip } = state;
  const facts: [string, string][] = [
    ['Book', state.book.id],
    ['Relay', state.relay.url],
    ['Settled', `${whole(tip.size)} ops`],
    ['Waiting for a position', `${whole(tip.pending)} ops`],
    ['Root', tip.root],
    ['Refused on fold', whole(state.refusals)],
    ['Held or rejected', whole(state.asides)],
    ['Backups', state.backups.lines.join('; ')],
  ];
  replaceWhenChanged('tip', facts, () =>
    facts.flatMap(([name, value]) => [element('dt', {}, name), element('dd', {}, value)]),
  );
  byId('note').textContent = tip.note === '' ? 'No checkpoint for exactly this size yet.' : tip.note;
  byId('strip-size').textContent =
    `${whole(tip.size)} ops settled${tip.pending === 0 ? '' : `, ${whole(tip.pending)} waiting`}`;
  byId('strip-root').textContent = tip.root;
}
