// `tally clock`: ops whose wall time cannot be right, by what the log proves, and their entries put on the right day by ops (docs/decisions/052-wrong-clocks.md).
import { findWrongTimes, type WrongTime } from '@tallystick/recovery';
import type { ShopBook } from '../book.ts';
import { type CommandContext, type Command, parseCount, usage } from '../command.ts';
import { findDevice, listDevices } from '../device-text.ts';
import { mustBeCommitted } from '../refusal-words.ts';
import { changingCommand, type Done } from './changing.ts';

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;
const maxMinutes = 527_040;
const maxDays = 3_660;

export const clock: Command = changingCommand({
  name: 'clock',
  summary: 'Find ops that a wrong clock wrote, and put their entries on the right day.',
  operands: '',
  minOperands: 0,
  maxOperands: 0,
  options: {
    'slack-minutes': { type: 'string', value: 'N', help: 'differences up to this are let be; 15 when left out' },
    device: { type: 'string', value: 'DEVICE', help: 'of this device only' },
    earlier: {
      type: 'string',
      value: 'N',
      help: 'with --device and --reason: the entries found ahead belong N days earlier',
    },
    later: { type: 'string', value: 'N', help: 'as --earlier, for the entries found behind' },
    reason: { type: 'string', value: 'TEXT', help: 'what people will read beside each' },
    unsure: {
      type: 'boolean',
      help: 'with --earlier or --later: those too of which the log does not prove whose clock was wrong',
    },
  },
  notes: [
    'An op is found where it says an earlier hour than ops of others that it builds on, or a later one than ops of others that build on it, or than now.',
    'The clock of this machine counts as right. Set the clock of the device first; then, for a till that was three days ahead:',
    '  tally clock --device "Till 3" --earlier 3 --reason "the clock was three days ahead" --data DIR',
    'What was recorded stays; every report counts the entry on its right day. What is on a closed day goes where the close says. tally corrections lists them.',
  ].join('\n'),
  changes: (context) => shiftDays(context) !== undefined,
  async change(book, context) {
    const found = await wrongTimesOf(book, context);
    const days = shiftDays(context);
    return days === undefined ? listed(book, found) : redated(book, context, found, days);
  },
});

async function wrongTimesOf(book: ShopBook, context: CommandContext): Promise<readonly WrongTime[]> {
  const [slack, device] = [context.text('slack-minutes'), context.text('device')];
  const slackMs =
    slack === undefined ? {} : { slackMs: parseCount(slack, 'slack-minutes', 'clock', 1, maxMinutes) * minuteMs };
  const found = await findWrongTimes(book.log, { nowMs: Date.now(), trusted: [book.device], ...slackMs });
  const only = device === undefined ? undefined : findDevice(book, device).device;
  return found.filter((one) => only === undefined || one.device === only);
}

/** An entry that one of them made. */
interface Dated {
  readonly op: string;
  readonly scope: string;
  readonly day: string;
  readonly isCorrected: 0 | 1;
}

function entriesOf(book: ShopBook, found: readonly WrongTime[]): readonly Dated[] {
  return book.query<Dated>(
    `SELECT p.op, p.scope, coalesce(e.day, p.day) AS day, e.of IS NOT NULL AS isCorrected FROM postings p
       LEFT JOIN entryDays e ON e.scope = p.scope AND e.of = p.op
      WHERE p.line = 1 AND p.op IN (SELECT value FROM json_each(?)) ORDER BY p.op`,
    [JSON.stringify(found.map(({ id }) => id))],
  );
}

function listed(book: ShopBook, found: readonly WrongTime[]): Done {
  const names = new Map(listDevices(book).map(({ device, name }): [string, string] => [device, name]));
  const nameOf = (device: string): string => names.get(device) ?? device.slice(0, 12);
  const byDevice = Map.groupBy(found, ({ device }) => device);
  const devices = [...byDevice].map(([device, ops]) => {
    const entries = entriesOf(book, ops);
    const waiting = entries.filter(({ isCorrected }) => isCorrected === 0);
    const offMs = ops.map((one) => one.offMs).sort((a, b) => Math.abs(b) - Math.abs(a))[0] ?? 0;
    const times = ops.map(({ at }) => at).sort((a, b) => a - b);
    const by = [...new Set(ops.map((one) => (one.by === '' ? 'the clock here' : nameOf(one.by))))];
    const isSure = ops.every((one) => one.isSure);
    const days = [...new Set(waiting.map(({ day }) => day))];
    const range = { from: times[0] as number, until: times.at(-1) as number };
    return {
      device,
      name: nameOf(device),
      ops: ops.length,
      offMs,
      isSure,
      by,
      ...range,
      entries: waiting.length,
      corrected: entries.length - waiting.length,
      days,
    };
  });
  const lines = devices.flatMap(({ name, ops, offMs, isSure, by, from, until, entries, corrected, days }) => [
    `${name}: ${ops} ${ops === 1 ? 'op says' : 'ops say'} an hour that cannot be: ${spanWords(offMs)}, says ${by.join(', ')}${isSure ? '' : ' (or that clock is wrong)'}`,
    `  ${new Date(from).toISOString()} to ${new Date(until).toISOString()}, by its own clock`,
    `  ${entries} ${entries === 1 ? 'entry' : 'entries'} to correct${days.length === 0 ? '' : `, on ${days.join(', ')}`}; ${corrected} corrected`,
  ]);
  return {
    json: { book: book.id, devices },
    lines: lines.length === 0 ? ['Every clock agrees with what the log proves.'] : lines,
  };
}

/** Of entries to correct; undefined where they are only asked for. */
function shiftDays(context: CommandContext): number | undefined {
  const [earlier, later] = [context.text('earlier'), context.text('later')];
  if (earlier === undefined && later === undefined) return undefined;
  if (earlier !== undefined && later !== undefined) throw usage('--earlier and --later exclude each other', 'clock');
  return earlier === undefined
    ? parseCount(later as string, 'later', 'clock', 1, maxDays)
    : 0 - parseCount(earlier, 'earlier', 'clock', 1, maxDays);
}

async function redated(
  book: ShopBook,
  context: CommandContext,
  found: readonly WrongTime[],
  days: number,
): Promise<Done> {
  const reason = context.text('reason');
  if (context.text('device') === undefined || reason === undefined)
    throw usage('--earlier and --later need --device and --reason', 'clock');
  // A clock that was ahead once and behind at another time: what is earlier than it says, and what is later, are two corrections.
  const meant = found.filter(({ offMs }) => offMs > 0 === days < 0);
  const waiting = (ops: readonly WrongTime[]): readonly Dated[] =>
    entriesOf(book, ops).filter(({ isCorrected }) => isCorrected === 0);
  const isUnsureToo = context.flag('unsure');
  const entries = waiting(isUnsureToo ? meant : meant.filter(({ isSure }) => isSure));
  const left = isUnsureToo ? [] : waiting(meant.filter(({ isSure }) => !isSure));
  const commits = await book.commitAll(
    entries.map(({ op, scope, day }) => ({
      verb: 'entry.redate' as const,
      scope: scope as never,
      args: { of: op, day: new Date(Date.parse(day) + days * dayMs).toISOString().slice(0, 10), reason },
    })),
  );
  for (const commit of commits) mustBeCommitted(commit);
  return {
    json: { book: book.id, redated: entries.map(({ op }) => op), unsure: left.map(({ op }) => op) },
    lines: [
      `entries on their right day now: ${entries.length} (tally corrections)`,
      ...(left.length === 0
        ? []
        : [`left as they are: ${left.length}, for that another clock is wrong is as likely (--unsure corrects them)`]),
    ],
    status: left.length === 0 ? 0 : 1,
  };
}

function spanWords(ms: number): string {
  const minutes = Math.floor(Math.abs(ms) / minuteMs);
  const [days, hours] = [Math.floor(minutes / 1440), Math.floor((minutes % 1440) / 60)];
  const span = days > 0 ? `${days} d ${hours} h` : hours > 0 ? `${hours} h ${minutes % 60} min` : `${minutes} min`;
  return `at least ${span} ${ms > 0 ? 'ahead' : 'behind'}`;
}
