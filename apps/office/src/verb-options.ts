// The args of a verb as options of a command line: amounts and prices as decimals, quantities in the unit of their product, lists as text.
import { OfficeError } from './errors.ts';
import { isCurrency, parseUnitPrice } from './currency.ts';
import { argsOf, type Shape } from './verb-help.ts';
import type { CommandOption } from './command.ts';
import type { Verb } from '@tallystick/kernel';

/** A product as the catalogue has it: the price in the currency and the tax of the day, where it says them. */
export interface Known {
  readonly name: string;
  readonly unitScale: number;
  readonly unitPriceMilliMinor?: number;
  readonly taxRateBasisPoints?: number;
  /** The line of the document that it comes back of, and what of its discount goes with what comes back. */
  readonly line?: number;
  readonly discountMinor?: number;
}

/** What the args are read with. */
export interface Reading {
  readonly currency: string;
  /** What the catalogue says of a product; undefined where it says nothing. */
  product(sku: string): Known | undefined;
  /**
   * The same of goods that come back, by what is said of them: as the document sold them that is named; undefined where none is, or where all is said of a
   * document that is not known. Throws `office/usage` where it is not plain which line it is, or what was paid for it.
   */
  sold(said: ReadonlyMap<string, string>): Known | undefined;
  /** The id of the document of this number, for `session` of the one that is open on the device of this name, for `device` and `to` of the device; undefined where there is none. */
  idOf(arg: string, text: string): string | undefined;
}

const units = [
  ['MilliMinor', 'PRICE'],
  ['Minor', 'AMOUNT'],
] as const;

/** `unitPriceMilliMinor` is `--unit-price`, `floatMinor` `--float`, `amountMinor` `--amount`. */
export function optionOf(arg: string): string {
  const bare = units.reduce((name, [unit]) => (name.endsWith(unit) ? name.slice(0, 0 - unit.length) : name), arg);
  return bare.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** The forms that a thing of named members may have; none for what is no such thing. */
function formsOf(shape: Shape | undefined): readonly Shape[] {
  if (shape?.properties !== undefined) return [shape];
  return (shape?.anyOf ?? shape?.oneOf ?? []).filter(({ properties }) => properties !== undefined);
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
  if (shape.type === 'array') return formsOf(shape.items).length === 0 ? 'LIST' : 'LINES';
  if (formsOf(shape).length > 0) return 'LINE';
  if (isMap(shape)) return 'NAME=VALUE,...';
  const isText = shape.anyOf?.every(({ type }) => type === 'string') === true;
  if (!isText && (shape.type === 'object' || shape.anyOf !== undefined || shape.oneOf !== undefined)) return 'JSON';
  const unit = units.find(([ending]) => arg.endsWith(ending));
  if (unit !== undefined) return unit[1];
  return isText || shape.type === 'string' ? arg.replaceAll(/[A-Z]/g, (letter) => `-${letter}`).toUpperCase() : 'N';
}

/** What a line is made of: `sku=,name=,quantity=`; each of several forms on its own. */
function insideOf(shape: Shape): string {
  const forms = formsOf(shape.type === 'array' ? shape.items : shape).map((form) =>
    membersOf(form)
      .map(([arg, { const: fixed }]) => {
        const value = typeof fixed === 'string' ? `=${fixed}` : '';
        return `${optionOf(arg)}${value}${form.required?.includes(arg) === true ? '' : '?'}`;
      })
      .join(', '),
  );
  return forms.length === 0 ? '' : `; each ${forms.join(' or ')}`;
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
  // A text is never JSON, whatever it begins with: a name in brackets, a rule that begins with a list.
  if (shape.type !== 'string' && /^[[{]/.test(text)) return parseJson(arg, text);
  if (shape.type === 'array') {
    const items = shape.items ?? {};
    // A comma parts the members of a line, and so whole texts where there are no lines.
    const parts = text.split(formsOf(items).length === 0 ? /[;,]/ : ';').map((part) => part.trim());
    return parts.filter((part) => part !== '').map((part) => itemFrom(arg, items, part, reading));
  }
  if (formsOf(shape).length > 0 && text.includes('=')) return itemFrom(arg, shape, text, reading);
  if (isMap(shape)) return Object.fromEntries(namedValues(arg, text));
  if (shape.type === 'integer' || shape.type === 'number') return numberFrom(arg, text, reading.currency, decimals);
  return reading.idOf(arg, text) ?? text;
}

/** A line such as `sku=MUG,quantity=2,unit-price=4.99`. What the catalogue knows of the product need not be said. */
function itemFrom(arg: string, shape: Shape, text: string, reading: Reading): unknown {
  if (formsOf(shape).length === 0) return valueFrom(arg, shape, text, reading, 0);
  const said = namedValues(arg, text);
  const form = formOf(shape, said);
  const members = membersOf(form);
  const stray = [...said.keys()].find((name) => !members.some(([member]) => optionOf(member) === name));
  if (stray !== undefined) throw wrong(arg, stray, `is none of ${members.map(([name]) => optionOf(name)).join(', ')}`);
  const sku = said.get('sku') ?? '';
  const isBack = 'line' in (form.properties ?? {});
  const product = (isBack ? reading.sold(said) : undefined) ?? reading.product(sku);
  const scale = said.get('quantity-scale') ?? (product === undefined ? '0' : String(product.unitScale));
  if (product !== undefined && 'quantityScale' in (form.properties ?? {})) said.set('quantity-scale', scale);
  const line: Record<string, unknown> = {};
  // An amount is of the currency that its own line names: 50 is 50 yen, whatever the folder counts in.
  const currency = said.get('currency') ?? reading.currency;
  if (form.required?.includes('currency') === true) said.set('currency', currency);
  for (const [member, inside] of members) {
    const value = said.get(optionOf(member));
    const isQuantity = /quantity$/i.test(member) || member === 'counted' || member === 'received';
    const known = product?.[member as keyof Known];
    if (value !== undefined)
      line[member] = valueFrom(member, inside, value, { ...reading, currency }, isQuantity ? Number(scale) : 0);
    else if (known !== undefined) line[member] = known;
  }
  return line;
}

function namedValues(arg: string, text: string): Map<string, string> {
  const said = new Map<string, string>();
  for (const part of text.split(',')) {
    const [name = '', ...value] = part.split('=');
    if (value.length === 0 || said.has(name.trim())) throw wrong(arg, text, 'is no list of NAME=VALUE, each once');
    said.set(name.trim(), value.join('=').trim());
  }
  return said;
}

/** Whether it is texts by names that the verb does not know, such as the choices of a variant. */
function isMap({ type, properties }: Shape): boolean {
  return type === 'object' && properties === undefined;
}

/** Of several forms the first that takes what was said, or else the first. */
function formOf(shape: Shape, said: ReadonlyMap<string, string>): Shape {
  const forms = formsOf(shape);
  const takes = ({ properties = {} }: Shape): boolean =>
    [...said].every(([name, value]) =>
      Object.entries(properties).some(([arg, { enum: choices, const: fixed }]) => {
        if (optionOf(arg) !== name) return false;
        return fixed === undefined ? (choices?.includes(value) ?? true) : fixed === value;
      }),
    );
  return forms.find(takes) ?? forms[0] ?? shape;
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
