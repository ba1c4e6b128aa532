// What a tally command is, and the strict reading of its arguments: an option the command does not know, or a value that is
// not what the option takes, is an error and never ignored.
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { messageOf, OfficeError } from './errors.ts';
import type { Progress } from './progress.ts';

/** One option of a command, as parsed and as shown in its help. */
export interface CommandOption {
  readonly type: 'string' | 'boolean';
  /** What the value is called in the help: `DIR`, `URL`. */
  readonly value?: string;
  readonly help: string;
}

/** What a running command is given. */
export interface CommandContext {
  readonly positionals: readonly string[];
  readonly json: boolean;
  readonly progress: Progress;
  /** Writes one line to stdout. */
  print(line: string): void;
  /** Value of a string option, or undefined. */
  text(option: string): string | undefined;
  flag(option: string): boolean;
  /** Absolute path of a path given on the command line. */
  path(relative: string): string;
}

export interface Command {
  readonly name: string;
  readonly summary: string;
  /** Positional arguments as shown: `FILE`, or '' for none. */
  readonly operands: string;
  readonly minOperands: number;
  readonly maxOperands: number;
  readonly options: Readonly<Record<string, CommandOption>>;
  readonly notes?: string;
  /** The help for these positionals where it is another than that of the command as a whole. */
  help?(asked: { readonly positionals: readonly string[]; readonly json: boolean }): Promise<string | undefined>;
  /** Does the work; the exit status, 0 when all is well. */
  run(context: CommandContext): Promise<number>;
}

/** Options every command has. */
export const commonOptions: Readonly<Record<string, CommandOption>> = {
  json: { type: 'boolean', help: 'print exactly one JSON object on one line of stdout' },
  help: { type: 'boolean', help: 'show this text' },
};

export const dataOption: CommandOption = {
  type: 'string',
  value: 'DIR',
  help: 'where the databases and keys live (default: this folder if it is one, or TALLYSTICK_DATA)',
};

/** Arguments of a command as they were understood. */
export interface ParsedArguments {
  readonly values: Readonly<Record<string, string | boolean | undefined>>;
  readonly positionals: readonly string[];
}

/** Reads the arguments after the command's name. Throws `office/usage`. */
export function parseArguments(command: Command, argv: readonly string[]): ParsedArguments {
  const options = Object.fromEntries(
    Object.entries({ ...command.options, ...commonOptions }).map(([name, { type }]) => [name, { type }]),
  );
  const { values, positionals } = parseStrictly(command.name, argv, options);
  if (values['help'] === true) return { values, positionals };
  if (positionals.length < command.minOperands) throw usage(`${command.operands} is missing`, command.name);
  if (positionals.length > command.maxOperands) {
    throw usage(`unexpected argument ${JSON.stringify(positionals[command.maxOperands])}`, command.name);
  }
  return { values, positionals };
}

type OptionTypes = Record<string, { type: 'string' | 'boolean' }>;

function parseStrictly(name: string, argv: readonly string[], options: OptionTypes): ParsedArguments {
  try {
    const { values, positionals, tokens } = parseArgs({
      args: [...argv],
      options,
      allowPositionals: true,
      tokens: true,
    });
    const given = tokens.flatMap((token) => (token.kind === 'option' ? [token.name] : []));
    const twice = given.find((option, index) => given.indexOf(option) !== index);
    if (twice !== undefined) throw usage(`--${twice} is given twice`, name);
    return { values: values, positionals };
  } catch (cause) {
    if (cause instanceof OfficeError) throw cause;
    const message = messageOf(cause);
    const ambiguous = /^Option '(--[\w-]+)' argument is ambiguous/.exec(message);
    if (ambiguous !== null) throw usage(`the value of ${ambiguous[1]} is missing or begins with a dash`, name, cause);
    // Only the first sentence: the rest of Node's message is about passing such a thing as a positional.
    throw usage(message.split(/\. |\n/)[0]?.replace(/^Unknown option/, 'unknown option') ?? message, name, cause);
  }
}

/** A mistake in how a command was called. */
export function usage(reason: string, command: string, cause?: unknown): OfficeError {
  return new OfficeError('office/usage', `${reason} (see: tally ${command} --help)`, { cause });
}

/** A whole number within bounds given as an option. */
export function parseCount(text: string, option: string, command: string, min: number, max: number): number {
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return value;
  throw usage(`--${option} ${JSON.stringify(text)} is not a whole number from ${min} to ${max}`, command);
}

/** What a command's `run` sees of its parsed arguments. */
export function createContext(
  parsed: ParsedArguments,
  progress: Progress,
  print: (line: string) => void,
): CommandContext {
  return {
    positionals: parsed.positionals,
    json: parsed.values['json'] === true,
    progress,
    print,
    text(option) {
      const value = parsed.values[option];
      return typeof value === 'string' ? value : undefined;
    },
    flag: (option) => parsed.values[option] === true,
    path: (relative) => resolve(relative),
  };
}

/** The help text of one command. */
export function commandHelp(command: Command): string {
  const options = Object.entries({ ...command.options, ...commonOptions });
  const names = options.map(([name, { value }]) => `  --${name}${value === undefined ? '' : ` ${value}`}`);
  const width = Math.max(...names.map((name) => name.length)) + 2;
  const lines = options.map(([, { help }], index) => `${(names[index] ?? '').padEnd(width)}${help}`);
  const operands = command.operands === '' ? '' : ` ${command.operands}`;
  const notes = command.notes === undefined ? [] : ['', command.notes];
  return [`tally ${command.name}${operands} [options]`, '', command.summary, '', ...lines, ...notes].join('\n');
}
