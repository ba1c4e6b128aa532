/** Another place and time: more than a year later, under other dice, in another zone and language. What folds the same there did not look. */
import { createDice } from './dice.ts';

const LATER_MS = 401 * 86_400_000 + 47_520_000 + 123;
const LANGUAGE = 'de-CH';
const ZONE = 'Pacific/Kiritimati';

interface Method {
  readonly owner: object;
  readonly name: string;
  /** Where the locale stands among its arguments. */
  readonly argument: number;
}
const SPOKEN: readonly Method[] = [
  { owner: Number.prototype, name: 'toLocaleString', argument: 0 },
  { owner: BigInt.prototype, name: 'toLocaleString', argument: 0 },
  { owner: Date.prototype, name: 'toLocaleString', argument: 0 },
  { owner: Date.prototype, name: 'toLocaleDateString', argument: 0 },
  { owner: Date.prototype, name: 'toLocaleTimeString', argument: 0 },
  { owner: String.prototype, name: 'localeCompare', argument: 1 },
];

/** Goes there, and answers how to come back. */
export function goElsewhere(): () => void {
  const back: (() => void)[] = [];
  const replace = (owner: object, name: string, made: (original: never) => unknown): void => {
    const original = Object.getOwnPropertyDescriptor(owner, name);
    if (original?.configurable !== true) return;
    Object.defineProperty(owner, name, { ...original, value: made(original.value as never) });
    back.push(() => void Object.defineProperty(owner, name, original));
  };
  const { now } = Date;
  const dice = createDice(LATER_MS);
  replace(globalThis, 'Date', (original: DateConstructor) => laterDate(original, now));
  replace(Date, 'now', () => () => now() + LATER_MS);
  replace(Math, 'random', () => () => dice.below(2 ** 32) / 2 ** 32);
  for (const { owner, name, argument } of SPOKEN)
    replace(owner, name, (original: never) => speaking(original, argument));
  for (const name of ['NumberFormat', 'DateTimeFormat', 'Collator', 'PluralRules'])
    replace(Intl, name, (original: never) => speaking(original, 0));
  back.push(moveZone());
  return () => {
    for (const one of back.toReversed()) one();
  };
}

function laterDate(original: DateConstructor, now: () => number): DateConstructor {
  return new Proxy(original, {
    apply: () => new original(now() + LATER_MS).toString(),
    construct: (made, args, target) =>
      Reflect.construct(made, args.length === 0 ? [now() + LATER_MS] : args, target) as object,
  });
}

/** A function that takes the machine's locale when none is given, given another. */
function speaking(original: (...args: unknown[]) => unknown, argument: number): unknown {
  const told = (args: readonly unknown[]): unknown[] => {
    const said = [...args];
    while (said.length < argument) said.push(undefined);
    said[argument] ??= LANGUAGE;
    return said;
  };
  return new Proxy(original, {
    apply: (called, self, args) => Reflect.apply(called, self, told(args)),
    construct: (made, args, target) => Reflect.construct(made, told(args), target) as object,
  });
}

/** Only Node lets a running program move. */
function moveZone(): () => void {
  const { process } = globalThis as { process?: { env?: Record<string, string | undefined> } };
  if (process?.env === undefined) return () => undefined;
  const { env } = process;
  const { TZ } = env;
  env['TZ'] = ZONE;
  return () => {
    if (TZ === undefined) delete env['TZ'];
    else env['TZ'] = TZ;
  };
}
