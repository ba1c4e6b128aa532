/**
 * `npm run bench [SUITE...]`: measures, checks, and prints a table, or with `--json` one object a suite, each on a line of its own. Progress goes to
 * stderr. Exits 2 on a name or option it does not know, 1 when an outcome is wrong.
 */
import { rmSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { main as runFleetCommand } from './fleet/bench.ts';
import { describeMachine, makeFolder } from './machine.ts';
import { type Report, reportsToTable, reportToJson } from './report.ts';
import { full, long, measure, quick, type Size, type Suite } from './suite.ts';
import { suites } from './suites.ts';

const DEFAULT_RUNS = 5;
const MAX_RUNS = 1_000;

const usage = `npm run bench -- [SUITE...] [--json] [--runs N] [--quick | --long]

${suites.map(({ name, summary }) => `  ${name.padEnd(8)} ${summary}`).join('\n')}

  --json     one JSON object a suite: {suite, machine, results: [{name, unit, median, min, max, runs, counts}]}
  --runs N   how often each result is measured (${DEFAULT_RUNS})
  --quick    a tenth of the work; the names say so
  --long     a hundred times the work: for scale, up to a million ops`;

interface Asked {
  readonly suites: readonly Suite[];
  readonly runs: number;
  readonly size: Size;
  readonly isJson: boolean;
  readonly wantsHelp: boolean;
}

/** Throws with one clear line for what it cannot do. */
function parseAsked(argv: readonly string[]): Asked {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      json: { type: 'boolean', default: false },
      quick: { type: 'boolean', default: false },
      long: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
      runs: { type: 'string', default: String(DEFAULT_RUNS) },
    },
  });
  const runs = Number(values.runs);
  if (!/^[0-9]+$/.test(values.runs) || runs < 1 || runs > MAX_RUNS)
    throw new RangeError(`--runs is a whole number from 1 to ${MAX_RUNS}, not "${values.runs}"`);
  if (values.quick && values.long) throw new RangeError('--quick and --long exclude each other');
  const named = positionals.map((name) => {
    const suite = suites.find((one) => one.name === name);
    if (suite === undefined)
      throw new RangeError(`there is no suite "${name}"; there are ${suites.map((one) => one.name).join(', ')}`);
    return suite;
  });
  return {
    suites: named.length === 0 ? suites : [...new Set(named)],
    runs,
    size: values.quick ? quick : values.long ? long : full,
    isJson: values.json,
    wantsHelp: values.help,
  };
}

async function main(argv: readonly string[]): Promise<number> {
  // The fleet is no suite of cases in turn: it has days, and options of its own.
  if (argv[0] === 'fleet') return runFleetCommand(argv.slice(1));
  let asked: Asked;
  try {
    asked = parseAsked(argv);
  } catch (error) {
    console.error(
      `bench: ${error instanceof Error ? error.message : String(error)}\nbench: --help shows what there is`,
    );
    return 2;
  }
  if (asked.wantsHelp) {
    console.log(usage);
    return 0;
  }
  const reports: Report[] = [];
  for (const suite of asked.suites) {
    console.error(`${suite.name}: ${suite.summary}`);
    const folder = makeFolder();
    try {
      const machine = describeMachine();
      const results = await measure(suite, { size: asked.size, runs: asked.runs, folder });
      reports.push({ suite: suite.name, machine, results });
      if (asked.isJson) console.log(reportToJson({ suite: suite.name, machine, results }));
    } catch (error) {
      console.error(`bench: ${suite.name}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
      return 1;
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
  if (!asked.isJson) console.log(reportsToTable(reports));
  return 0;
}

process.exitCode = await main(process.argv.slice(2));
