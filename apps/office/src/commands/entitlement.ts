// `tally entitlement`: gift balances, coupons, prizes and credit lines, issued as a URL with its QR code, looked up, claimed, and where they do not add up.
import { randomBytes } from 'node:crypto';
import { encodeHex, parseScope, type Scope } from '@tallystick/oplog';
import { RelayError } from '@tallystick/relay-protocol';
import {
  createDesk,
  entitlementAlarms,
  type EntitlementDraft,
  type EntitlementKind,
  findDoubleClaims,
  mintEntitlement,
} from '@tallystick/retail/entitlement';
import { isDay } from '@tallystick/sign';
import { parseTokenUrl } from '@tallystick/sign/token';
import encodeQr from 'qr';
import { type ShopBook, shopCrypto } from '../book.ts';
import { type Command, type CommandContext, usage } from '../command.ts';
import { formatMinor, isCurrency, parseUnitPrice } from '../currency.ts';
import { OfficeError } from '../errors.ts';
import { type Home, readSettings } from '../home.ts';
import { keyInForce } from '../key-files.ts';
import { mustBeCommitted, refusalWords } from '../refusal-words.ts';
import { changingCommand, type Done, exchangeOnce } from './changing.ts';
import { readingCommand } from './reading.ts';
import { renderTable } from './table.ts';

const name = 'entitlement';
const kinds: readonly string[] = ['gift', 'coupon', 'prize', 'credit'];

const options: Command['options'] = {
  kind: { type: 'string', value: 'KIND', help: 'issue: gift, coupon, prize or credit' },
  amount: { type: 'string', value: 'AMOUNT', help: 'issue, spend: such as 10.00' },
  currency: { type: 'string', value: 'CODE', help: 'issue: ISO 4217 code (default: that of the folder)' },
  page: { type: 'string', value: 'URL', help: 'issue: the page that the URL opens, such as https://tea.example/t' },
  bound: { type: 'boolean', help: 'issue: it belongs to the wallet that opens it first, not to whoever shows it' },
  account: { type: 'string', value: 'ACCOUNT', help: 'issue: what pays for a gift or prize, such as 2300 or 6200' },
  customer: { type: 'string', value: 'REF', help: 'issue: who owes what is spent of a credit line' },
  until: { type: 'string', value: 'DAY', help: 'issue: the last day on which it may be spent' },
  day: { type: 'string', value: 'DAY', help: 'the business day (default: the one that is open)' },
  scope: { type: 'string', value: 'SCOPE', help: 'where entitlements are issued and claimed (default hq)' },
};

const changing = changingCommand({
  name,
  summary:
    'Issue gift balances, coupons, prizes and credit lines, look them up, claim them, and list what does not add up.',
  operands: 'issue | show URL | spend URL | alarms',
  minOperands: 1,
  maxOperands: 2,
  options,
  notes: 'spend claims, and prints the tender for sale.complete. alarms exits with 1 where there are any.',
  change: (book, context, home) => {
    const [action, url] = context.positionals;
    if (action === 'issue' && url === undefined) return issue(book, context, home);
    if (action === 'spend' && url !== undefined) return spend(book, context, home, url);
    throw usage(`${context.positionals.join(' ')}: issue, show URL, spend URL or alarms`, name);
  },
});
const asking = readingCommand({
  name,
  summary: changing.summary,
  options,
  answer: async (book, context) =>
    context.positionals[0] === 'alarms' ? alarms(book) : show(book, context, context.positionals[1] ?? ''),
});

export const entitlement: Command = {
  ...changing,
  run: (context) => {
    const [action, url] = context.positionals;
    const asks = (action === 'alarms' && url === undefined) || (action === 'show' && url !== undefined);
    return (asks ? asking : changing).run(context);
  },
};

async function issue(book: ShopBook, context: CommandContext, home: Home): Promise<Done> {
  const draft = draftOf(book, context, home);
  const page = context.text('page');
  if (page === undefined) throw usage('--page URL is missing', name);
  const key = await keyInForce(book, home);
  const number = encodeHex(randomBytes(16));
  const { hasher } = shopCrypto;
  const { url, args } = await mintEntitlement(draft, { key, book: book.id, page, hasher, number });
  mustBeCommitted(await book.commit('entitlement.issue', args, { scope: scopeOf(context) }));
  // Into a file or another program goes what that can read: the code is drawn with a terminal's colours.
  const qr = process.stdout.isTTY ? [encodeQr(url, 'term', { border: 2 }).trimEnd()] : [];
  return { json: { url, token: args.token }, lines: [...qr, url, `token ${args.token}`] };
}

function draftOf(book: ShopBook, context: CommandContext, home: Home): EntitlementDraft {
  const kind = context.text('kind') ?? '';
  if (!kinds.includes(kind)) throw usage(`--kind ${JSON.stringify(kind)} is none of ${kinds.join(', ')}`, name);
  const currency = context.text('currency') ?? readSettings(home)?.currency ?? 'GBP';
  if (!isCurrency(currency)) throw new OfficeError('office/currency', `unknown currency ${JSON.stringify(currency)}`);
  const given = { account: context.text('account'), customer: context.text('customer'), until: context.text('until') };
  return {
    kind: kind as EntitlementKind,
    holder: context.flag('bound') ? 'bound' : 'bearer',
    currency,
    amountMinor: amountOf(context, currency),
    day: dayOf(book, context),
    ...(given.account === undefined ? {} : { account: given.account }),
    ...(given.customer === undefined ? {} : { customer: given.customer }),
    ...(given.until === undefined ? {} : { untilDay: mustBeDay(given.until, 'until') }),
  };
}

async function spend(book: ShopBook, context: CommandContext, home: Home, url: string): Promise<Done> {
  const day = dayOf(book, context);
  const desk = createDesk({
    ...shopCrypto,
    book,
    scope: scopeOf(context),
    random: (count) => Uint8Array.from(randomBytes(count)),
    sync: async () => {
      const { synced, why } = await exchangeOnce(book, home);
      if (synced !== true) throw new RelayError('relay/unreachable', why ?? 'this folder has no relay');
    },
  });
  const read = await desk.read({ url, challenge: desk.challenge(), day });
  if (!read.ok) throw new OfficeError('office/refused', refusalWords(read.code));
  const amountMinor = amountOf(context, read.value.terms.currency);
  const taken = await desk.take(read.value, { amountMinor, day, loss: 'receivable' });
  if (!taken.ok) throw new OfficeError('office/refused', refusalWords(taken.code));
  const { tender, isSettled } = taken.value;
  const how = isSettled ? 'claimed and settled' : 'claimed, on trust';
  return { json: { tender, isSettled }, lines: [how, JSON.stringify(tender)] };
}

function show(book: ShopBook, context: CommandContext, url: string): ReturnType<typeof alarms> {
  const token = parseTokenUrl(url, shopCrypto.hasher);
  const hash = token.ok ? String(token.value.hash) : url;
  const [row] = book.query(
    `SELECT e.*, coalesce(s.spentMinor, 0) AS spentMinor, coalesce(s.uses, 0) AS uses, coalesce(s.claims, 0) AS claims,
            EXISTS (SELECT 1 FROM entitlementCancels c WHERE c.scope = e.scope AND c.token = e.token) AS cancelled
       FROM entitlements e LEFT JOIN entitlementSpends s USING (scope, token) WHERE e.scope = ? AND e.token = ?`,
    [scopeOf(context), hash],
  );
  if (row === undefined) throw new OfficeError('office/refused', refusalWords('retail/unknown-entitlement'));
  const currency = String(row['currency']);
  const money = (column: string): string => `${formatMinor(Number(row[column]), currency)} ${currency}`;
  const state = row['cancelled'] === 1 ? ', taken back' : '';
  const lines = [
    `${String(row['kind'])} of ${money('amountMinor')}, ${String(row['holder'])}${state}`,
    `spent ${money('spentMinor')} in ${String(row['uses'])} uses, ${String(row['claims'])} claims`,
  ];
  return Promise.resolve({ json: { ...row }, lines, status: 0 });
}

async function alarms(book: ShopBook): Promise<{ json: Record<string, unknown>; lines: string[]; status: number }> {
  const found = entitlementAlarms(book);
  const wallets = (await findDoubleClaims(book, shopCrypto)).map((finding) =>
    finding.kind === 'double-claim'
      ? { kind: finding.kind, token: finding.token, devices: finding.wallets }
      : { kind: finding.kind, token: finding.token, devices: [finding.device] },
  );
  const rows = [
    ...found.map(({ kind, token, device, currency, handedMinor, claimedMinor, lostMinor }) => [
      kind,
      token.slice(0, 12),
      device.slice(0, 12),
      ...[handedMinor, claimedMinor, lostMinor].map((minor) => formatMinor(minor, currency, true)),
      currency,
    ]),
    ...wallets.map(({ kind, token, devices }) => [kind, token.slice(0, 12), devices.map(short).join(' ')]),
  ];
  const headings = ['Alarm', 'Token', 'Device', '>Handed out', '>Claimed', '>Lost', ''];
  const lines = rows.length === 0 ? ['All that was handed out was claimed.'] : renderTable(headings, rows);
  return { json: { alarms: found, wallets }, lines, status: rows.length === 0 ? 0 : 1 };
}

function short(device: string): string {
  return device.slice(0, 12);
}

function scopeOf(context: CommandContext): Scope {
  const given = context.text('scope') ?? 'hq';
  const scope = parseScope(given);
  if (scope === undefined) throw usage(`--scope ${JSON.stringify(given)} is no scope`, name);
  return scope;
}

function dayOf(book: ShopBook, context: CommandContext): string {
  const open = book.query("SELECT day FROM businessDays WHERE scope = 'hq'")[0]?.['day'];
  const day = context.text('day') ?? open;
  if (day === undefined) throw usage('--day DAY is missing: no business day is open (tally day opens one)', name);
  return mustBeDay(String(day), 'day');
}

function mustBeDay(day: string, option: string): string {
  if (isDay(day)) return day;
  throw usage(`--${option} ${JSON.stringify(day)}: a day is YYYY-MM-DD`, name);
}

function amountOf(context: CommandContext, currency: string): number {
  const text = context.text('amount') ?? '';
  const parsed = parseUnitPrice(text, currency);
  if (!parsed.ok || parsed.milliMinor <= 0 || parsed.milliMinor % 1000 !== 0)
    throw usage(`--amount ${JSON.stringify(text)} is no amount in ${currency}`, name);
  return parsed.milliMinor / 1000;
}

/** The key of this folder's device that signs now: what a token is minted with, and what its issue names. */
