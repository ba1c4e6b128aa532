// `tally corrections` and `tally refusals`: what stands otherwise than it was meant, and what has no effect; whose it is, and what is to be done.
import {
  correctionList,
  type CorrectionRow,
  correctionWords,
  refusalList,
  type Selection,
} from '@tallystick/retail/corrections';
import type { ShopBook } from '../book.ts';
import { type Command, type CommandContext, parseCount } from '../command.ts';
import { formatMinor } from '../currency.ts';
import { findDevice, listDevices } from '../device-text.ts';
import { owedWords } from '../owed-words.ts';
import { redatedList, redatedWords } from '../redated.ts';
import { refusalWords } from '../refusal-words.ts';
import { readingCommand } from './reading.ts';
import { renderTable } from './table.ts';

const shownOp = 13;

const options = {
  device: { type: 'string', value: 'DEVICE', help: 'of this device only' },
  most: { type: 'string', value: 'N', help: 'the newest N; 200 when left out' },
} as const;

export const corrections: Command = readingCommand({
  name: 'corrections',
  summary: 'List what was done and stands otherwise than meant: why, who owes what for it, and what to do.',
  options,
  async answer(book, context) {
    const rows = correctionList(book, selectionOf(book, context, 'corrections'));
    const names = new Map(listDevices(book).map(({ device, name }): [string, string] => [device, name]));
    const redated = redatedList(book, { most: 200, ...selectionOf(book, context, 'corrections') });
    const lines = [
      ...rows.flatMap((row) => linesOf(row, names)),
      ...redated.map((one) => `${one.number === '' ? `op ${one.op}` : one.number} ${one.device}: ${redatedWords(one)}`),
    ];
    const said = rows.map((row) => ({ ...row, words: row.codes.map((code) => correctionWords(code, row.isDecided)) }));
    return {
      status: 0,
      json: { book: book.id, corrections: said, redated },
      lines: lines.length === 0 ? ['Nothing was corrected.'] : lines,
    };
  },
});

export const refusals: Command = readingCommand({
  name: 'refusals',
  summary: 'List what is in the log and has no effect, with the number on its paper, and why.',
  options,
  notes: 'What a person may adopt or dismiss is listed by tally quarantine, too.',
  async answer(book, context) {
    const rows = refusalList(book, selectionOf(book, context, 'refusals'));
    const cells = rows.map(({ op, device, deviceName, verb, code, number }) => [
      op.slice(0, shownOp),
      nameOf(deviceName, device),
      verb,
      number,
      refusalWords(code),
    ]);
    const lines =
      rows.length === 0 ? ['Nothing was refused.'] : renderTable(['Op', 'Written by', 'What', 'Number', 'Why'], cells);
    return { status: 0, json: { book: book.id, refusals: rows }, lines };
  },
});

function selectionOf(book: ShopBook, context: CommandContext, command: string): Selection {
  const [name, most] = [context.text('device'), context.text('most')];
  return {
    ...(name === undefined ? {} : { device: findDevice(book, name).device }),
    ...(most === undefined ? {} : { most: parseCount(most, 'most', command, 1, 100_000) }),
  };
}

/** A heading with the document, a line for each reason, and one for each that owes. */
function linesOf(row: CorrectionRow, names: ReadonlyMap<string, string>): readonly string[] {
  const { document, codes, op, device, deviceName, verb } = row;
  const what =
    document === undefined
      ? `${verb}, op ${op}`
      : `${document.number}, ${document.day}, ${formatMinor(document.totalMinor, document.currency, true)} ${document.currency}`;
  const reasons = codes.flatMap((code) => {
    const { why, remedy } = correctionWords(code, row.isDecided);
    return [`  ${why} (${code})`, `  ${remedy}`];
  });
  const owed = row.owed.map((one) => {
    const amount = `${formatMinor(one.amountMinor, one.currency, true)} ${one.currency}`;
    return `  ${owedWords(one, amount, names.get(one.who) ?? one.who)}`;
  });
  return [
    `${what}, by ${nameOf(deviceName, device)}${document === undefined ? '' : `, op ${op}`}`,
    ...owed,
    ...reasons,
  ];
}

function nameOf(name: string, device: string): string {
  return name === '' ? device.slice(0, shownOp) : name;
}
