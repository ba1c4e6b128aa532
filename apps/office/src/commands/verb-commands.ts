// Commands for the verbs of a shop: `tally session open --float 50.00`, `tally stock count --lines 'sku=MUG,counted=8'`. Their options are the args of the verb, out
// of its schema, so no verb is without one; `tally do` takes the same as JSON.
import { rules } from '@tallystick/guards';
import type { Verb } from '@tallystick/kernel';
import { parseScope } from '@tallystick/oplog';
import type { Priced } from '@tallystick/retail';
import { parseTransferNoteText, transferNote } from '@tallystick/retail/supply';
import { type ShopBook, shopVerbs } from '../book.ts';
import { type Command, type CommandContext, usage } from '../command.ts';
import { formatMinor } from '../currency.ts';
import { OfficeError } from '../errors.ts';
import { formWords, numberHint } from '../form-words.ts';
import { type Home, readSettings } from '../home.ts';
import { ruleTree } from '../rule-words.ts';
import { withTaxIn } from '../sold-line.ts';
import { mustBeUnspent } from '../spent-redemptions.ts';
import type { Shape } from '../verb-help.ts';
import { verbLines } from '../verb-lines.ts';
import { wasTaxIncluded, withDefaults } from '../verb-defaults.ts';
import { hasOptions, optionOf, optionsOf, type Reading, readOptions, shapeOf } from '../verb-options.ts';
import { currencyNamed, openDay, readingOf } from '../verb-reading.ts';
import { changingCommand, type Done } from './changing.ts';
import { doneOf, mustBeDone } from './do.ts';

/** Verbs that commands of their own commit, with what they need worked out. */
const elsewhere: ReadonlySet<string> = new Set([
  'period.close',
  'period.carry',
  'entitlement.issue',
  'escrow.set',
  'key.backup',
  'person.describe',
  'reader.offer',
  'retention.set',
  'subject.acknowledge',
  'subject.hold',
  'subject.open',
  'subject.request',
  'subject.shred',
  // Two devices sign these, out of what the one hands to the other: their args are hashes.
  'tally.offer',
  'tally.accept',
  'tally.decline',
]);

function verbsByNoun(): ReadonlyMap<string, readonly Verb[]> {
  const verbs = new Map<string, Verb[]>();
  for (const verb of shopVerbs as readonly Verb[]) {
    if (elsewhere.has(verb.name) || !hasOptions(verb)) continue;
    const noun = verb.name.slice(0, verb.name.indexOf('.'));
    const same = verbs.get(noun) ?? [];
    // The newest version of a verb comes last.
    verbs.set(noun, [...same.filter(({ name }) => name !== verb.name), verb]);
  }
  return verbs;
}

const actionOf = ({ name }: Verb): string => name.slice(name.indexOf('.') + 1);

function commandOf(noun: string, verbs: readonly Verb[]): Command {
  const actions = verbs.map(actionOf);
  const shared = {
    name: noun,
    minOperands: 1,
    maxOperands: 1,
    notes: [
      ...verbs.map(
        (verb) => `  ${actionOf(verb).padEnd(10)}${verbLines[verb.name] ?? ''} For: ${verb.roles.join(', ')}.`,
      ),
      '',
      '? may be left out. Amounts and prices are decimals. A document is named by its id or its number, a session by its id or its device.',
      'LINES are NAME=VALUE,... with ; between them, or JSON; a LINE is one of them. The day is the one that is open, the currency that of the folder, where they are not said;',
      'the name, unit scale, price and tax of goods are those of the catalogue, or of the document that they come back of. What a product or customer is stays as it was said before',
      "(--tax-class '' and --price-list '' take those away);",
      ...(noun === 'sale'
        ? [
            'the document that is voided, refunded or exchanged is --original or --document, as you like; --fiscal SERIES takes the next number leased to this device;',
          ]
        : []),
      'tax is in the price, money in the session that is open on this device (--session none: in none), and a tender without an amount pays the rest, where nobody says otherwise.',
    ].join('\n'),
    change: (book: ShopBook, context: CommandContext, home: Home) => {
      const verb = verbs.find((candidate) => actionOf(candidate) === context.positionals[0]);
      if (verb === undefined) throw usage(`${context.positionals[0]}: ${actions.join(', ')}`, noun);
      return commitVerb(book, named(context, verb, verbs), home, verb);
    },
  };
  return changingCommand({
    ...shared,
    summary: actions.length === 1 ? (verbLines[`${noun}.${actions[0]}`] ?? '') : `Commit ${actions.join(', ')}.`,
    operands: actions.join(' | '),
    options: {
      ...optionsOf(verbs),
      scope: { type: 'string', value: 'SCOPE', help: scopeHelp(verbs) },
    },
  });
}

function scopeHelp(verbs: readonly Verb[]): string {
  const granting = verbs.filter((verb) => 'scope' in (shapeOf(verb).properties ?? {})).map(actionOf);
  const belongs = "where the op belongs (default: the device's own scope)";
  return granting.length === 0
    ? belongs
    : `${granting.join(', ')}: for which scope (default: hq, the only one of a small shop); of the others ${belongs}`;
}

/** What the catalogue says of the one unit that a van sells, where nobody says otherwise. */
function scanned(reading: Reading, read: Record<string, unknown>): Record<string, unknown> {
  const product = reading.product(String(read['sku']));
  if (product === undefined) return read;
  const { name, unitScale: quantityScale, unitPriceMilliMinor, taxRateBasisPoints } = product;
  const priced = unitPriceMilliMinor === undefined ? {} : { unitPriceMilliMinor };
  const taxed = taxRateBasisPoints === undefined ? {} : { taxRateBasisPoints };
  return { name, quantityScale, ...priced, ...taxed, ...read };
}

/** The document that an op takes back, or takes goods back of, by either name. */
const sameDocument: Readonly<Record<string, string>> = { document: 'original', original: 'document' };

/** The context in which an option may be said by another name that its noun has for the same. Throws `office/usage` for one that the action does not take. */
function named(context: CommandContext, verb: Verb, verbs: readonly Verb[]): CommandContext {
  const taken = Object.keys(shapeOf(verb).properties ?? {}).map(optionOf);
  const otherName = (option: string): string | undefined => {
    const other = sameDocument[option];
    return verb.name.startsWith('sale.') && other !== undefined && !taken.includes(other) ? other : undefined;
  };
  const meant = taken.map((option) => otherName(option));
  for (const option of Object.keys(optionsOf(verbs)))
    if (context.text(option) !== undefined && !taken.includes(option) && !meant.includes(option))
      throw usage(`${actionOf(verb)} takes no --${option}`, verb.name.split('.')[0] ?? verb.name);
  const text = (option: string): string | undefined => {
    const other = otherName(option);
    const [own, also] = [context.text(option), other === undefined ? undefined : context.text(other)];
    if (own !== undefined && also !== undefined && own !== also)
      throw usage(`--${option} and --${other} name one document`, verb.name.split('.')[0] ?? verb.name);
    return own ?? also;
  };
  return { ...context, text };
}

async function commitVerb(book: ShopBook, context: CommandContext, home: Home, verb: Verb): Promise<Done> {
  const shape = shapeOf(verb);
  const known = Object.keys(shape.properties ?? {});
  // Of what is granted for a scope, --scope says for which; the op itself belongs into hq.
  const named = known.includes('scope') ? undefined : context.text('scope');
  const scope = parseScope(context.text('scope') ?? 'hq');
  if (scope === undefined) throw usage(`--scope ${JSON.stringify(context.text('scope'))} is no scope`, verb.name);
  const own = readSettings(home)?.currency ?? 'GBP';
  // Amounts are read in the currency of what they are paid for: 50 is 50 yen, whatever the folder counts in.
  const currency = context.text('currency') ?? currencyNamed(book, verb, shape, context.text) ?? own;
  const day = openDay(book);
  const terms = {
    day: context.text('day') ?? day,
    customer: context.text('customer'),
    original: context.text('original'),
    isGross: isGross(verb, context),
  };
  const read = readOptions(shape, context.text, readingOf(book, currency, terms));
  const goods = verb.name === 'van.scan' ? scanned(readingOf(book, currency, terms), read) : read;
  const said = completed(verb, terms.isGross ? inWholes(verb, goods, book) : goods, book);
  const args = { ...withDefaults(verb, shape, said, { book, scope: named, currency }) };
  if (verb.name === 'rule.set') await readRule(args);
  if (known.includes('day') && args['day'] === undefined && day !== undefined) args['day'] = day;
  if (shape.required?.includes('currency') === true) args['currency'] ??= currency;
  mustHaveAll(verb, shape, args);
  mustBeUnspent(book, args);
  const commit = await book.commit(verb.ref as never, args, named === undefined ? {} : { scope });
  if (!commit.ok && commit.code === 'kernel/unknown-device' && named !== undefined)
    throw new OfficeError(
      'office/refused',
      `${named} knows no device yet: hand the book in at a relay first (tally sync), from where branches read hq (kernel/unknown-device)`,
    );
  if (!commit.ok && commit.code === 'kernel/bad-args')
    throw new OfficeError(
      'office/refused',
      `${formWords(commit.details)}${numberHint(commit.details)} (kernel/bad-args; see: tally ${verb.name.split('.')[0]} --help)`,
    );
  const made = mustBeDone(commit, verb);
  return withPaper(doneOf(verb.name, made), book, made.id, args);
}

/**
 * Of goods that come back at prices that nobody says: whether what was paid for them is paid back, the tax in it, however their document was priced, if nobody says otherwise. Not where what leaves
 * in an exchange has a promotion, whose terms are those of its price.
 */
function isGross(verb: Verb, { text }: CommandContext): boolean {
  const isExchange = verb.name === 'sale.exchange';
  if ((!isExchange && verb.name !== 'sale.refund') || text('original') === undefined) return false;
  const isPriced = /unit-?price/i.test(text(isExchange ? 'back' : 'lines') ?? '');
  const isPromoted = isExchange && /promotion/.test(text('lines') ?? '');
  const said = text('tax-included');
  return !isPriced && (said === undefined ? !isPromoted : said === 'true');
}

/** Prices with the tax in them; what leaves in an exchange for goods that had tax on top is priced so too, if nobody says what its prices are, and comes to the same. */
function inWholes(verb: Verb, read: Readonly<Record<string, unknown>>, book: ShopBook): Record<string, unknown> {
  const { taxIncluded, original, lines } = read as { readonly lines?: readonly Priced[] } & typeof read;
  const isOnTop = verb.name === 'sale.exchange' && taxIncluded === undefined && !wasTaxIncluded(book, original);
  return { taxIncluded: true, ...read, ...(isOnTop && lines !== undefined && { lines: lines.map(withTaxIn) }) };
}

interface Paper {
  readonly number: string;
  readonly currency: string;
  readonly totalMinor: number;
}

/** The number that others name the document by, and what it comes to, where the op made one. */
function withPaper(done: Done, book: ShopBook, id: string, args: Readonly<Record<string, unknown>>): Done {
  const [paper] = book.query<Paper>('SELECT number, currency, totalMinor FROM documents WHERE id = ?', [id]);
  if (paper === undefined) return done;
  const { number, currency, totalMinor } = paper;
  const change = Number(args['changeMinor'] ?? 0);
  const words = [
    number,
    ...(totalMinor === 0 ? [] : [`${formatMinor(totalMinor, currency, true)} ${currency}`]),
    ...(change === 0 ? [] : [`change ${formatMinor(change, currency, true)}`]),
  ];
  return { ...done, json: { ...done.json, number, changeMinor: change }, lines: [...done.lines, words.join(', ')] };
}

/** Makes the text of a rule its tree. Throws `office/usage` where its verb asks for no rules: it would seem to be in force and bind nobody. */
async function readRule(args: Record<string, unknown>): Promise<void> {
  const { verb: name, expr } = args;
  const asks = (shopVerbs as readonly Verb[]).filter(({ tables }) => tables.includes(rules));
  if (typeof name === 'string' && !asks.some((verb) => verb.name === name))
    throw usage(`${JSON.stringify(name)} is no verb that asks for rules`, 'rule');
  if (typeof expr === 'string') args['expr'] = await ruleTree(expr);
}

/** What is missing, by the option that says it. */
function mustHaveAll(verb: Verb, { required = [] }: Shape, args: Readonly<Record<string, unknown>>): void {
  const missing = required.filter((arg) => args[arg] === undefined);
  const [noun = '', action = ''] = verb.name.split('.');
  if (missing.includes('day')) throw usage('no business day is open: open one (tally day DATE) or say --day', noun);
  if (missing.length > 0)
    throw usage(`${action} also needs ${missing.map((arg) => `--${optionOf(arg)}`).join(', ')}`, noun);
  for (const arg of ['lines', 'back']) mustKnowGoods(verb, arg, args[arg]);
}

/** A line without a name is of goods that the catalogue does not have, for nobody need say the name of those that it has. */
function mustKnowGoods(verb: Verb, arg: string, lines: unknown): void {
  if (!Array.isArray(lines) || shapeOf(verb).properties?.[arg]?.items?.required?.includes('name') !== true) return;
  const unknown = (lines as readonly { readonly sku?: string; readonly name?: string }[]).find(
    ({ name }) => name === undefined,
  );
  if (unknown === undefined) return;
  const goods = unknown.sku === undefined ? 'a line has no sku' : `there is no product ${JSON.stringify(unknown.sku)}`;
  throw usage(
    `--${arg}: ${goods} (tally product set); or say its name= and all else of it`,
    verb.name.split('.')[0] ?? '',
  );
}

interface Counted {
  readonly sku?: unknown;
  readonly lot?: unknown;
  readonly received?: unknown;
}

/** The lot is said where one product came in several. */
function isOf({ sku, lot }: Counted, line: { readonly sku: string; readonly lot?: string }): boolean {
  return sku === line.sku && (lot === undefined || lot === line.lot);
}

interface Line {
  readonly line: number;
  readonly sku: string;
  readonly name: string;
  readonly quantityScale: number;
  readonly unitPriceMilliMinor: number;
}

/** What the books know of the thing that the args name: the goods of a transfer or an order. */
function completed(verb: Verb, args: Record<string, unknown>, book: ShopBook): Record<string, unknown> {
  switch (verb.name) {
    case 'layaway.pay':
    case 'layaway.collect':
    case 'layaway.cancel':
      return { tenders: [], ...args };
    case 'order.approve':
    case 'order.reject': {
      const [read] = book.query<{ hash: string }>('SELECT hash FROM askedOrders WHERE asked = ?', [
        String(args['asked']),
      ]);
      // Asking for the hash of a paper that is not here would say nothing to whoever mistyped its number.
      if (read === undefined && args['asked'] !== undefined && args['hash'] === undefined)
        throw usage(`nobody asked for ${JSON.stringify(args['asked'])} here (tally purchases)`, 'order');
      return { ...read, ...args };
    }
    case 'purchase.receive': {
      const ordered = book.query<Line & object>('SELECT * FROM documentLines WHERE document = ?', [
        String(args['order']),
      ]);
      const lines = ((args['lines'] as { line?: unknown }[] | undefined) ?? []).map((given) => {
        const row = ordered.find(({ line }) => line === given.line);
        if (row === undefined) return given;
        const { sku, name, quantityScale, unitPriceMilliMinor: unitCostMilliMinor } = row;
        return { goods: { sku, name, quantityScale, unitCostMilliMinor }, ...given };
      });
      return { ...args, lines };
    }
    case 'transfer.receive': {
      const said = String(args['transfer']);
      // A van does not read the log of its depot: then the text that travels with the goods is what is known of them.
      const note = parseTransferNoteText(said) ?? transferNote(book, said);
      if (note === undefined && args['dispatch'] !== undefined) return args;
      if (note === undefined)
        throw usage(
          '--transfer: no such dispatch is here; where its log is, tally stock --note NUMBER prints a text: give that',
          'transfer',
        );
      const given = (args['lines'] as Counted[] | undefined) ?? [];
      const counts = given.map((count) => [note.lines.findIndex((line) => isOf(count, line)), count] as const);
      const receivedByLine = new Map(counts);
      const isClear = given.every((count) => note.lines.filter((line) => isOf(count, line)).length === 1);
      // A slip in a code must not count everything in as it was sent.
      if (!isClear || receivedByLine.size < counts.length)
        throw usage('each of --lines names one line of the transfer, by its sku and lot', 'transfer');
      // What nobody says otherwise came as it was sent.
      const lines = note.lines.map((line, index) => ({
        ...line,
        received: receivedByLine.get(index)?.received ?? line.quantity,
      }));
      return { ...note, ...args, transfer: note.transfer, lines };
    }
    default:
      return args;
  }
}

/** What there is, as the help shows it: `session` and `open | close`. */
export function verbNouns(): readonly { readonly noun: string; readonly actions: string }[] {
  return [...verbsByNoun()].map(([noun, verbs]) => ({ noun, actions: verbs.map(actionOf).join(' | ') }));
}

/** The command of a noun; with an action only where a verb is called so that no command of its own commits. */
export function verbCommand(noun: string, action?: string): Command | undefined {
  const verbs = verbsByNoun().get(noun);
  if (verbs === undefined || (action !== undefined && !verbs.some((verb) => actionOf(verb) === action)))
    return undefined;
  return commandOf(noun, verbs);
}
