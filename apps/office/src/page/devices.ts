// The view of devices: who writes in the book, how the key of each is backed up, and what a person can do about it.
import type { LiveDevice, LiveState } from '../web/live-state.ts';
import { ask, faultOf, type Question } from './ask.ts';
import { byId, element, replaceWhenChanged } from './dom.ts';
import { counted, dayAndClock, whole } from './format.ts';
import { identityIn } from './identity.ts';
import { showLink } from './links.ts';

const backupWords: Readonly<Record<string, string>> = {
  passkey: 'with a passkey',
  organisation: 'in escrow',
  shares: 'on paper',
  file: 'in a file',
};

const reasons = [
  { value: 'lost', words: 'It was lost' },
  { value: 'stolen', words: 'It was stolen' },
  { value: 'retired', words: 'It is no longer used' },
  { value: 'cloned', words: 'It was copied' },
  { value: 'left', words: 'Its person left' },
  { value: 'other', words: 'Something else' },
];

const roles = ['till', 'van', 'warehouse', 'carrier', 'agent', 'auditor', 'manager', 'owner'];

export function drawDevices(state: LiveState): void {
  const open = state.openInvitations === 0 ? '' : ` · ${counted(state.openInvitations, 'invitation')} not used yet`;
  const active = state.devices.filter(({ status }) => status === 'active').length;
  byId('devices-note').textContent = `${active} of ${state.devices.length} active${open}`;
  replaceWhenChanged('device-cards', state.devices, () => state.devices.map(drawDevice));
}

function drawDevice(device: LiveDevice): HTMLElement {
  const { documents, lastAt, ops, status, self, role, replaces } = device;
  const sold = documents === 0 ? 'no documents yet' : `${counted(documents, 'document')}, last ${dayAndClock(lastAt)}`;
  const place = replaces === '' ? '' : ` · in the place of ${replaces}`;
  const tags = status === 'revoked' ? [element('span', { class: 'tag bad' }, 'Revoked')] : [];
  return element(
    'li',
    { class: status, 'data-device': device.device },
    element(
      'h3',
      {},
      element('span', {}, device.name, ...tags),
      element('span', { class: 'role' }, self ? `${role}, this office` : role),
    ),
    element('p', { class: 'note' }, `${whole(ops)} ops · ${sold}${place}`),
    ...(status === 'active' ? [element('p', { class: 'note' }, keyWords(device))] : []),
    element('p', { class: 'hash', title: device.device }, device.device.slice(0, 24)),
    ...(device.asksForKey === '' ? [] : [drawAsking(device)]),
    element('div', { class: 'card-actions' }, ...drawActions(device)),
  );
}

function keyWords({ backups, role }: LiveDevice): string {
  if (backups === '' && role === 'owner') return 'Key not backed up (tally keys backup)';
  if (backups === '') return 'Key not backed up: it cannot come back';
  const ways = backups.split(' ').map((kind) => backupWords[kind] ?? kind);
  return `Key backed up ${ways.join(', ')}`;
}

function drawAsking(device: LiveDevice): HTMLElement {
  const open = button('Open the escrow…', () => ask(escrowQuestion(device)), 'primary');
  return element(
    'p',
    { class: 'asking', role: 'status' },
    `A wiped browser asks for the key of ${device.name}. Its code is ${device.asksForKey}.`,
    open,
  );
}

/** The root key is no device that stands anywhere, and the office does not shut itself out. */
function drawActions(device: LiveDevice): HTMLElement[] {
  const { device: id, name, status, self, backups, role } = device;
  if (self || (role === 'owner' && name === 'root')) return [];
  const replace = button(`Replace it…`, () =>
    showLink({
      title: `A till in the place of ${name}`,
      text: `Open this link where ${name} goes on under a new name. It lets one device in, once, within the hour, and that device may adopt what waits of ${name}.`,
      path: '/api/invitations',
      body: { replaces: id },
    }),
  );
  if (status === 'revoked') return [replace];
  const giveBack = button('Give its key back…', () =>
    showLink({
      title: `The key of ${name}`,
      text: `Open this link in the wiped browser of ${name}, within the hour. The key comes back only with its passkey, its sheets or your escrow.`,
      path: '/api/restorations',
      body: { device: id },
    }),
  );
  const revoke = button('Revoke…', () => ask(revokeQuestion(device)));
  return [...(backups === '' ? [] : [giveBack]), replace, revoke];
}

function button(words: string, act: () => unknown, kind = 'quiet'): HTMLElement {
  const node = element('button', { type: 'button', class: `${kind} small` }, words);
  node.addEventListener('click', () => void act());
  return node;
}

function revokeQuestion({ device, name }: LiveDevice): Question {
  return {
    title: `Revoke ${name}`,
    text: 'What it did stays. What it does from here on has no effect and waits under “Waiting” for you to decide.',
    fields: [{ kind: 'choice', name: 'reason', label: 'Why', choices: reasons }],
    confirm: `Revoke ${name}`,
    act: ({ reason }) => faultOf('/api/acts/revoke', { device, reason }),
  };
}

function escrowQuestion({ device, name, asksForKey: code }: LiveDevice): Question {
  return {
    title: `The key of ${name} out of escrow`,
    text: `Only do this when the browser shows the code ${code}: whoever opened the link first asks. The key is sealed anew for that one browser. Choose the file with your organisation’s identity; it is read here and kept nowhere.`,
    fields: [{ kind: 'file', name: 'identity', label: 'Identity file' }],
    confirm: 'Open the escrow',
    act: ({ identity = '' }) => {
      const line = identityIn(identity);
      if (line === undefined) return Promise.resolve('There is no identity in this file.');
      return faultOf('/api/escrow', { device, code, identity: line });
    },
  };
}

export function askToEnrol(): void {
  ask({
    title: 'Enrol a device by its text',
    text: 'The device shows a text that begins with tallystick-device-1, and the same as a code. Paste or scan it here.',
    fields: [
      { kind: 'text', name: 'text', label: 'Text of the device', rows: 3 },
      { kind: 'text', name: 'name', label: 'Name' },
      { kind: 'choice', name: 'role', label: 'Role', choices: roles.map((role) => ({ value: role, words: role })) },
    ],
    confirm: 'Enrol it',
    act: (values) => faultOf('/api/acts/enrol', values),
  });
}

export function askToRotate(): void {
  ask({
    title: 'A new key for this office',
    text: 'The office goes on under a new key: from here on the old one signs nothing, what it signed stays. Back the new one up afterwards, with tally keys backup.',
    fields: [],
    confirm: 'Change the key',
    act: () => faultOf('/api/acts/rotate', {}),
  });
}
