// `tally do`: commits any verb of the book with args given as JSON. What has a command of its own is said more easily there.
import { readFileSync } from 'node:fs';
import { builtinVerbs, type Commit, loadParts, type Verb } from '@tallystick/kernel';
import { parseScope } from '@tallystick/oplog';
import { shopVerbs } from '../book.ts';
import { type Command, type CommandContext, usage } from '../command.ts';
import { messageOf, OfficeError } from '../errors.ts';
import { numberHint } from '../form-words.ts';
import { refusalWords } from '../refusal-words.ts';
import { mustBeUnspent } from '../spent-redemptions.ts';
import { argsOf, verbHelp } from '../verb-help.ts';
import { verbLines } from '../verb-lines.ts';
import { changingCommand, type Done } from './changing.ts';
import { renderTable } from './table.ts';

/** Every verb that this program knows. */
const verbs: readonly Verb[] = [...builtinVerbs, ...shopVerbs] as readonly Verb[];
/** An op has 60 KiB at most; a pretty text of one has less than this. */
const maxTextBytes = 1_000_000;

const committing = changingCommand({
  name: 'do',
  summary: 'Commit any verb, with its args as JSON; without a verb, list them.',
  operands: '[VERB [JSON | -]]',
  minOperands: 0,
  maxOperands: 2,
  options: {
    file: { type: 'string', value: 'FILE', help: 'take the args from this file' },
    scope: {
      type: 'string',
      value: 'SCOPE',
      help: "where the op belongs (default: the device's own scope, hq for an office)",
    },
  },
  notes:
    'tally do VERB --help shows what a verb takes; - reads the args from stdin, and no args are {}. The newest adopted version is\ncommitted; VERB@2 names one. Nothing is stored of what is refused.',
  async change(book, context) {
    const [given = ''] = context.positionals;
    const verb = findVerb(given);
    const scope = parseScope(context.text('scope') ?? 'hq');
    if (scope === undefined) throw usage(`--scope ${JSON.stringify(context.text('scope'))} is no scope`, 'do');
    const args = readArgs(context, verb);
    mustBeUnspent(book, args);
    const commit = await book.commit(given as never, args, context.text('scope') === undefined ? {} : { scope });
    return doneOf(given, mustBeDone(commit, verb));
  },
});

export const doCommand: Command = {
  ...committing,
  help: async ({ positionals, json }) => {
    const [given] = positionals;
    if (given === undefined) return undefined;
    const verb = findVerb(given);
    // The kernel's own verbs show the form of their args with their code.
    await loadParts();
    return json ? JSON.stringify({ verb: verb.ref, roles: verb.roles, ...argsOf(verb) }) : verbHelp(verb);
  },
  async run(context) {
    if (context.positionals.length > 0) return committing.run(context);
    const listed = verbs.map(({ ref, name, roles }) => ({ verb: ref, roles, does: verbLines[name] ?? '' }));
    const rows = verbs.map(({ ref, name, roles }) => [ref, verbLines[name] ?? '', roles.join(' ')]);
    const lines = context.json
      ? [JSON.stringify({ verbs: listed })]
      : renderTable(['Verb', 'What it does', 'For'], rows);
    for (const line of lines) context.print(line);
    return 0;
  },
};

/** What is said of a verb that is done. */
export function doneOf(given: string, { id, hash, correction }: Extract<Commit, { ok: true }>): Done {
  const made = correction === undefined ? {} : { correction };
  return {
    json: { verb: given, id, hash, ...made },
    lines: [`${given} is done: ${id}`, ...(correction === undefined ? [] : [`made good: ${details(correction)}`])],
  };
}

/** The verb of this name, in its newest version, or in the one that is named. */
function findVerb(given: string): Verb {
  const found = verbs.findLast(({ name, ref }) => name === given || ref === given);
  if (found !== undefined) return found;
  throw new OfficeError('office/usage', `there is no verb ${JSON.stringify(given)} (tally do lists them)`);
}

/** The args as JSON says them. Throws `office/usage` and `office/no-file`. */
function readArgs(context: CommandContext, verb: Verb): unknown {
  const [, inline] = context.positionals;
  const file = context.text('file');
  if (inline !== undefined && file !== undefined) throw usage('give the args or --file FILE, not both', 'do');
  const text = file !== undefined ? readText(context.path(file)) : inline === '-' ? readText(0) : (inline ?? '{}');
  try {
    return JSON.parse(text);
  } catch (cause) {
    const why = messageOf(cause);
    throw new OfficeError('office/usage', `the args are no JSON: ${why} (see: tally do ${verb.name} --help)`, {
      cause,
    });
  }
}

function readText(from: string | 0): string {
  const name = from === 0 ? 'stdin' : from;
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(from);
  } catch (cause) {
    throw new OfficeError('office/no-file', `${name}: cannot be read`, { cause });
  }
  if (bytes.length > maxTextBytes) throw new OfficeError('office/usage', `${name}: longer than the args of any op`);
  return new TextDecoder().decode(bytes);
}

/** Throws `office/refused` with the code and all that the refusal says. */
export function mustBeDone(commit: Commit, verb: Verb): Extract<Commit, { ok: true }> {
  if (commit.ok) return commit;
  const { code } = commit;
  const help = code === 'kernel/bad-args' ? `${numberHint(commit.details)} (see: tally do ${verb.name} --help)` : '';
  throw new OfficeError('office/refused', `${refusalWords(code)}${withDetails(commit)}${help}`);
}

function details(said: { readonly code: string; readonly details: object }): string {
  return `${said.code}${withDetails(said)}`;
}

function withDetails({ details: said }: { readonly details: object }): string {
  return Object.keys(said).length === 0 ? '' : ` ${JSON.stringify(said)}`;
}
