// `tally archive`: a period that is closed, sealed into the places of backups so that it opens alone, tried before anything goes that it replaces, and the
// balances that the next period begins with.
import type { Opener } from '@tallystick/custody';
import { nodeStore } from '@tallystick/kernel/node';
import { carries, carryDue, periods, reversals } from '@tallystick/ledger';
import { type ArchiveReport, type BackupPlace, judgeBackups, restoreArchives } from '@tallystick/recovery';
import { isDay } from '@tallystick/sign';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openKeeper } from '../backup-settings.ts';
import { type ShopBook, shopCrypto, shopVerbs } from '../book.ts';
import { type Command, usage } from '../command.ts';
import { formatMinor } from '../currency.ts';
import { dropArchived, type DroppedOps } from '../drop-archived.ts';
import { OfficeError } from '../errors.ts';
import type { Home } from '../home.ts';
import { readIdentity } from '../key-files.ts';
import { grouped } from '../progress.ts';
import { type Answer, readingCommand } from './reading.ts';
import { renderTable } from './table.ts';

const name = 'archive';

export const archive: Command = readingCommand({
  name,
  summary: 'Seal a closed period so that it opens alone, try that it does, and drop the archives it replaces.',
  operands: 'DAY',
  operandCounts: { min: 0, max: 1 },
  options: {
    identity: { type: 'string', value: 'FILE', help: 'what opens it: it is opened once, while all else is there' },
    drop: {
      type: 'boolean',
      help: 'then let the ops go from here that every place gives back, op by op; DAY may be left out to drop what is archived already',
    },
  },
  notes: [
    'DAY is the last of the period: close it before (tally period close, carry). It holds all that came since the last archive, and goes where tally backup goes.',
    'Each place gives it back and it is opened alone; only then the smaller archives go that were made in between. Without --drop the book of this directory keeps every op.',
    '--drop bounds the log: rows stay, tally prove then needs --archives PLACE, and tally restore PLACE brings every op back. A shop without a relay has no settled ops to drop.',
    'To read one later: tally restore PLACE --archives, into an empty directory.',
  ].join('\n'),
  async answer(book, context, home): Promise<Answer> {
    const [through] = context.positionals;
    const isDropping = context.flag('drop');
    if (through === undefined && !isDropping) throw usage('DAY is missing', name);
    if (through !== undefined && !isDay(through)) throw usage(`${through}: a day is YYYY-MM-DD`, name);
    const identity = context.text('identity');
    if (identity === undefined) throw usage('--identity FILE is missing: what nobody has opened is no archive', name);
    const opener: Opener = { kind: 'organisation', identity: readIdentity(context.path(identity)) };
    const nothing: Answer = { json: {}, lines: [], status: 0 };
    const made = through === undefined ? nothing : await makeArchive(book, home, through, opener);
    if (!isDropping || made.status !== 0) return made;
    const { dropped, kept } = await dropArchived(book, home, opener);
    const lines = [...dropped.map(droppedWords), ...kept.map(({ scope, why }) => `${scope} keeps its ops: ${why}`)];
    const words = lines.length === 0 ? ['no settled ops are in archives that are still here'] : lines;
    return { json: { ...made.json, dropped, kept }, lines: [...words, ...made.lines], status: made.status };
  },
});

async function makeArchive(book: ShopBook, home: Home, through: string, opener: Opener): Promise<Answer> {
  mustBeClosed(book, through);
  const carried = carriedThrough(book, through);
  const made = await openKeeper(home, book).archive((place, file) => mustOpenAlone(book, opener, { place, file }));
  return answerOf(through, carried, made);
}

const droppedWords = ({ scope, from, until }: DroppedOps): string =>
  `${scope}: ops ${grouped(from)} to ${grouped(until - 1)} went from here: every place gave them back`;

/** Every scope that has entries up to the day is closed through it. Throws `office/backup`. */
function mustBeClosed(book: ShopBook, through: string): void {
  const open = book.query<{ scope: string }>(
    `SELECT DISTINCT p.scope FROM postings p LEFT JOIN ${periods.name} c ON c.scope = p.scope
      WHERE p.day <= ? AND (c.through IS NULL OR c.through < ?) ORDER BY p.scope`,
    [through, through],
  );
  if (open.length === 0) return;
  const scopes = open.map(({ scope }) => scope).join(', ');
  throw new OfficeError('office/backup', `${scopes}: not closed through ${through} (tally period close ${through})`);
}

/** What the place gives back opens with nothing else at hand, and is this book. */
async function mustOpenAlone(
  book: ShopBook,
  opener: Opener,
  { place, file }: { readonly place: BackupPlace; readonly file: string },
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'tally-archive-'));
  try {
    const bytes = (await place.load(file)) ?? new Uint8Array();
    const found = [{ place: place.name, name: file, bytes }];
    const { archives, verdicts } = await judgeBackups(found, { openers: [opener], crypto: shopCrypto, book: book.id });
    const [verdict] = verdicts;
    if (verdict?.code !== undefined)
      throw new OfficeError('office/backup', `it does not open alone (${verdict.code}): ${verdict.message}`);
    const store = nodeStore(join(folder, 'archive.db'));
    const { book: alone } = await restoreArchives({ archives, store, verbs: shopVerbs, replicate: 'all' });
    const isSame = alone.digest().digest === book.digest().digest;
    await alone.close();
    if (!isSame) throw new OfficeError('office/backup', 'it opens alone, and is another book');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What the next period begins with. */
interface Carried {
  readonly balances: readonly Balance[];
  /** Scopes whose income and expense run on. */
  readonly uncarried: readonly string[];
}

function carriedThrough(book: ShopBook, through: string): Carried {
  const scopes = book.status().scopes.map(({ scope }) => scope);
  const uncarried = scopes.filter((scope) => carryDue(book, { scope, through }).length > 0);
  return { balances: balancesAfter(book, through), uncarried };
}

function answerOf(through: string, { balances, uncarried }: Carried, made: ArchiveReport): Answer {
  const { report, name: file, bytes, ops, from, until } = made;
  const kept = report.places.filter(({ error }) => error === undefined);
  const lines = [
    `through ${through}: ${grouped(ops)} ops, ${grouped(bytes)} bytes, ${file}`,
    ...report.places.map(({ place, error, dropped }) =>
      error === undefined
        ? `kept in ${place}, and opened alone from there; ${grouped(dropped)} older files went`
        : `NOT KEPT in ${place}: ${error}`,
    ),
    ...uncarried.map((scope) => `${scope}: income and expense are not carried yet (tally period carry ${through})`),
    `balances after ${through}, which the next period begins with:`,
    ...renderTable(['Account', 'Name', 'Currency', '>Balance'], balances.map(cellsOf)),
  ];
  const json = { through, file, number: report.number, ops, bytes, from, until, balances, uncarried };
  return { json: { ...json, places: report.places }, lines, status: kept.length === report.places.length ? 0 : 1 };
}

interface Balance {
  readonly account: string;
  readonly name: string;
  readonly currency: string;
  /** Debit positive. */
  readonly amountMinor: number;
}

/** With what was carried to equity since for the period, and taken back: those entries stand on open days. */
function balancesAfter(book: ShopBook, through: string): readonly Balance[] {
  return book.query<Balance & Readonly<Record<string, string | number>>>(
    `SELECT p.account, coalesce(a.name, '') AS name, p.currency, sum(p.amountMinor) AS amountMinor
       FROM postings p LEFT JOIN accounts a ON a.scope = 'hq' AND a.account = p.account
      WHERE p.day <= ? OR p.op IN (SELECT op FROM ${carries.name} WHERE through <= ?)
         OR (p.scope, p.op) IN (SELECT r.scope, r."by" FROM ${reversals.name} r JOIN ${carries.name} c
             ON c.scope = r.scope AND c.op = r."of" WHERE c.through <= ?)
      GROUP BY p.account, p.currency HAVING sum(p.amountMinor) <> 0 ORDER BY p.currency, p.account`,
    [through, through, through],
  );
}

const cellsOf = ({ account, name: title, currency, amountMinor }: Balance): string[] => [
  account,
  title,
  currency,
  formatMinor(amountMinor, currency, true),
];
