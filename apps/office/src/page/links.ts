// The dialog that hands out a link: to copy, to open here, or as a code for the camera of the device that is meant.
import encodeQr from 'qr';
import { post } from './ask.ts';
import { byId, inputById, shape } from './dom.ts';

export interface LinkWanted {
  readonly title: string;
  readonly text: string;
  readonly path: '/api/invitations' | '/api/restorations';
  readonly body: Readonly<Record<string, unknown>>;
}

/** Links asked for so far. */
let asked = 0;

export async function showLink({ title, text, path, body }: LinkWanted): Promise<void> {
  const turn = (asked += 1);
  const dialog = byId('invitation') as HTMLDialogElement;
  const said = byId('invitation-said');
  byId('invitation-title').textContent = title;
  byId('invitation-text').textContent = text;
  said.textContent = 'One moment…';
  offer(undefined);
  dialog.showModal();
  const made = await post(path, body);
  // Closed meanwhile, and open for another link by now.
  if (turn !== asked) return;
  said.textContent = made.ok ? '' : made.fault;
  if (made.ok) offer(String(made.answer['link']));
}

/** Shows the link, and what can be done with it only when there is one. */
function offer(link: string | undefined): void {
  for (const id of ['invitation-copy', 'invitation-open', 'invitation-shown']) byId(id).hidden = link === undefined;
  byId('invitation-code').replaceChildren(...(link === undefined ? [] : [drawCode(link)]));
  byId('invitation-open').setAttribute('href', link ?? '');
  inputById('invitation-link').value = link ?? '';
  if (link !== undefined) inputById('invitation-link').select();
}

/** Dark on light in both palettes: not every reader takes it the other way round. */
function drawCode(text: string): SVGElement {
  const rows = encodeQr(text, 'raw', { ecc: 'low', border: 3 });
  const path = rows.map((row, y) => row.map((isDark, x) => (isDark ? `M${x} ${y}h1v1h-1z` : '')).join('')).join('');
  return shape(
    'svg',
    { viewBox: `0 0 ${rows.length} ${rows.length}`, role: 'img', 'aria-label': 'The same as a QR code' },
    shape('rect', { width: '100%', height: '100%', fill: '#fff' }),
    shape('path', { d: path, fill: '#000' }),
  );
}

export async function copyLink(): Promise<void> {
  const input = inputById('invitation-link');
  input.select();
  const copied = await navigator.clipboard.writeText(input.value).then(
    () => true,
    () => false,
  );
  byId('invitation-said').textContent = copied
    ? 'Copied.'
    : 'Copying is not allowed here; the link is selected, copy it by hand.';
}
