// `tally drill blackout`: what would be left if the relay, the office and some tills were gone, tried on real logs; and the same in earnest, with --into.
import { nodeStore } from '@tallystick/kernel/node';
import { parseBookId } from '@tallystick/oplog';
import { type MissingOp, type MissingPositions, rebuildBook, type Survey, surveyLogs } from '@tallystick/recovery';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { keysFolder, shopVerbs } from '../book.ts';
import { type Command, type CommandContext, dataOption, parseCount, usage } from '../command.ts';
import { listDevices } from '../device-text.ts';
import {
  drillLines,
  type DrillPlan,
  drillStanding,
  type LastDrill,
  lastOf,
  noteDrill,
  type PlannedDrill,
  readDrillPlan,
  writeDrillPlan,
  writeReport,
} from '../drill-plan.ts';
import { messageOf, OfficeError } from '../errors.ts';
import { type Home, homeAt, settingsOf, writeSettings } from '../home.ts';
import { grouped } from '../progress.ts';
import { openSurvivors, type OpenSurvivor } from '../survivors.ts';

export const drill: Command = {
  name: 'drill',
  summary: 'Try a blackout on real logs: what is left, what is missing, and who had it last.',
  operands: 'blackout [DIR|FILE...]',
  minOperands: 1,
  maxOperands: 257,
  options: {
    lost: { type: 'string', value: 'NAME,..', help: 'these of them are gone: office, till-03, or as DIR/office' },
    into: { type: 'string', value: 'DIR', help: 'put the office together there from what is left' },
    report: { type: 'string', value: 'FILE', help: 'write the report there, too' },
    data: { ...dataOption, help: 'the office that remembers how it went, for tally status and the page' },
    every: { type: 'string', value: 'DAYS', help: 'with --data: to be made again so often, of the same logs' },
    due: { type: 'boolean', help: 'with --data alone: what is remembered there, only if it is time' },
  },
  notes: [
    'DIR is a data directory with an office, a till or tills in it; FILE is the database of one. They are copied first and may be at work.',
    '  tally drill blackout /srv/office /mnt/till-a /mnt/till-b --lost office',
    '  tally drill blackout /srv/office /mnt/till-a --lost office --data /srv/office --every 30',
    '  tally drill blackout --due --data /srv/office      (once a day; an office that is running does it by itself)',
    'What is lost is looked at only afterwards, to see that nothing is missing that was not named. The exit status is 1 where ops are missing.',
  ].join('\n'),
  async run(context) {
    const [what, ...paths] = context.positionals;
    if (what !== 'blackout') throw usage(`there is no drill ${JSON.stringify(what)}`, 'drill');
    const data = context.text('data');
    if (data !== undefined) return planned(context, homeAt(context.path(data)), paths);
    if (context.flag('due') || context.text('every') !== undefined)
      throw usage('--every and --due need --data DIR, which remembers', 'drill');
    if (paths.length === 0) throw usage('DIR|FILE... is missing', 'drill');
    const lost = context.text('lost')?.split(',') ?? [];
    const { status, lines, json } = await runDrill(context, paths, lost);
    say(context, lines, json);
    return status;
  },
};

/** The drill of a data directory: what is asked for is remembered with how it went, and so is why one that is due could not be made. */
async function planned(context: CommandContext, home: Home, paths: readonly string[]): Promise<number> {
  const known = readDrillPlan(home);
  const isDue = context.flag('due');
  const plan = isDue ? known : planOf(context, known, paths);
  if (plan === undefined) throw usage('no drill is planned there yet: name its logs, and --every DAYS', 'drill');
  if (isDue) {
    if (paths.length > 0 || context.text('lost') !== undefined) throw usage('--due takes what is remembered', 'drill');
    if (!drillStanding(plan, Date.now()).isDue) {
      say(context, drillLines(plan, Date.now()), { made: false });
      return 0;
    }
  }
  let drilled: Drilled;
  try {
    drilled = await runDrill(context, plan.survivors, plan.lost);
  } catch (error) {
    // Who asks for one sees why it failed, and what was planned before stays as it is.
    if (isDue) noteDrill(home, plan, { ...lastOf(known ?? {}), fault: { at: Date.now(), message: messageOf(error) } });
    throw error;
  }
  const { status, lines, json, last } = drilled;
  const file = writeReport(home, { at: last.at, lines });
  if (!isDue) writeDrillPlan(home, plan);
  noteDrill(home, plan, { last: { ...last, report: file } });
  say(context, [...lines, `written: ${file}`], { ...json, made: true, file });
  return status;
}

const maxDays = 366;

function planOf(context: CommandContext, known: DrillPlan | undefined, paths: readonly string[]): PlannedDrill {
  if (paths.length === 0) throw usage('DIR|FILE... is missing', 'drill');
  const every = context.text('every');
  const everyDays = every === undefined ? known?.everyDays : parseCount(every, 'every', 'drill', 1, maxDays);
  if (everyDays === undefined) throw usage('--every DAYS is missing', 'drill');
  return {
    version: 1,
    everyDays,
    survivors: paths.map((path) => context.path(path)),
    lost: context.text('lost')?.split(',') ?? [],
    since: known?.since ?? Date.now(),
  };
}

function say(context: CommandContext, lines: readonly string[], json: object): void {
  for (const line of context.json ? [JSON.stringify(json)] : lines) context.print(line);
}

interface Drilled {
  readonly status: number;
  readonly lines: readonly string[];
  readonly json: object;
  readonly last: LastDrill;
}

async function runDrill(
  context: CommandContext,
  paths: readonly string[],
  lostNames: readonly string[],
): Promise<Drilled> {
  const found = await openSurvivors(paths.map((path) => context.path(path)));
  try {
    const isNamed = ({ name }: OpenSurvivor, lost: string): boolean => name === lost || name.endsWith(`/${lost}`);
    const unknown = lostNames.filter((lost) => !found.logs.some((log) => isNamed(log, lost)));
    if (unknown.length > 0) throw usage(`--lost: there is no log ${unknown.join(', ')}`, 'drill');
    const isLost = (log: OpenSurvivor): boolean => lostNames.some((lost) => isNamed(log, lost));
    const left = found.logs.filter((log) => !isLost(log));
    return await report(context, left, found.logs.filter(isLost));
  } finally {
    found.close();
  }
}

async function report(
  context: CommandContext,
  left: readonly OpenSurvivor[],
  lost: readonly OpenSurvivor[],
): Promise<Drilled> {
  const [first] = left;
  const book = parseBookId(first?.book);
  if (first === undefined || book === undefined) throw new OfficeError('office/no-book', 'nobody is left');
  if (left.some((one) => one.book !== book))
    throw new OfficeError('office/no-book', 'these are logs of different books');
  const began = performance.now();
  const into = context.text('into');
  const home = into === undefined ? undefined : homeAt(context.path(into));
  if (home !== undefined && existsSync(home.officeFile))
    throw new OfficeError('office/book-exists', `${home.officeFile} is there`);
  if (home !== undefined) mkdirSync(dirname(home.officeFile), { recursive: true });
  const store =
    home === undefined ? nodeStore(':memory:') : nodeStore(home.officeFile, { keysDir: keysFolder(home.officeFile) });
  const relayKey = left.find(({ relay }) => relay !== undefined)?.relay;
  const relay = relayKey === undefined ? {} : { relayKey };
  const rebuilt = await rebuildBook({ store, verbs: shopVerbs, book, survivors: left, replicate: 'all', ...relay });
  const { survey, waiting } = rebuilt;
  try {
    const unnamed = await lostAndUnnamed(survey, lost);
    const names = new Map(listDevices(rebuilt.book).map(({ device, name }): [string, string] => [device, name]));
    const nameOf = (device: string): string => names.get(device) ?? device.slice(0, 12);
    const json = {
      book,
      left: left.map(({ name }) => name),
      lost: lost.map(({ name }) => name),
      held: survey.scopes.reduce((sum, { held }) => sum + held, 0),
      missing: survey.missing,
      positions: survey.positions,
      conflicts: survey.conflicts,
      waiting,
      unnamed,
      digest: rebuilt.book.digest().digest,
      ms: Math.round(performance.now() - began),
    };
    const text = [
      ...survey.scopes.map(
        ({ scope, held, settled }) =>
          `${scope}: ${grouped(held)} ops are left, ${grouped(settled.length)} of them in the relay's order`,
      ),
      ...survey.positions.map((gap) => positionWords(gap, nameOf)),
      ...survey.missing.map((op) => missingWords(op, nameOf)),
      ...survey.conflicts.map(
        ({ scope, position, survivors }) =>
          `CONFLICT at ${scope} ${position}: ${survivors.join(' and ')} hold different ops`,
      ),
      ...waiting.map(({ hash, code }) => `op ${hash.slice(0, 12)} is left and cannot be folded yet: ${code}`),
      ...(lost.length === 0 ? [] : [unnamedWords(unnamed)]),
      json.missing.length + json.positions.length === 0
        ? 'nothing is known to be missing'
        : 'ask those who had it last for their file (tally export), and look again',
    ];
    const file = context.text('report');
    if (file !== undefined) writeFileSync(context.path(file), `${text.join('\n')}\n`);
    if (home !== undefined) writeSettings(home, { ...settingsOf(rebuilt.book), book });
    const missing = survey.missing.length + survey.positions.length;
    const isContradicted = survey.conflicts.length + waiting.length > 0;
    const last = {
      at: Date.now(),
      missing,
      lostOps: unnamed.ops,
      unnamed: unnamed.unnamed,
      isContradicted,
      report: '',
    };
    return { status: missing === 0 && !isContradicted ? 0 : 1, lines: text, json, last };
  } finally {
    await rebuilt.book.close();
  }
}

/** Ops that only the lost hold: how many, and how many of them nothing that is left told of. */
async function lostAndUnnamed(
  survey: Survey,
  lost: readonly OpenSurvivor[],
): Promise<{ readonly ops: number; readonly unnamed: number }> {
  const theirs = await surveyLogs(lost);
  const held = new Set(survey.scopes.flatMap(({ settled, rest }) => [...settled, ...rest].map(({ hash }) => hash)));
  const named = new Set(survey.missing.map(({ hash }) => hash));
  const isNamed = new Map(
    survey.positions.map((gap) => [gap.scope, survey.positions.filter(({ scope }) => scope === gap.scope)]),
  );
  let [ops, unnamed] = [0, 0];
  for (const { scope, settled, rest } of theirs.scopes)
    for (const [position, { hash }] of [...settled, ...rest].entries()) {
      if (held.has(hash)) continue;
      ops += 1;
      const inGap =
        position < settled.length &&
        isNamed.get(scope)?.some(({ from, until }) => from <= position && position < until);
      if (!named.has(hash) && inGap !== true) unnamed += 1;
    }
  return { ops, unnamed };
}

function unnamedWords({ ops, unnamed }: { readonly ops: number; readonly unnamed: number }): string {
  if (ops === 0) return 'those who are lost held nothing that is not left';
  return `${grouped(ops)} ops were only with those who are lost; of ${grouped(unnamed)} of them nobody who is left knew`;
}

function positionWords(
  { scope, from, until, lastDevice, lastAt }: MissingPositions,
  nameOf: (device: string) => string,
): string {
  const range = until - from === 1 ? `op ${from}` : `ops ${from} to ${until - 1}`;
  const who =
    lastDevice === ''
      ? 'only the relay is known to have had it'
      : `${nameOf(lastDevice)} had it, ${new Date(lastAt).toISOString()}`;
  return `MISSING ${range} of ${scope}: ${who}`;
}

function missingWords({ scope, hash, device, seq, traces }: MissingOp, nameOf: (device: string) => string): string {
  const whose = device === undefined ? '' : ` (number ${seq} of ${nameOf(device)})`;
  const [last] = traces;
  const who =
    last === undefined
      ? ''
      : `: ${last.kind === 'head' ? last.device : nameOf(last.device)} had it${last.at === 0 ? '' : `, ${new Date(last.at).toISOString()}`}`;
  const facts = traces
    .filter(({ kind }) => kind === 'named')
    .map(({ device: by, verb, args }) => `; ${nameOf(by)} wrote ${verb} ${JSON.stringify(args)}`);
  return `MISSING op ${hash.slice(0, 12)} of ${scope}${whose}${who}${facts.join('')}`;
}
