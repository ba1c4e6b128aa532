// `tally hold`, `tally retention`: who may not be forgotten because the law says so, how long data of a kind of person is kept, and forgetting those whose time is over.
import type { ShopBook } from '../book.ts';
import { type Command, type CommandContext, usage } from '../command.ts';
import { forget } from '../forget.ts';
import type { Home } from '../home.ts';
import { mustBeCommitted } from '../refusal-words.ts';
import { type Due, dueOf, readRules } from '../retention.ts';
import { subjectOf } from '../subjects.ts';
import { changingCommand, type Done } from './changing.ts';

export const hold: Command = changingCommand({
  name: 'hold',
  summary: 'Keep a person from being forgotten because the law says so, or let go of them.',
  operands: 'SUBJECT',
  minOperands: 1,
  maxOperands: 1,
  options: {
    basis: { type: 'string', value: 'WORDS', help: 'why, such as tax-records; not needed to --release' },
    until: { type: 'string', value: 'DAY', help: 'the last day (default: until --release)' },
    release: { type: 'boolean', help: 'nothing keeps them any more' },
  },
  async change(book, context) {
    const subject = subjectOf(book, context.positionals[0] ?? '');
    const held = context.flag('release') ? 0 : 1;
    const basis = context.text('basis') ?? (held === 0 ? 'released' : undefined);
    if (basis === undefined) throw usage('--basis WORDS is missing', 'hold');
    const args = { subject, held, basis, untilDay: context.text('until') ?? '' } as const;
    mustBeCommitted(await book.commit('subject.hold', args));
    return { json: { ...args }, lines: [held === 1 ? `${subject} is kept (${basis})` : `${subject} is kept no more`] };
  },
});

export const retention: Command = changingCommand({
  name: 'retention',
  summary: 'Say how long data of a kind of person is kept, list whose time is over, or forget them.',
  operands: '[KIND DAYS | run]',
  minOperands: 0,
  maxOperands: 2,
  options: { erase: { type: 'boolean', help: 'with run: do it; without, run only says whom it would forget' } },
  notes: 'run keeps who is under a hold, and says so. It is for a timer: run again, it does what is new.',
  changes: (context) => context.positionals.length === 2 || context.flag('erase'),
  async change(book, context, home) {
    const [kind, days] = context.positionals;
    if (kind === undefined || (kind === 'run' && days === undefined)) return run(book, context, home);
    if (context.flag('erase')) throw usage('--erase goes with run', 'retention');
    if (!/^[1-9][0-9]{0,4}$/.test(days ?? '')) throw usage('KIND DAYS: such as customer 3650', 'retention');
    mustBeCommitted(await book.commit('retention.set', { kind, days: Number(days) }));
    return { json: { kind, days: Number(days) }, lines: [`data of ${kind} is kept ${days} days`] };
  },
});

async function run(book: ShopBook, context: CommandContext, home: Home): Promise<Done> {
  const due = dueOf(book);
  if (!context.flag('erase')) {
    const words = ({ held }: Due): string =>
      held === 1 ? ' (held)' : context.positionals.length > 0 ? ' (would be forgotten)' : '';
    const lines = due.map((one) => `${one.subject} ${one.kind} since ${one.day}${words(one)}`);
    const rules = readRules(book);
    const kept =
      context.positionals.length > 0 ? [] : rules.map(({ kind, days }) => `data of ${kind} is kept ${days} days`);
    return { json: { rules, due }, lines: [...kept, ...(lines.length === 0 ? ['nobody'] : lines)] };
  }
  const [kept, over] = [due.filter(({ held }) => held === 1), due.filter(({ held }) => held === 0)];
  const { forgotten, report } = await forget(
    book,
    home,
    over.map(({ subject }) => subject),
    'retention',
  );
  const lines = [
    ...forgotten.map((subject) => `${subject} forgotten`),
    ...kept.map(({ subject }) => `${subject} kept (held)`),
    ...report.unreachable.map((why) => `not reached: ${why}`),
  ];
  return { json: { forgotten, kept, report }, lines: lines.length === 0 ? ['nobody'] : lines };
}
