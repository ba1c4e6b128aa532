// `tally simulate`: a firm of branches trades for so many days on real books, with faults, and is then compared with what happened.
import { type Command, parseCount, usage } from '../command.ts';
import { formatMinor } from '../currency.ts';
import { grouped } from '../progress.ts';
import { simulate, type Simulation } from '../simulate/simulate.ts';
import { renderTable } from './table.ts';

const largest = { days: 3_660, branches: 500, tills: 50, seed: 999_999_999 } as const;
const shownProblems = 20;

export const simulateCommand: Command = {
  name: 'simulate',
  summary: 'Trade so many days in so many branches, with faults, and prove and compare the books.',
  operands: '',
  minOperands: 0,
  maxOperands: 0,
  options: {
    days: { type: 'string', value: 'N', help: 'business days, from 2026-01-01 (default 30)' },
    branches: { type: 'string', value: 'N', help: 'branches, each with a back room and a van (default 3)' },
    tills: { type: 'string', value: 'N', help: 'tills in each branch (default 5)' },
    seed: { type: 'string', value: 'S', help: 'the same seed makes the same year, to the last digest (default 1)' },
  },
  notes:
    'Keys, signatures, logs, folds and the relay are the real ones; the databases are temporary files, and nothing is left behind.\nBeside sales there are layaways, exchanges, gifts, coupons, returns, counts, scans of a van, purchases, custody, fiscal numbers and money of other currencies.\nTills are cut off for days, die and start again and are copied; requests and answers get lost. Months are closed as they end.',
  async run(context) {
    const number = (option: keyof typeof largest, least: number, usual: number): number => {
      const text = context.text(option);
      return text === undefined ? usual : parseCount(text, option, 'simulate', least, largest[option]);
    };
    const [days, branches, tills] = [number('days', 1, 30), number('branches', 1, 3), number('tills', 1, 5)];
    const seed = number('seed', 0, 1);
    if (days * branches * tills > 1_000_000) throw usage('that is more than a million days at a till', 'simulate');
    const startedMs = performance.now();
    const simulation = await simulate({ days, branches, tills, seed, progress: context.progress });
    const ok = simulation.problems.length === 0;
    if (context.json) context.print(JSON.stringify({ ok, days, branches, tills, seed, ...simulation }));
    else for (const line of linesOf(simulation, (performance.now() - startedMs) / 1000)) context.print(line);
    return ok ? 0 : 1;
  },
};

function linesOf(simulation: Simulation, seconds: number): readonly string[] {
  const { ops, devices, scopes, periodsClosed, lateEntries, faults, currencies, digest, problems } = simulation;
  const { cutOff, crashes, copied, lost } = faults;
  return [
    ...renderTable(
      ['Currency', '>Sales', '>Sold', '>Refunds', '>Voids', '>Returned', '>On credit', '>Short', '>Trial balance'],
      currencies.map((row) => [
        row.currency,
        grouped(row.sales),
        formatMinor(row.soldMinor, row.currency, true),
        grouped(row.refunds),
        grouped(row.voids),
        formatMinor(row.returnedMinor, row.currency, true),
        formatMinor(row.creditMinor, row.currency, true),
        formatMinor(row.cashShortMinor, row.currency, true),
        formatMinor(row.trialBalanceMinor, row.currency, true),
      ]),
    ),
    '',
    `${grouped(ops)} ops by ${devices} devices in ${scopes} scopes, ${seconds.toFixed(1)} s`,
    `${periodsClosed} months closed in every scope, ${grouped(lateEntries)} entries came late to one`,
    `${cutOff} times cut off, ${crashes} crashes, ${copied} tills copied, ${grouped(lost)} requests or answers lost`,
    `digest ${digest}`,
    ...problems.slice(0, shownProblems),
    problems.length === 0 ? 'The books are what happened, everywhere.' : `${problems.length} problems.`,
  ];
}
