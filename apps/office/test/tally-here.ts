// Commands of `tally` run in the test's own process: what they print with `--json`.
import { expect } from 'vitest';
import { type Command, createContext, parseArguments } from '../src/command.ts';
import { countersign } from '../src/commands/countersign.ts';
import { day } from '../src/commands/day.ts';
import { queryCommand } from '../src/commands/query.ts';
import { report } from '../src/commands/report.ts';
import { supplyCommands } from '../src/commands/supply.ts';
import { verbCommand } from '../src/commands/verb-commands.ts';
import { createProgress } from '../src/progress.ts';

const own: readonly Command[] = [countersign, day, queryCommand, report, ...supplyCommands];

/** Runs a command, which must succeed, and answers what it printed. */
export type Tally = (name: string, ...words: readonly string[]) => Promise<Record<string, unknown>>;

/** The command line of the folder `data`. */
export function tallyIn(data: string): Tally {
  return async (name, ...words) => {
    const command = verbCommand(name, words[0]) ?? own.find((one) => one.name === name);
    if (command === undefined) throw new Error(name);
    const printed: string[] = [];
    const parsed = parseArguments(command, [...words, '--data', data, '--json']);
    const context = createContext(parsed, createProgress(process.stderr), (line) => void printed.push(line));
    expect({ name, words, status: await command.run(context) }).toEqual({ name, words, status: 0 });
    return JSON.parse(printed[0] ?? '') as Record<string, unknown>;
  };
}
