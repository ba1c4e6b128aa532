// `tally rotate` and `tally renew`: this device goes on under a new key, or as a new device where it was copied or revoked.
import type { Command } from '../command.ts';
import { mustBeCommitted } from '../refusal-words.ts';
import { changingCommand } from './changing.ts';
import { listWaiting, ofReplaced } from './waiting.ts';

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
  summary: 'Go on as a new device, because this one was copied or revoked.',
  operands: '',
  minOperands: 0,
  maxOperands: 0,
  notes:
    "Where the root key is kept the new device is enrolled at once. Elsewhere it prints a key text, and the office runs\n  tally enrol KEY-TEXT --name NAME --replaces DEVICE\nand after the next tally sync the new device writes. What waits of the old one may be a thief's: look at it (tally quarantine), then\nadopt all of it (tally recover --replaced) or op by op (tally recover OP, tally dismiss OP).",
  async change(book) {
    const { device, replaces, text, enrolled } = await book.renew();
    // Whoever had the copied key wrote some of this: a person looks before it counts.
    const { waiting, lines } = listWaiting(book, enrolled ? ofReplaced(book) : []);
    return {
      json: { device, replaces, key: text, enrolled, waiting },
      lines: enrolled ? [`this is device ${device} from here on`, ...lines] : [text],
    };
  },
});
