// `tally trade`: real shop data becomes one set of books.
import { fileURLToPath } from 'node:url';
import { type Command, type CommandContext, dataOption, parseCount, usage } from '../command.ts';
import { formatMinor, isCurrency } from '../currency.ts';
import { OfficeError } from '../errors.ts';
import { homeAt, takeHome } from '../home.ts';
import { type ControlTotals, type Survey, surveyFile } from '../invoices.ts';
import { grouped } from '../progress.ts';
import { type Digests, rebuildFromTills, replayDigests, trialBalanceSum } from '../proof.ts';
import { countOf, invoiceTotals } from '../queries.ts';
import type { Tip } from '../rebuild.ts';
import { closeBooks, trade, type TradeOrder } from '../trade.ts';

const maxTills = 256;
const defaultCurrency = 'GBP';

/** Where books go when no directory is named: a folder of the repository that git ignores. */
const defaultRoot = fileURLToPath(new URL('../../../../tmp/trade/', import.meta.url));

export const tradeCommand: Command = {
  name: 'trade',
  summary: 'Trade a file in the Online Retail format on many tills and prove the books.',
  operands: 'FILE.csv[.gz]',
  minOperands: 1,
  maxOperands: 1,
  options: {
    tills: { type: 'string', value: 'N', help: `how many tills share the invoices, 1 to ${maxTills}` },
    relay: { type: 'string', value: 'URL', help: 'the relay to go through' },
    embedded: { type: 'boolean', help: 'a relay inside this process, with its database in DIR (the default)' },
    data: {
      ...dataOption,
      help: "where the databases and keys live (default: a folder named by the file's hash and N)",
    },
    currency: { type: 'string', value: 'CODE', help: `ISO 4217 code of the prices (default ${defaultCurrency})` },
  },
  notes:
    'Reads the whole file before it trades anything, so a bad row leaves every database as it was.\nRunning it again adds nothing that is in the books already.',
  run: runTrade,
};

/** What a run of `tally trade` answers; all counts and sums are read from the office's folded tables. */
interface TradeResult extends ControlTotals, Digests {
  readonly ops: number;
  readonly devices: number;
  readonly seconds: number;
  readonly trialBalanceMinor: number;
  readonly rebuiltDigest: string;
  readonly relaySize: number;
  readonly relayRoot: string;
  readonly written: number;
  readonly tills: number;
  readonly currency: string;
  readonly book: string;
  readonly data: string;
  readonly ok: boolean;
}

async function runTrade(context: CommandContext): Promise<number> {
  const startedMs = performance.now();
  const [name = ''] = context.positionals;
  const tills = parseCount(context.text('tills') ?? '', 'tills', 'trade', 1, maxTills);
  const relay = relayOf(context);
  const currency = context.text('currency') ?? defaultCurrency;
  if (!isCurrency(currency))
    throw new OfficeError(
      'office/currency',
      `${name}: unknown currency ${JSON.stringify(currency)} (--currency takes an ISO 4217 code)`,
    );
  const file = { path: context.path(name), currency };
  const step = context.progress.begin('read');
  const survey = await surveyFile(file, (rows) => step.reach(rows));
  step.finish(`${grouped(survey.totals.rows)} rows, ${grouped(survey.totals.invoices)} invoices, all understood`);
  const data = context.text('data');
  const home = homeAt(data === undefined ? `${defaultRoot}${survey.sha256.slice(0, 16)}-${tills}` : context.path(data));
  const lock = takeHome(home);
  try {
    const result = await tradeAndProve({ home, file, survey, tills, relay, progress: context.progress }, startedMs);
    print(context, result, survey);
    return result.ok ? 0 : 1;
  } finally {
    lock.release();
  }
}

function relayOf(context: CommandContext): TradeOrder['relay'] {
  const url = context.text('relay');
  if (url === undefined) return context.flag('embedded') ? { kind: 'embedded' } : undefined;
  if (context.flag('embedded')) throw usage('--relay and --embedded exclude each other', 'trade');
  return { kind: 'url', url: parseRelayUrl(url, 'trade') };
}

/** The origin and path of a relay's address. */
export function parseRelayUrl(text: string, command: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== 'http:' && url?.protocol !== 'https:')
    throw usage(`--relay ${JSON.stringify(text)} is not an http or https address`, command);
  return `${url.origin}${url.pathname}`.replace(/\/+$/, '');
}

async function tradeAndProve(order: TradeOrder, startedMs: number): Promise<TradeResult> {
  const { home, survey, file, tills, progress } = order;
  let books = await trade(order);
  try {
    const digests = await replayDigests(home, books.office, progress);
    const rebuilt = await rebuildFromTills(home, books, digests.officeDigest, progress);
    books = rebuilt.books;
    const { office } = books;
    const totals = invoiceTotals(office, survey.rowsByInvoice.keys());
    const trialBalanceMinor = trialBalanceSum(office);
    return {
      ...totals,
      ops: countOf(office, 'SELECT sum(folded) AS value FROM scopes'),
      devices: countOf(office, 'SELECT count(DISTINCT device) AS value FROM devices'),
      seconds: Math.round(performance.now() - startedMs) / 1000,
      trialBalanceMinor,
      ...digests,
      rebuiltDigest: rebuilt.rebuiltDigest,
      relaySize: rebuilt.relay.size,
      relayRoot: rebuilt.relay.root,
      written: books.written,
      tills,
      currency: file.currency,
      book: office.id,
      data: home.root,
      ok: isProved(totals, survey, trialBalanceMinor, digests, rebuilt.rebuiltDigest, rebuilt.relay),
    };
  } finally {
    await closeBooks(books);
  }
}

/** The books say of these invoices what the file says, they balance, and all four folds agree. */
function isProved(
  totals: ControlTotals,
  survey: Survey,
  trialBalanceMinor: number,
  digests: Digests,
  rebuiltDigest: string,
  relay: Tip,
): boolean {
  const { officeDigest, replayDigest, sqljsDigest } = digests;
  const isSame = [replayDigest, sqljsDigest, rebuiltDigest].every((digest) => digest === officeDigest);
  const isWhole = (Object.keys(survey.totals) as (keyof ControlTotals)[]).every(
    (name) => totals[name] === survey.totals[name],
  );
  return isSame && isWhole && trialBalanceMinor === 0 && relay.size > 0;
}

function print(context: CommandContext, result: TradeResult, survey: Survey): void {
  if (context.json) return context.print(JSON.stringify(result));
  const { totals } = survey;
  const check = (name: keyof ControlTotals): string =>
    result[name] === totals[name] ? '' : `  but the file has ${grouped(totals[name])}`;
  const rows: [string, string][] = [
    ['rows', `${grouped(result.rows)}${check('rows')}`],
    [
      'invoices',
      `${grouped(result.invoices)}, of which ${grouped(result.cancellations)} cancellations${check('invoices')}${check('cancellations')}`,
    ],
    ['net', `${formatMinor(result.netMinor, result.currency, true)} ${result.currency}${check('netMinor')}`],
    ['units', `${grouped(result.units)} of ${grouped(result.skus)} stock codes${check('units')}${check('skus')}`],
    ['ops', `${grouped(result.ops)} by ${result.devices} devices`],
    ['trial balance', `${formatMinor(result.trialBalanceMinor, result.currency)} ${result.currency}`],
    ['office digest', result.officeDigest],
    ['replayed', result.replayDigest],
    ['in sql.js', result.sqljsDigest],
    ['rebuilt', result.rebuiltDigest],
    ['relay', `${grouped(result.relaySize)} ops, root ${result.relayRoot}`],
    ['databases', result.data],
    ['proof', result.ok ? 'all four agree' : 'FAILED'],
  ];
  for (const [name, value] of rows) context.print(`${name.padEnd(15)}${value}`);
}
