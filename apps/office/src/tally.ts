// The `tally` command line. Results go to stdout, progress and errors to stderr; the exit status is 0 when all is well, 1 when
// something failed or was found wrong, 2 when the command was not understood.
import { type Command, commandHelp, createContext, parseArguments } from './command.ts';
import { admit, adopt } from './commands/admit.ts';
import { archive } from './commands/archive.ts';
import { asides } from './commands/asides.ts';
import { backup } from './commands/backup.ts';
import { books } from './commands/books.ts';
import { corrections, refusals } from './commands/corrections.ts';
import { countersign } from './commands/countersign.ts';
import { day } from './commands/day.ts';
import { devices, policy, revoke } from './commands/devices.ts';
import { doCommand } from './commands/do.ts';
import { clock } from './commands/clock.ts';
import { drill } from './commands/drill.ts';
import { enrol } from './commands/enrol.ts';
import { entitlement } from './commands/entitlement.ts';
import { erase, verifyErasure } from './commands/erase.ts';
import { escrow, release } from './commands/escrow.ts';
import { exportCommand } from './commands/export.ts';
import { importCommand } from './commands/import.ts';
import { init } from './commands/init.ts';
import { renew, rotate } from './commands/key-life.ts';
import { keys } from './commands/keys.ts';
import { period } from './commands/period.ts';
import { joinMirror, publish } from './commands/mirror.ts';
import { access, person } from './commands/persons.ts';
import { prove } from './commands/prove.ts';
import { queryCommand } from './commands/query.ts';
import { acts, overrule, recoveryKeys } from './commands/recovery.ts';
import { refill } from './commands/refill.ts';
import { relay } from './commands/relay.ts';
import { replay } from './commands/replay.ts';
import { report as reportCommand } from './commands/report.ts';
import { restore } from './commands/restore.ts';
import { hold, retention } from './commands/retention.ts';
import { rule } from './commands/rules.ts';
import { salvage } from './commands/salvage.ts';
import { simulateCommand } from './commands/simulate.ts';
import { status } from './commands/status.ts';
import { supplyCommands } from './commands/supply.ts';
import { sync } from './commands/sync.ts';
import { tradeCommand } from './commands/trade.ts';
import { verbCommand, verbNouns } from './commands/verb-commands.ts';
import { verify } from './commands/verify.ts';
import { verifyProof } from './commands/verify-proof.ts';
import { dismiss, quarantine, recover } from './commands/waiting.ts';
import { OfficeError } from './errors.ts';
import { createProgress } from './progress.ts';

const booksCommands = [
  init,
  enrol,
  doCommand,
  queryCommand,
  tradeCommand,
  sync,
  refill,
  relay,
  books,
  reportCommand,
  status,
  verify,
  verifyProof,
  prove,
  replay,
  exportCommand,
  importCommand,
  publish,
  joinMirror,
  day,
  period,
  simulateCommand,
  rule,
  entitlement,
  ...supplyCommands,
];
const personCommands = [person, access, erase, verifyErasure, hold, retention];
const keyCommands = [devices, admit, adopt, rotate, renew, revoke, policy, keys, escrow, release, countersign];
const recoveryCommands = [
  backup,
  archive,
  restore,
  salvage,
  drill,
  clock,
  corrections,
  refusals,
  asides,
  quarantine,
  recover,
  dismiss,
  recoveryKeys,
  acts,
  overrule,
];
const commands: readonly Command[] = [...booksCommands, ...personCommands, ...keyCommands, ...recoveryCommands];

function helpText(): string {
  const width = Math.max(...commands.map((command) => command.name.length)) + 2;
  const lines = commands.map((command) => `  ${command.name.padEnd(width)}${command.summary}`);
  const shop = verbNouns().map(({ noun, actions }) => `  ${noun.padEnd(width)}${actions}`);
  return [
    'tally: books that many tills keep together',
    '',
    'tally COMMAND [options]',
    '',
    ...lines,
    '',
    'What a shop does, as tally NOUN ACTION [options]:',
    '',
    ...shop,
    '',
    'tally COMMAND --help says more, and tally NOUN --help.',
  ].join('\n');
}

function printLine(line: string): void {
  process.stdout.write(`${line}\n`);
}

async function main(argv: readonly string[]): Promise<number> {
  const [name, ...rest] = argv;
  if (name === undefined || name === 'help' || name === '--help') {
    printLine(helpText());
    return name === undefined ? 2 : 0;
  }
  const command =
    (rest[0] === undefined ? undefined : verbCommand(name, rest[0])) ??
    commands.find((candidate) => candidate.name === name) ??
    verbCommand(name);
  if (command === undefined)
    throw new OfficeError('office/usage', `unknown command ${JSON.stringify(name)} (see: tally help)`);
  const parsed = parseArguments(command, rest);
  if (parsed.values['help'] === true) {
    const { positionals, values } = parsed;
    printLine((await command.help?.({ positionals, json: values['json'] === true })) ?? commandHelp(command));
    // A report and verbs may share a noun: `tally stock` shows it, `tally stock count` changes it.
    const noun = verbNouns().find((one) => one.noun === name);
    if (noun !== undefined && !command.operands.includes(noun.actions))
      printLine(
        `\nWhat changes it: tally ${name} ${noun.actions} (tally ${name} ${noun.actions.split(' ')[0]} --help).`,
      );
    return 0;
  }
  return command.run(createContext(parsed, progress, printLine));
}

/** One line, whatever went wrong: the message of an error that was foreseen by some package, or the trace of one that was not. */
function report(error: unknown): number {
  progress.clear();
  const line =
    error instanceof Error ? (isForeseen(error) ? error.message : (error.stack ?? error.message)) : String(error);
  process.stderr.write(`tally: ${isForeseen(error) ? line.replaceAll('\n', ' ') : line}\n`);
  return error instanceof OfficeError && error.code === 'office/usage' ? 2 : 1;
}

/** Our packages' errors have codes with a slash; what the system or SQLite refuses says by itself what and where. */
function isForeseen(error: unknown): boolean {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return false;
  return error.code.includes('/') || error.code.startsWith('SQLITE_') || 'syscall' in error;
}

const progress = createProgress(process.stderr);
// A reader that went away (`tally books | head`) is no failure of ours.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
process.exitCode = await main(process.argv.slice(2)).catch(report);
