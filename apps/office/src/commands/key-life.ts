// `tally rotate` and `tally renew`: this device goes on under a new key, or as a new device where it was copied or revoked.
import type { Command } from '../command.ts';
import { mustBeCommitted } from '../refusal-words.ts';
import { changingCommand } from './changing.ts';

export const rotate: Command = changingCommand({
  name: 'rotate',
  summary: 'Go on under a new key: from here on the old one signs nothing, what it signed stays.',
  operands: '',
  minOperands: 0,
  maxOperands: 0,
  notes: 'Back the new key up afterwards: tally keys backup.',
  async change(book) {
    const commits = await book.rotate();
    for (const commit of commits) mustBeCommitted(commit);
    mustBeCommitted(commits[0]);
    const [row] = book.query<{ keyId: string }>('SELECT keyId FROM devices WHERE device = ? LIMIT 1', [book.device]);
    const keyId = row?.keyId ?? '';
    return { json: { device: book.device, keyId }, lines: [`this device signs with key ${keyId} from here on`] };
  },
});

export const renew: Command = changingCommand({
  name: 'renew',
  summary: 'Go on as a new device, because this one was copied or revoked, and adopt what waits of it.',
  operands: '',
  minOperands: 0,
  maxOperands: 0,
  notes:
    'Where the root key is kept the new device is enrolled at once. Elsewhere it prints a key text, and the office runs\n  tally enrol KEY-TEXT --name NAME --replaces DEVICE\nAfter the next tally sync, tally recover --replaced adopts what waits.',
  async change(book) {
    const { device, replaces, text, enrolled } = await book.renew();
    const adopted = enrolled ? (await book.recoverAll()).filter(({ ok }) => ok).length : 0;
    return {
      json: { device, replaces, key: text, enrolled, adopted },
      lines: enrolled ? [`this is device ${device} from here on; ${adopted} ops adopted`] : [text],
    };
  },
});
