// `tally recovery-keys`, `tally acts`, `tally overrule`: owner devices kept offline that may take back what a thief did with a key.
import type { ShopBook } from '../book.ts';
import { type Command, parseCount, usage } from '../command.ts';
import { findDevice, listDevices } from '../device-text.ts';
import { mustBeCommitted } from '../refusal-words.ts';
import { changingCommand } from './changing.ts';
import { readingCommand } from './reading.ts';
import { renderTable } from './table.ts';

const shownId = 12;
const shortestHash = 6;

export const recoveryKeys: Command = changingCommand({
  name: 'recovery-keys',
  summary: 'Show the recovery keys, or name them: owner devices, the highest priority first.',
  operands: '[DEVICE...]',
  minOperands: 0,
  maxOperands: 16,
  options: {
    'window-days': {
      type: 'string',
      value: 'N',
      help: 'with DEVICE: business days, 1 to 3650, within which they may overrule',
    },
  },
  notes: [
    'Without DEVICE it shows them. DEVICE is the name of an owner device, or the first six or more digits of its id (see: tally devices).',
    '  tally recovery-keys "Safe" "Second safe" Office --window-days 7 --data DIR',
    'Name them before a key is stolen, and keep them offline: on paper, in a safe.',
    'Put the device that opens the days (tally day) last: days close a window only where a key on the list opens them that ranks above whose act it is.',
    'A device that is not on the list ranks below all that are. Where only such devices open the days, no window closes.',
  ].join('\n'),
  changes: (context) => context.positionals.length > 0,
  async change(book, context) {
    if (context.positionals.length > 0) {
      const given = context.text('window-days');
      if (given === undefined) throw usage('--window-days N is missing', 'recovery-keys');
      const windowDays = parseCount(given, 'window-days', 'recovery-keys', 1, 3_650);
      const keys = context.positionals.map((text) => findDevice(book, text).device);
      mustBeCommitted(await book.commit('recovery.set', { keys, windowDays }));
    } else if (context.text('window-days') !== undefined) throw usage('DEVICE is missing', 'recovery-keys');
    const { keys, windowDays } = readRecoveryKeys(book);
    const names = new Map(listDevices(book).map(({ device, name }): [string, string] => [device, name]));
    return {
      json: { keys, windowDays },
      lines:
        keys.length === 0
          ? ['No recovery keys are named: nothing that is done about devices can be taken back.']
          : [
              ...keys.map((device, index) => `${index + 1}. ${names.get(device) ?? ''} ${device.slice(0, shownId)}`),
              `They may overrule within ${windowDays} business days.`,
            ],
    };
  },
});

function readRecoveryKeys(book: ShopBook): { readonly keys: readonly string[]; readonly windowDays: number } {
  const [row] = book.query<{ devices: string; windowDays: number }>(
    "SELECT devices, windowDays FROM recoveryKeys WHERE scope = 'hq'",
  );
  if (row === undefined || row.devices === '') return { keys: [], windowDays: 0 };
  return { keys: row.devices.split(' '), windowDays: row.windowDays };
}

interface Act {
  readonly hash: string;
  readonly kind: string;
  readonly subject: string;
  readonly author: string;
  readonly overruled: string;
  readonly [column: string]: string;
}

function listActs(book: ShopBook): readonly Act[] {
  return book.query<Act>(
    `SELECT k.hash, k.kind, k.subject, k.author, coalesce(o."by", '') AS overruled FROM keyActs k
     LEFT JOIN overrules o ON o.scope = k.scope AND o.act = k.hash WHERE k.scope = 'hq' ORDER BY k.number`,
  );
}

export const acts: Command = readingCommand({
  name: 'acts',
  summary: 'List what was done about devices and keys since there are recovery keys.',
  notes: 'A recovery key of higher priority than its author may take an act back: tally overrule ACT.',
  async answer(book) {
    const names = new Map(listDevices(book).map(({ device, name }): [string, string] => [device, name]));
    const nameOf = (device: string): string => names.get(device) ?? device.slice(0, shownId);
    const rows = listActs(book);
    return {
      status: 0,
      json: { acts: rows },
      lines:
        rows.length === 0
          ? ['Nothing that could be taken back.']
          : renderTable(
              ['Act', 'What', 'About', 'By', 'Taken back by'],
              rows.map(({ hash, kind, subject, author, overruled }) => [
                hash.slice(0, shownId),
                kind,
                nameOf(subject),
                nameOf(author),
                overruled === '' ? '' : nameOf(overruled),
              ]),
            ),
    };
  },
});

export const overrule: Command = changingCommand({
  name: 'overrule',
  summary:
    'Take back an act about devices or keys. This device must be a recovery key of higher priority than its author.',
  operands: 'ACT',
  minOperands: 1,
  maxOperands: 1,
  notes: [
    'ACT is a hash as tally acts lists it, or its first six or more digits.',
    'Run it where the recovery key is kept, after tally sync; --data is the directory of that device.',
  ].join('\n'),
  async change(book, context) {
    const text = context.positionals[0] ?? '';
    const found = listActs(book).filter(({ hash }) => text.length >= shortestHash && hash.startsWith(text));
    const [act] = found;
    if (act === undefined || found.length > 1)
      throw usage(`${JSON.stringify(text)} is not one act (see: tally acts)`, 'overrule');
    mustBeCommitted(await book.commit('key.overrule', { act: act.hash }));
    return {
      json: { act: act.hash, kind: act.kind },
      lines: [`${act.kind} ${act.hash.slice(0, shownId)} is taken back`],
    };
  },
});
