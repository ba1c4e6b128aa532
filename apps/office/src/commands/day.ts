// `tally day`: the business day. Rules that end with a day, such as a device's last one or the days to overrule, read it and no clock.
import { type Command } from '../command.ts';
import { mustBeCommitted } from '../refusal-words.ts';
import { changingCommand } from './changing.ts';

export const day: Command = changingCommand({
  name: 'day',
  summary: 'Show the business day that is open, or open one.',
  operands: '[YYYY-MM-DD]',
  minOperands: 0,
  maxOperands: 1,
  notes: 'Days go forward. Only an owner may correct one that was mistyped.',
  changes: (context) => context.positionals.length > 0,
  async change(book, context) {
    const [wanted] = context.positionals;
    if (wanted !== undefined) mustBeCommitted(await book.commit('day.open', { day: wanted }));
    const [row] = book.query<{ day: string }>("SELECT day FROM businessDays WHERE scope = 'hq'");
    const open = row?.day ?? '';
    return { json: { day: open }, lines: [open === '' ? 'No day was opened yet.' : `${open} is open`] };
  },
});
