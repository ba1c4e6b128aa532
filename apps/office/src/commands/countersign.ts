// `tally countersign`: tallies as they stand, one half of two: offered to another device, accepted or declined by it, in each scope.
import { type Scope, parseScope } from '@tallystick/oplog';
import type { ShopBook } from '../book.ts';
import { type Command, type CommandContext, usage } from '../command.ts';
import { listDevices } from '../device-text.ts';
import { OfficeError } from '../errors.ts';
import { changingCommand, type Done } from './changing.ts';
import { renderTable } from './table.ts';

const shownHash = 12;
const shortestHash = 6;
const actions = ['list', 'offer', 'accept', 'decline'] as const;

interface TallyRow {
  readonly [column: string]: string;
  readonly scope: string;
  readonly offer: string;
  readonly from: string;
  readonly to: string;
  readonly kind: string;
  readonly subject: string;
  readonly terms: string;
  readonly state: string;
  readonly reason: string;
}

export const countersign: Command = changingCommand({
  name: 'countersign',
  summary: 'List tallies, offer one to a device, or accept or decline one that was offered to this device.',
  operands: 'list | offer | accept OFFER | decline OFFER',
  minOperands: 1,
  maxOperands: 2,
  options: {
    to: { type: 'string', value: 'DEVICE', help: 'offer: the device that is to sign the other half, by name or id' },
    kind: { type: 'string', value: 'KIND', help: 'offer: what kind of tally it is, such as custody' },
    subject: { type: 'string', value: 'TEXT', help: 'offer: what it is about, such as the id of a transfer' },
    terms: { type: 'string', value: 'JSON', help: 'offer: what both sides sign (default {})' },
    reason: { type: 'string', value: 'TEXT', help: 'decline: why' },
    scope: { type: 'string', value: 'SCOPE', help: 'offer: where it is signed (default hq)' },
  },
  notes: 'OFFER is a hash as listed, or its first six or more digits.',
  changes: (context) => context.positionals[0] !== 'list',
  async change(book, context) {
    const [action, offer] = context.positionals;
    switch (action) {
      case 'list':
        return listed(book);
      case 'offer':
        return offered(book, context);
      case 'accept':
      case 'decline':
        return answered(book, context, action, offer);
      default:
        throw usage(`${action}: ${actions.join(', ')}`, 'countersign');
    }
  },
});

function talliesOf(book: ShopBook): readonly TallyRow[] {
  return book.query<TallyRow>(
    'SELECT scope, offer, "from", "to", kind, subject, terms, state, reason FROM tallies ORDER BY scope, state DESC, offer',
  );
}

function listed(book: ShopBook): Done {
  const tallies = talliesOf(book);
  if (tallies.length === 0) return { json: { tallies }, lines: ['Nobody has offered a tally.'] };
  const names = new Map(listDevices(book).map(({ device, name }): [string, string] => [device, name]));
  const nameOf = (device: string): string => names.get(device) ?? device.slice(0, shownHash);
  const cells = tallies.map(({ scope, offer, from, to, kind, subject, terms, state, reason }) => [
    offer.slice(0, shownHash),
    scope,
    nameOf(from),
    nameOf(to),
    kind,
    subject,
    terms,
    reason === '' ? state : `${state}: ${reason}`,
  ]);
  return {
    json: { tallies },
    lines: renderTable(['Offer', 'Scope', 'From', 'To', 'Kind', 'About', 'Terms', 'State'], cells),
  };
}

async function offered(book: ShopBook, context: CommandContext): Promise<Done> {
  const said = (option: string): string => {
    const text = context.text(option);
    if (text === undefined) throw usage(`offer needs --${option}`, 'countersign');
    return text;
  };
  const scope = parseScope(context.text('scope') ?? 'hq');
  if (scope === undefined) throw usage(`--scope ${JSON.stringify(context.text('scope'))} is no scope`, 'countersign');
  const to = said('to');
  const known = listDevices(book).filter(({ device, name }) => device === to || name === to);
  if (known.length !== 1) throw usage(`--to ${JSON.stringify(to)} is not one device`, 'countersign');
  const terms = parseTerms(context.text('terms') ?? '{}');
  const args = { to: known[0]?.device ?? '', kind: said('kind'), subject: said('subject'), terms };
  return signed(book, 'tally.offer', args, scope, `offered to ${to}`);
}

function parseTerms(text: string): object {
  try {
    return JSON.parse(text) as object;
  } catch (cause) {
    throw usage(`--terms: ${cause instanceof Error ? cause.message : 'no JSON'}`, 'countersign');
  }
}

function answered(book: ShopBook, context: CommandContext, action: 'accept' | 'decline', text = ''): Promise<Done> {
  const found = talliesOf(book).filter(({ offer }) => text.length >= shortestHash && offer.startsWith(text));
  const [tally] = found;
  if (tally === undefined || found.length > 1) throw usage(`${JSON.stringify(text)} is not one tally`, 'countersign');
  const { offer, scope } = tally;
  if (action === 'accept') return signed(book, 'tally.accept', { offer }, scope as Scope, `${offer} is countersigned`);
  const reason = context.text('reason');
  if (reason === undefined) throw usage('decline needs --reason', 'countersign');
  return signed(book, 'tally.decline', { offer, reason }, scope as Scope, `${offer} is declined`);
}

async function signed(
  book: ShopBook,
  verb: 'tally.offer' | 'tally.accept' | 'tally.decline',
  args: object,
  scope: Scope,
  line: string,
): Promise<Done> {
  const commit = await book.commit(verb, args as never, { scope });
  if (!commit.ok) throw new OfficeError('office/refused', `${verb}: ${commit.code} ${JSON.stringify(commit.details)}`);
  return { json: { verb, id: commit.id, hash: commit.hash, scope }, lines: [`${line} (${commit.hash})`] };
}
