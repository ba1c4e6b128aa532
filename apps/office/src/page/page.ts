// The office page: keeps the state of the books current by server-sent events, switches views, invites tills.
import type { LiveState } from '../web/live-state.ts';
import { askToEnrol, askToRotate } from './devices.ts';
import { byId } from './dom.ts';
import { copyLink, showLink } from './links.ts';
import { askForRequest, askToEnter, loadPersons } from './persons.ts';
import { askForRule, loadRetention } from './retention.ts';
import { askForCount } from './vans.ts';
import { drawAll, drawLink, drawStock, type Period } from './views.ts';

const views = ['sales', 'stock', 'balance', 'devices', 'waiting', 'corrections', 'persons', 'log'] as const;
let state: LiveState | undefined;
let period: Period = 'hours';
let loading = false;
let stale = false;

/** Fetches the state; a change that comes in meanwhile makes it fetch once more. */
async function load(): Promise<void> {
  stale = true;
  if (loading) return;
  loading = true;
  try {
    while (stale) {
      stale = false;
      const response = await fetch('/api/state');
      if (!response.ok) throw new Error(`the office answered ${response.status}`);
      state = (await response.json()) as LiveState;
      drawAll(state, period);
      if (!byId('view-persons').hidden) await Promise.all([loadPersons(), loadRetention()]);
    }
  } catch {
    showOffline();
  } finally {
    loading = false;
  }
}

/** The office itself does not answer: say so where the connection is shown, and keep what is on the page. */
function showOffline(): void {
  byId('link').dataset['state'] = 'unreachable';
  byId('link-text').textContent = 'Office not answering';
}

function showView(): void {
  const wanted = views.find((view) => `#${view}` === location.hash) ?? 'sales';
  for (const view of views) byId(`view-${view}`).hidden = view !== wanted;
  if (wanted === 'persons') void Promise.all([loadPersons(), loadRetention()]);
  for (const link of document.querySelectorAll('.tabs a')) {
    if (link.getAttribute('href') === `#${wanted}`) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
}

function choosePeriod(wanted: Period): void {
  period = wanted;
  for (const button of document.querySelectorAll<HTMLElement>('[data-period]')) {
    button.setAttribute('aria-pressed', String(button.dataset['period'] === wanted));
  }
  if (state !== undefined) drawAll(state, period);
}

function invite(): Promise<void> {
  return showLink({
    title: 'Invite a till',
    text: 'Open this link in the browser that is to become a till. It lets one device in, once, within the hour.',
    path: '/api/invitations',
    body: {},
  });
}

function switchTheme(): void {
  const root = document.documentElement;
  const dark =
    root.dataset['theme'] === undefined
      ? matchMedia('(prefers-color-scheme: dark)').matches
      : root.dataset['theme'] === 'dark';
  root.dataset['theme'] = dark ? 'light' : 'dark';
  localStorage.setItem('theme', root.dataset['theme']);
}

function listen(): void {
  const events = new EventSource('/api/events');
  events.addEventListener('changed', () => void load());
  events.addEventListener('beat', ({ data }: MessageEvent<string>) => {
    if (state === undefined) return;
    state = { ...state, relay: { ...state.relay, ...(JSON.parse(data) as LiveState['relay']) } };
    drawLink(state);
  });
  events.addEventListener('open', () => void load());
  events.addEventListener('error', showOffline);
}

const theme = localStorage.getItem('theme');
if (theme === 'light' || theme === 'dark') document.documentElement.dataset['theme'] = theme;
addEventListener('hashchange', showView);
byId('invite').addEventListener('click', () => void invite());
byId('invitation-copy').addEventListener('click', () => void copyLink());
byId('enrol').addEventListener('click', askToEnrol);
byId('rotate').addEventListener('click', askToRotate);
byId('theme').addEventListener('click', switchTheme);
byId('settle-van').addEventListener('click', askForCount);
byId('person-enter').addEventListener('click', () => askToEnter());
byId('person-ask').addEventListener('click', askForRequest);
byId('retention-set').addEventListener('click', askForRule);
byId('person-search').addEventListener('input', () => void loadPersons());
for (const button of document.querySelectorAll<HTMLElement>('[data-period]')) {
  button.addEventListener('click', () => choosePeriod(button.dataset['period'] === 'days' ? 'days' : 'hours'));
}
for (const id of ['stock-search', 'stock-negative'])
  byId(id).addEventListener('input', () => state !== undefined && drawStock(state));
setInterval(() => {
  if (state !== undefined && byId('link').dataset['state'] === state.relay.state) drawLink(state);
}, 1_000);
showView();
listen();
