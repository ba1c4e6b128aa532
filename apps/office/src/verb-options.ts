// The args of a verb as options of a command line: amounts and prices as decimals, quantities in the unit of their product, lists as text.
import { OfficeError } from './errors.ts';
import { isCurrency, parseUnitPrice } from './currency.ts';
import { argsOf, type Shape } from './verb-help.ts';
import type { CommandOption } from './command.ts';
import type { Verb } from '@tallystick/kernel';

/** What the args are read with. */
export interface Reading {
  readonly currency: string;
  /** What the catalogue says of a product; undefined where it says nothing. */
  product(sku: string): { readonly name: string; readonly unitScale: number } | undefined;
  /** The id of the document of this number, or for `session` of the one that is open on the device of this name; undefined where there is none. */
  idOf(arg: string, text: string): string | undefined;
}

const units = [
  ['MilliMinor', 'PRICE'],
  ['Minor', 'AMOUNT'],
] as const;

/** `unitPriceMilliMinor` is `--unit-price`, `floatMinor` `--float`, `amountMinor` `--amount`. */
function optionOf(arg: string): string {
  const bare = units.reduce((name, [unit]) => (name.endsWith(unit) ? name.slice(0, 0 - unit.length) : name), arg);
  return bare.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

function membersOf(shape: Shape): readonly (readonly [string, Shape])[] {
  return Object.entries(shape.properties ?? {});
}

/** Whether the args of a verb have a form that options can be made of; `tally do` takes those of the others as JSON. */
export function hasOptions(verb: Verb): boolean {
  return '_zod' in verb.args;
}

/** The form of a verb's args. Throws `office/usage` for one whose form cannot be shown. */
export function shapeOf(verb: Verb): Shape {
  const args = argsOf(verb);
  if ('schema' in args) return args.schema;
  throw new OfficeError('office/usage', `${verb.name} has no options (see: tally do ${verb.name} --help)`);
}

/** The options of these verbs together; each says which of them take it. */
export function optionsOf(verbs: readonly Verb[]): Readonly<Record<string, CommandOption>> {
  const takersByOption = new Map<
    string,
    { readonly value: string; readonly takers: string[]; readonly inside: string }
  >();
  for (const verb of verbs) {
    const shape = shapeOf(verb);
    for (const [arg, member] of membersOf(shape)) {
      const option = optionOf(arg);
      const known = takersByOption.get(option) ?? { value: valueOf(arg, member), takers: [], inside: insideOf(member) };
      const action = verb.name.slice(verb.name.indexOf('.') + 1);
      known.takers.push(shape.required?.includes(arg) === true ? action : `${action}?`);
      takersByOption.set(option, known);
    }
  }
  return Object.fromEntries(
    [...takersByOption].map(([option, { value, takers, inside }]) => [
      option,
      { type: 'string', value, help: `${takers.join(', ')}${inside}` },
    ]),
  );
}

function valueOf(arg: string, shape: Shape): string {
  if (shape.enum !== undefined) return shape.enum.join('|');
  if (shape.type === 'boolean') return 'true|false';
  if (shape.type === 'array') return shape.items?.properties === undefined ? 'LIST' : 'LINES';
  if (shape.type === 'object' || shape.anyOf !== undefined || shape.oneOf !== undefined) return 'JSON';
  const unit = units.find(([ending]) => arg.endsWith(ending));
  if (unit !== undefined) return unit[1];
  return shape.type === 'string' ? arg.replaceAll(/[A-Z]/g, (letter) => `-${letter}`).toUpperCase() : 'N';
}

/** What a line of a list is made of: `sku=,name=,quantity=`. */
function insideOf({ items }: Shape): string {
  if (items?.properties === undefined) return '';
  const names = membersOf(items).map(([arg]) => `${optionOf(arg)}${items.required?.includes(arg) === true ? '' : '?'}`);
  return `; each ${names.join(', ')}`;
}

/** The args that these texts by option say. Throws `office/usage` for what is not of the form. */
export function readOptions(
  shape: Shape,
  text: (option: string) => string | undefined,
  reading: Reading,
): Record<string, unknown> {
  const args: Record<string, unknown> = {};
  for (const [arg, member] of membersOf(shape)) {
    const given = text(optionOf(arg));
    if (given !== undefined) args[arg] = valueFrom(arg, member, given, reading, 0);
  }
  return args;
}

function valueFrom(arg: string, shape: Shape, text: string, reading: Reading, decimals: number): unknown {
  if (shape.type === 'boolean' && (text === 'true' || text === 'false')) return text === 'true';
  if (/^[[{]/.test(text)) return parseJson(arg, text);
  if (shape.type === 'array') {
    const parts = text.split(';').map((part) => part.trim());
    const items = shape.items ?? {};
    return parts.filter((part) => part !== '').map((part) => itemFrom(arg, items, part, reading));
  }
  if (shape.type === 'integer' || shape.type === 'number') return numberFrom(arg, text, reading.currency, decimals);
  return reading.idOf(arg, text) ?? text;
}

/** A line such as `sku=MUG,quantity=2,unit-price=4.99`. The catalogue says the name and the unit scale where the line does not. */
function itemFrom(arg: string, shape: Shape, text: string, reading: Reading): unknown {
  if (shape.properties === undefined) return valueFrom(arg, shape, text, reading, 0);
  const said = new Map<string, string>();
  for (const part of text.split(',')) {
    const [name = '', ...value] = part.split('=');
    if (value.length === 0 || said.has(name.trim())) throw wrong(arg, text, 'is no list of NAME=VALUE, each once');
    said.set(name.trim(), value.join('=').trim());
  }
  const members = membersOf(shape);
  const stray = [...said.keys()].find((name) => !members.some(([member]) => optionOf(member) === name));
  if (stray !== undefined) throw wrong(arg, stray, `is none of ${members.map(([name]) => optionOf(name)).join(', ')}`);
  const product = reading.product(said.get('sku') ?? '');
  const scale = said.get('quantity-scale') ?? (product === undefined ? '0' : String(product.unitScale));
  if (product !== undefined && 'quantityScale' in shape.properties) said.set('quantity-scale', scale);
  if (product !== undefined && 'name' in shape.properties && !said.has('name')) said.set('name', product.name);
  const line: Record<string, unknown> = {};
  for (const [member, inside] of members) {
    const value = said.get(optionOf(member));
    if (value === undefined) continue;
    const isQuantity = /quantity$/i.test(member) || member === 'counted' || member === 'received';
    line[member] = valueFrom(member, inside, value, reading, isQuantity ? Number(scale) : 0);
  }
  return line;
}

/** A whole number; an amount or a price as a decimal of the currency; a quantity as a decimal of its unit. */
function numberFrom(arg: string, text: string, currency: string, decimals: number): number {
  if (!units.some(([unit]) => arg.endsWith(unit))) {
    const match = /^(-?\d{1,15})(?:\.(\d{1,6}))?$/.exec(text);
    const fraction = match?.[2] ?? '';
    if (match === null || fraction.length > decimals) throw wrong(arg, text, 'is no number of its unit');
    return Number(`${match[1]}${fraction.padEnd(decimals, '0')}`);
  }
  if (!isCurrency(currency)) throw new OfficeError('office/currency', `unknown currency ${JSON.stringify(currency)}`);
  const price = parseUnitPrice(text, currency);
  if (!price.ok) throw wrong(arg, text, price.reason);
  if (arg.endsWith('MilliMinor')) return price.milliMinor;
  if (price.milliMinor % 1000 !== 0) throw wrong(arg, text, `is finer than ${currency} has`);
  return price.milliMinor / 1000;
}

function parseJson(arg: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw wrong(arg, text, cause instanceof Error ? cause.message : 'is no JSON');
  }
}

function wrong(arg: string, text: string, reason: string): OfficeError {
  return new OfficeError('office/usage', `--${optionOf(arg)}: ${JSON.stringify(text)} ${reason}`);
}
