// `tally rule`: which rules are in force, as text; and what a rule would have refused of what was done, before it is set.
import { join } from 'node:path';
import { ruleFault, type RuleTrial, tryRule } from '@tallystick/guards';
import { nodeStore } from '@tallystick/kernel/node';
import { type ShopBook, shopVerbs } from '../book.ts';
import { type Command, type CommandContext, usage } from '../command.ts';
import type { Home } from '../home.ts';
import { withScratch } from '../proof.ts';
import { ruleText, ruleTree } from '../rule-words.ts';
import { type Answer, readingCommand } from './reading.ts';
import { renderTable } from './table.ts';

const name = 'rule';

export const rule: Command = readingCommand({
  name,
  summary: 'Show the rules in force; try one against what was done; set | drop are for owners.',
  operands: '[try]',
  operandCounts: { min: 0, max: 1 },
  options: {
    verb: { type: 'string', value: 'VERB', help: 'try, set, drop: the verb that it is for, such as sale.refund' },
    rule: { type: 'string', value: 'NAME', help: 'set, drop: its name; setting it again is its next version' },
    expr: {
      type: 'string',
      value: 'TEXT',
      help: 'try, set: what must be true, such as "rows.totals.totalMinor <= 5000"',
    },
  },
  notes: [
    '  tally rule try --verb sale.refund --expr TEXT      lists what it alone would have refused; changes nothing',
    '  tally rule set --verb sale.refund --rule small --expr TEXT',
    '  tally rule drop --verb sale.refund --rule small',
    '',
    'TEXT is CEL. It sees args (the args of the verb: tally do VERB --help), author.role, author.name, author.device, day,',
    'and rows, what the verb read: docs/retail.md says which. Amounts are in minor units: 5000 is 50.00.',
  ].join('\n'),
  answer: (book, context, home) => {
    const [action] = context.positionals;
    if (action === undefined) return inForce(book);
    if (action === 'try') return tried(book, context, home);
    throw usage(`${action}: try, set or drop`, name);
  },
});

async function inForce(book: ShopBook): Promise<Answer> {
  const rows = book.query<{ verb: string; rule: string; version: number; expr: string }>(
    `SELECT r.verb, r.rule, r.version, r.expr FROM rules r JOIN ruleNames n USING (scope, verb)
      WHERE r.scope = 'hq' AND instr(' ' || n.names || ' ', ' ' || r.rule || ' ') > 0 ORDER BY 1, 2`,
  );
  const rules = await Promise.all(rows.map(async ({ expr, ...row }) => ({ ...row, text: await ruleText(expr) })));
  const cells = rules.map(({ verb, rule: named, version, text }) => [verb, named, String(version), text]);
  const lines = renderTable(['Verb', 'Rule', '>Version', 'What must be true'], cells);
  return { status: 0, json: { rules }, lines: rules.length > 0 ? lines : ['No rule is in force.'] };
}

async function tried(book: ShopBook, context: CommandContext, home: Home): Promise<Answer> {
  const [verb, text] = [context.text('verb'), context.text('expr')];
  if (verb === undefined || text === undefined) throw usage('try needs --verb and --expr', name);
  if (!shopVerbs.some((known) => known.name === verb)) throw usage(`there is no verb ${JSON.stringify(verb)}`, name);
  const trial = { verb, rule: context.text('rule') ?? 'tried', expr: await ruleTree(text) };
  const fault = ruleFault(trial.expr);
  if (fault !== undefined) throw usage(`--expr is outside the language of rules: ${fault.code} ${fault.what}`, name);
  const { asked, refused } = await withScratch(home, async (folder): Promise<RuleTrial> => {
    const into = nodeStore(join(folder, 'trial.db'));
    try {
      return await tryRule(book, trial, { verbs: shopVerbs, into });
    } finally {
      await into.close();
    }
  });
  const cells = refused.map(({ id, device, refusal }) => [
    numberOf(book, id),
    deviceName(book, device),
    refusal.code === 'guards/rule' ? '' : String(refusal.details['reason'] ?? ''),
    readOf(refusal.details),
  ]);
  const counted = `${asked} asked it, ${refused.length} would have been refused.`;
  const unasked = `Nothing that was done asks for rules of ${verb}.`;
  return {
    status: 0,
    json: { asked, refused },
    lines: asked === 0 ? [unasked] : [...renderTable(['Document', 'By', 'Fault', 'What it read'], cells), counted],
  };
}

/** The number on the paper, or the id of what has none. */
function numberOf(book: ShopBook, id: string): string {
  return book.query<{ number: string }>('SELECT number FROM documents WHERE id = ? LIMIT 1', [id])[0]?.number ?? id;
}

function deviceName(book: ShopBook, device: string): string {
  return book.query<{ name: string }>('SELECT name FROM devices WHERE device = ? LIMIT 1', [device])[0]?.name ?? device;
}

function readOf(details: Readonly<Record<string, unknown>>): string {
  const told = Object.entries(details).filter(([key]) => !['rule', 'version', 'reason'].includes(key));
  return told.map(([key, value]) => `${key}=${String(value)}`).join(' ');
}
