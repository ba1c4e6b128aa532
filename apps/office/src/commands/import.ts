// `tally import`: what another replica exported, from a file or from the text of its frames, as far as it verifies.
import { readFileSync } from 'node:fs';
import type { ImportReport } from '@tallystick/kernel';
import { bookFile } from '@tallystick/kernel/backup';
import { type BookId, parseBookId } from '@tallystick/oplog';
import { isLogFile, salvageLogFile } from '@tallystick/oplog/file';
import { createFrameCollector, type DamagedFrame, type FrameSet } from '@tallystick/oplog/transport';
import { type Command, dataOption } from '../command.ts';
import { OfficeError } from '../errors.ts';
import { homeAt, takeHome, writeSettings } from '../home.ts';
import { grouped } from '../progress.ts';
import { requireData } from './init.ts';
import { bookOption, openFor, settingsFor } from './sync.ts';

/** A book file, and what of its text did not come or came damaged. */
interface Given {
  readonly bytes: Uint8Array;
  readonly missingFrames: readonly number[];
  readonly damagedFrames: readonly DamagedFrame[];
  /** Of the log file of a till: where nothing of it reads. */
  readonly damagedBytes: readonly { readonly at: number; readonly bytes: number }[];
}

const anchorOption = {
  type: 'boolean',
  help: 'nothing that this device wrote exists anywhere but here now: without a relay, it may write again',
} as const;

export const importCommand: Command = {
  name: 'import',
  summary: 'Take in a file that another replica exported, whole or damaged, or the text of its frames: what verifies.',
  operands: 'FILE',
  minOperands: 1,
  maxOperands: 1,
  options: { data: dataOption, book: bookOption, anchor: anchorOption },
  notes:
    'The exit status is 1 when some of the file was damaged, is missing, or found no room; what could be taken in stays.',
  async run(context) {
    const home = homeAt(requireData(context.text('data'), 'import', context.path));
    const path = context.path(context.positionals[0] ?? '');
    const lock = takeHome(home);
    try {
      const settings = settingsFor(home, undefined, context.text('book'));
      const given = readGiven(path, parseBookId(settings.book));
      const book = await openFor(home, settings, 'import');
      try {
        const report = await book.import(given.bytes);
        writeSettings(home, { ...settings, book: book.id });
        const { missingFrames, damagedFrames, damagedBytes } = given;
        const json = { book: book.id, ...report, missingFrames, damagedFrames, damagedBytes };
        for (const line of context.json ? [JSON.stringify(json)] : reportLines(report)) context.print(line);
        const wrong = [...wrongWithText(given), ...wrongWithFile(report)];
        for (const line of wrong) context.progress.say(line);
        if (wrong.length === 0 && context.flag('anchor')) await book.anchor();
        return wrong.length === 0 ? 0 : 1;
      } finally {
        await book.close();
      }
    } finally {
      lock.release();
    }
  },
};

function reportLines({ added, known, settled, aside }: ImportReport): string[] {
  const lines = [`${grouped(added)} ops new, ${grouped(known)} known, ${grouped(settled)} settled`];
  if (aside.length > 0) lines.push(`${grouped(aside.length)} set aside (see: tally asides)`);
  return lines;
}

/** A book file begins with its header, a log file with its format; anything else is a text with frames in it. */
function readGiven(path: string, known: BookId | undefined): Given {
  const bytes = readFileSync(path);
  if (bytes[0] === 0x7b) return { bytes, missingFrames: [], damagedFrames: [], damagedBytes: [] };
  if (isLogFile(bytes)) return salvaged(path, bytes, known);
  const frames = createFrameCollector();
  const damagedFrames = frames.add(bytes.toString('utf8'));
  const [set, ...others] = frames.sets();
  if (set === undefined) throw unreadable(path, `holds neither a book file nor a whole frame of one`, damagedFrames);
  if (others.length > 0) throw unreadable(path, 'holds frames of several files', damagedFrames);
  if (set.state === 'damaged') throw unreadable(path, 'holds frames that do not make up what was sent', damagedFrames);
  if (set.bundle.length === 0) throw unreadable(path, missingWords(set), damagedFrames);
  return { bytes: set.bundle, missingFrames: set.missing, damagedFrames, damagedBytes: [] };
}

/** The log of a till that could not open it: what still reads, as ops without a position, which the relay knows of those that it has. */
function salvaged(path: string, bytes: Uint8Array, known: BookId | undefined): Given {
  const { records, book: said, damaged } = salvageLogFile(bytes);
  const book = parseBookId(said) ?? known;
  if (book === undefined) throw unreadable(path, 'is a log, and nothing that reads of it says of which book', []);
  const scopes = [...new Set(records.map(({ op }) => op.scope))];
  const entries = scopes.map((scope) => ({ scope, from: 0, size: 0, note: '', receipts: [] }));
  return {
    bytes: bookFile(book, entries, records),
    missingFrames: [],
    damagedFrames: [],
    damagedBytes: damaged,
  };
}

function unreadable(path: string, why: string, damaged: readonly DamagedFrame[]): OfficeError {
  const also = damaged.length === 0 ? '' : `; ${damaged.map(damagedWords).join('; ')}`;
  return new OfficeError('office/frames', `${path} ${why}${also}`);
}

function missingWords({ missing, count }: Pick<FrameSet, 'missing' | 'count'>): string {
  return `lacks the frames ${missing.slice(0, 10).join(', ')}${missing.length > 10 ? ' …' : ''} of ${count}`;
}

function damagedWords({ line, number }: DamagedFrame): string {
  return `a frame${number === undefined ? '' : `, number ${number},`} is damaged at line ${line}`;
}

function wrongWithText({ missingFrames, damagedFrames, damagedBytes }: Given): string[] {
  const damaged = damagedBytes.slice(0, 10).map(({ at, bytes }) => `${grouped(bytes)} bytes at byte ${at} do not read`);
  const missing = missingFrames.length === 0 ? [] : [`the text lacks frame ${missingFrames.slice(0, 10).join(', ')}`];
  return [...damagedFrames.map(damagedWords), ...damaged, ...missing];
}

function wrongWithFile({ notKept, undecodable, tornAt, missing = [] }: ImportReport): string[] {
  const lines = undecodable
    .map(({ index, code }) => `record ${index + 1} of the file is refused: ${code}`)
    .slice(0, 10);
  if (tornAt !== undefined) lines.push(`the file is torn at byte ${tornAt}; what came before is taken in`);
  for (const { scope, from, settled } of missing)
    lines.push(`the file begins at op ${from} of ${scope}, and ${settled} are settled here`);
  if (notKept.length > 0)
    lines.push(`${notKept.length} ops found no room aside: dismiss what is (tally asides), then import again`);
  return lines;
}
