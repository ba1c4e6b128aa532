// `tally period`: the end of a month or a year. `close` shuts a scope through a day that is over, `carry` takes its result to equity.
import { carryDue, periods } from '@tallystick/ledger';
import { parseScope, type Scope } from '@tallystick/oplog';
import { isDay } from '@tallystick/sign';
import type { ShopBook } from '../book.ts';
import { type Command, type CommandContext, usage } from '../command.ts';
import { formatMinor } from '../currency.ts';
import { mustBeCommitted } from '../refusal-words.ts';
import { changingCommand, type Done } from './changing.ts';
import { renderTable } from './table.ts';

const name = 'period';

export const period: Command = changingCommand({
  name,
  summary: 'Close a scope through a day that is over, and carry its result to equity.',
  operands: '[close DAY | carry DAY]',
  minOperands: 0,
  maxOperands: 2,
  options: {
    scope: { type: 'string', value: 'SCOPE', help: 'the scope (default hq); each closes for itself' },
    late: {
      type: 'string',
      value: 'route|refuse',
      help: 'close: what becomes of entries that come later (default route)',
    },
    retained: {
      type: 'string',
      value: 'ACCOUNT',
      help: 'carry: the equity account that takes the result, such as 3900',
    },
    memo: { type: 'string', value: 'TEXT', help: 'carry: what the entry says (default: the day)' },
  },
  notes: 'carry works out what income and expense came to; exchange with the relay before, so that nothing is missing.',
  changes: (context) => context.positionals.length > 0,
  change: (book, context) => {
    const [action, through] = context.positionals;
    if (action === undefined) return Promise.resolve(show(book));
    if (through === undefined || !isDay(through)) throw usage(`${through ?? 'nothing'}: a day is YYYY-MM-DD`, name);
    if (action === 'close') return close(book, context, through);
    if (action === 'carry') return carry(book, context, through);
    throw usage(`${action}: close DAY or carry DAY`, name);
  },
});

function show(book: ShopBook): Done {
  const rows = book.query<{ scope: string; through: string; late: string }>(
    `SELECT scope, through, late FROM ${periods.name} ORDER BY scope`,
  );
  const lines = renderTable(
    ['Scope', 'Closed through', 'What comes late'],
    rows.map(({ scope, through, late }) => [scope, through, late]),
  );
  return { json: { periods: rows }, lines: rows.length > 0 ? lines : ['Nothing is closed.'] };
}

async function close(book: ShopBook, context: CommandContext, through: string): Promise<Done> {
  const late = context.text('late') ?? 'route';
  if (late !== 'route' && late !== 'refuse') throw usage(`--late ${late}: route or refuse`, name);
  const scope = scopeOf(context);
  mustBeCommitted(await book.commit('period.close', { through, late }, { scope }));
  return { json: { scope, through, late }, lines: [`${scope} is closed through ${through}`] };
}

async function carry(book: ShopBook, context: CommandContext, through: string): Promise<Done> {
  const retained = context.text('retained');
  if (retained === undefined) throw usage('--retained ACCOUNT is missing', name);
  const scope = scopeOf(context);
  const lines = carryDue(book, { scope, through });
  if (lines.length === 0) return { json: { scope, through, lines }, lines: ['Nothing is to be carried.'] };
  const memo = context.text('memo') ?? `carried through ${through}`;
  mustBeCommitted(await book.commit('period.carry', { through, retained, memo, lines }, { scope }));
  const cells = lines.map(({ account, currency, amountMinor }) => [
    account,
    currency,
    formatMinor(amountMinor, currency, true),
  ]);
  return {
    json: { scope, through, retained, lines },
    lines: [...renderTable(['Account', 'Currency', '>Carried'], cells), `to ${retained}, in ${scope}`],
  };
}

function scopeOf(context: CommandContext): Scope {
  const text = context.text('scope') ?? 'hq';
  const scope = parseScope(text);
  if (scope === undefined) throw usage(`--scope ${text}: no scope`, name);
  return scope;
}
