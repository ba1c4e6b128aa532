// What is wrong with the form of a verb's args, in the words of the command line: by the option, and of a line by its place and the name of its member.
import { optionOf } from './verb-options.ts';

type Details = Readonly<Record<string, unknown>>;

/** Of a refusal that is `kernel/bad-args`: which option or member of a line it is about, and what is wrong with it; as the schema says it where it is about none. */
export function formWords({ issue }: Details): string {
  const said = /^([\w.]+): ([^]*)$/.exec(String(issue));
  if (said === null) return String(issue);
  const [, path = '', message = ''] = said;
  const [option = '', ...inside] = path.split('.');
  const places = inside.map((part) => (/^\d+$/.test(part) ? `line ${Number(part) + 1}` : optionOf(part)));
  return `${[`--${optionOf(option)}`, ...places].join(', ')}: ${wordsOf(message)}`;
}

function wordsOf(message: string): string {
  if (message.endsWith('received undefined')) return 'is missing';
  if (message.startsWith('Invalid string: must match')) return 'has not the form that it must have';
  return message;
}

/** People are numbers in the log: a name in the place of one is the likeliest mistake. */
export function numberHint({ issue }: Details): string {
  const [, who] = /^(?:\w+\.)*(supplier|customer|seller|employee|subject): .*pattern/.exec(String(issue)) ?? [];
  return who === undefined ? '' : `; the ${who} is a number such as S-104, whose name stands outside the log`;
}
