// `tally restore`: the newest backup that is whole, from wherever there are any, into an empty directory.
import type { Opener } from '@tallystick/custody';
import { type BookStore, KernelError, openBook } from '@tallystick/kernel';
import { nodeStore } from '@tallystick/kernel/node';
import { type BookId, parseBookId } from '@tallystick/oplog';
import {
  type BackupPlace,
  type Chosen,
  filesIn,
  type FoundFile,
  isPartOf,
  judgeBackups,
  type Judgement,
  type PartHead,
  restoreArchives,
  restoreBook,
  type RestoreReport,
  surveyLogs,
} from '@tallystick/recovery';
import { createFileKeyStore } from '@tallystick/sign/node';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { noteRestored, openPlace, placeSettings } from '../backup-settings.ts';
import { keysFolder, type ShopBook, shopCrypto, shopVerbs } from '../book.ts';
import { type Command, type CommandContext, dataOption, parseCount, usage } from '../command.ts';
import { OfficeError } from '../errors.ts';
import {
  type Home,
  homeAt,
  readSettings,
  type Settings,
  settingsOf,
  syncFolder,
  takeHome,
  writeSettings,
} from '../home.ts';
import { keysFolderOf, readIdentity, readSecret } from '../key-files.ts';
import { grouped } from '../progress.ts';
import { openRelay } from '../relay.ts';
import { openSurvivors } from '../survivors.ts';
import { requireData } from './init.ts';
import { parseRelayUrl } from './trade.ts';

const maxNumber = 999_999_999;
const deviceDigits = /^[0-9a-f]{6,64}$/;

export const restore: Command = {
  name: 'restore',
  summary: 'Bring a book back from its backups: the newest that is whole, and what is wrong with the others.',
  operands: 'PLACE...',
  minOperands: 1,
  maxOperands: 16,
  options: {
    data: dataOption,
    identity: { type: 'string', value: 'FILE', help: 'what opens them: the identity of a recipient' },
    'passphrase-file': { type: 'string', value: 'FILE', help: 'opens instead what was sealed by a passphrase' },
    book: { type: 'string', value: 'ID', help: 'which book, where there are several' },
    device: {
      type: 'string',
      value: 'ID',
      help: 'whose backup, where there are several: its id or the first digits of it. That of the key that is here, when left out',
    },
    known: { type: 'string', value: 'N', help: 'the last number that you know of' },
    number: {
      type: 'string',
      value: 'N',
      help: 'the backup that ends so, not the newest: of a device that was copied there are two (recovery/two-series)',
    },
    peer: {
      type: 'string',
      value: 'DIR|FILE,..',
      help: 'other devices of the book: what they know of this one is held against the backup',
    },
    relay: { type: 'string', value: 'URL', help: 'learn there what this device did since; remembered' },
    alone: { type: 'boolean', help: 'there is no relay and no other copy: this one counts' },
    look: { type: 'boolean', help: 'restore nothing: say what is there' },
    archives: { type: 'boolean', help: 'restore the archives alone: the settled books up to the last of them' },
  },
  notes: [
    'PLACE is what tally backup --to was given: a folder, or the .json file of a bucket or mailbox. Where it has backups of several devices, they are listed: name one with --device.',
    'Put the keys back first (tally keys restore): the device then goes on as the same. Without them it opens as another, to be enrolled with --replaces.',
    'Until it has met its relay, or --alone, it writes nothing: it does not know yet what it did last. The exit status is 1 where something is wrong.',
  ].join('\n'),
  async run(context) {
    const home = homeAt(requireData(context.text('data'), 'restore', context.path));
    const asked = judgeOptions(context);
    const places = context.positionals.map((text) => openPlace(placeSettings(text)));
    const device = asked.device ?? (await ownSeries(home, places, asked.book));
    const files: FoundFile[] = [];
    for (const place of places) files.push(...(await filesIn(place, { book: asked.book, device })));
    const whose = device === undefined ? {} : { device };
    const judged = endingAt(
      context,
      await judgeBackups(files, { ...asked, ...whose, anchors: await anchorsOf(context) }),
    );
    const lines = wordsOf(judged);
    if (context.flag('look')) return answer(context, judged, lines, undefined);
    const lock = takeHome(home);
    try {
      const target = targetOf(home);
      const report = await bringBack(home, target, judged, context);
      const learnt = await meetRelay(home, target, judged, context);
      return answer(context, judged, [...lines, ...reportLines(report, learnt)], { ...report, ...learnt });
    } finally {
      lock.release();
    }
  },
};

/** An office keeps its tills' backups beside its own: whose key was put back here is meant, where there is anything of it. */
async function ownSeries(
  home: Home,
  places: readonly BackupPlace[],
  book: BookId | undefined,
): Promise<string | undefined> {
  const key = await createFileKeyStore(keysFolderOf(home)).load('device');
  if (key === undefined) return undefined;
  for (const place of places)
    if ((await place.list()).some((name) => isPartOf(name, { book, device: key.device }))) return key.device;
  return undefined;
}

/** The last op of every chain, as other devices have them. Their logs are copied first and may be at work. */
async function anchorsOf(context: CommandContext): Promise<readonly PartHead[]> {
  const peers = context.text('peer')?.split(',') ?? [];
  if (peers.length === 0) return [];
  const { logs, close } = await openSurvivors(peers.map((path) => context.path(path)));
  try {
    const anchors = logs.map(async (peer) => (await surveyLogs([peer])).heads);
    return (await Promise.all(anchors)).flat();
  } finally {
    close();
  }
}

function judgeOptions(context: CommandContext): Parameters<typeof judgeBackups>[1] {
  const [identity, passphrase] = [context.text('identity'), context.text('passphrase-file')];
  if (identity === undefined && passphrase === undefined) throw usage('--identity FILE is missing', 'restore');
  const openers: Opener[] = [
    ...(identity === undefined
      ? []
      : [{ kind: 'organisation', identity: readIdentity(context.path(identity)) } as const]),
    ...(passphrase === undefined ? [] : [{ kind: 'passphrase', passphrase: readSecret(passphrase) } as const]),
  ];
  const book = context.text('book') === undefined ? undefined : parseBookId(context.text('book'));
  const device = context.text('device');
  if (context.text('book') !== undefined && book === undefined) throw usage('--book is no id of a book', 'restore');
  if (device !== undefined && !deviceDigits.test(device))
    throw usage('--device is no id, nor the first six digits or more of one', 'restore');
  const known = context.text('known');
  return {
    openers,
    crypto: shopCrypto,
    ...(book === undefined ? {} : { book }),
    ...(device === undefined ? {} : { device }),
    ...(known === undefined ? {} : { knownNumber: parseCount(known, 'known', 'restore', 1, maxNumber) }),
  };
}

/** Of two series, as of a device that was copied, the one that a person named by its last number. Throws `office/backup` where none ends so. */
function endingAt(context: CommandContext, judged: Judgement): Judgement {
  const text = context.text('number');
  if (text === undefined) return judged;
  const number = parseCount(text, 'number', 'restore', 1, maxNumber);
  const all = [judged.chosen, ...judged.others].filter((one) => one !== undefined);
  const chosen = all.find((one) => one.number === number);
  if (chosen !== undefined) return { ...judged, chosen, others: [] };
  const ends = all.map((one) => one.number).join(', ');
  throw new OfficeError('office/backup', `no backup ends with number ${number}: there are those up to ${ends}`);
}

/** An office whose keys were put back is an office again. Throws `office/book-exists`. */
function targetOf(home: Home): string {
  for (const file of [home.officeFile, home.deviceFile])
    if (existsSync(file))
      throw new OfficeError('office/book-exists', `${file} is there: restore into an empty directory`);
  return keysFolderOf(home) === keysFolder(home.officeFile) ? home.officeFile : home.deviceFile;
}

/** Into a file beside, which takes its name once it is whole. */
async function bringBack(
  home: Home,
  target: string,
  judged: Judgement,
  context: CommandContext,
): Promise<RestoreReport & { readonly passedOver: readonly string[] }> {
  const { chosen, others, archives } = judged;
  const isArchive = context.flag('archives');
  if (isArchive ? archives.length === 0 : chosen === undefined)
    throw new OfficeError(
      'office/backup',
      `there is nothing here that can be restored: ${wordsOf(judged).join('; ') || 'no files'}`,
    );
  const beside = join(home.root, 'restoring.db');
  mkdirSync(dirname(target), { recursive: true });
  const emptyStore = (): BookStore => {
    for (const suffix of ['', '-wal', '-shm']) rmSync(`${beside}${suffix}`, { force: true });
    return nodeStore(beside, { keysDir: keysFolder(target) });
  };
  const open = { verbs: shopVerbs, replicate: 'all' } as const;
  const passedOver: string[] = [];
  const { book, report } = isArchive
    ? await restoreArchives({ ...open, store: emptyStore(), archives })
    : await newestThatOpens([chosen as Chosen, ...others], passedOver, (one) =>
        restoreBook({ ...open, store: emptyStore(), chosen: one, withHistory: true }),
      );
  let settings: Settings;
  try {
    settings = readSettings(home) ?? settingsOf(book);
    const { ok, problems } = await book.verify();
    if (!ok) throw new OfficeError('office/backup', `what was restored does not verify: ${problems[0]?.message}`);
    if (context.flag('alone')) await book.anchor();
  } finally {
    await book.close();
  }
  renameSync(beside, target);
  syncFolder(dirname(target));
  const numbers = judged.verdicts.map(({ number = 0 }) => number);
  const number = Math.max(report.number, ...numbers);
  // What comes after parts that could not be put on top names none of them.
  noteRestored(home, { number, at: report.at, hash: number === report.number ? lastLine(chosen) : '' });
  writeSettings(home, { ...settings, book: book.id });
  return { ...report, passedOver };
}

/** What the next part names as the one before it. */
function lastLine(chosen: Chosen | undefined): string {
  const last = chosen?.deltas.at(-1) ?? chosen?.whole;
  return last === undefined ? '' : shopCrypto.hasher.sha256Hex(last.line);
}

/** A backup may be believed and yet not open here: its rows are of tables that this release declares otherwise. An older one may, and the archives with it. */
async function newestThatOpens<T>(
  [one, ...others]: readonly Chosen[],
  passedOver: string[],
  restoreOne: (one: Chosen) => Promise<T>,
): Promise<T> {
  try {
    return await restoreOne(one as Chosen);
  } catch (cause) {
    if (!(cause instanceof KernelError) || !cause.code.startsWith('snapshot/') || others.length === 0) throw cause;
    passedOver.push(`number ${(one as Chosen).number} cannot be opened (${cause.message}): an older one was taken`);
    return newestThatOpens(others, passedOver, restoreOne);
  }
}

interface Learnt {
  /** Ops of this device that no backup had and the relay gave back; undefined where none was asked. */
  readonly learnt: number | undefined;
  readonly anchored: boolean;
  /** The relay has other ops at places of this device's chain than the backup: it went on elsewhere, or was copied. */
  readonly isForked: boolean;
  /** It was taken out since: what it writes has no effect. */
  readonly isRevoked: boolean;
  /** Whether the key of the device that made the backup is here. */
  readonly sameDevice: boolean;
}

/** What others know of this device: so a withheld backup is noticed, and nothing is written twice. */
async function meetRelay(home: Home, target: string, { chosen }: Judgement, context: CommandContext): Promise<Learnt> {
  const url = context.text('relay');
  const book: ShopBook = await openBook({
    store: nodeStore(target, { keysDir: keysFolder(target) }),
    verbs: shopVerbs,
    replicate: 'all',
  });
  try {
    const own = (): number =>
      book.log
        .scopes()
        .reduce((sum, scope) => sum + (book.log.head(chosen?.device ?? book.device, scope)?.seq ?? 0), 0);
    const before = own();
    let isDenied = false;
    if (url !== undefined) {
      const relay = { kind: 'url', url: parseRelayUrl(url, 'restore') } as const;
      const opened = await openRelay(home, relay);
      const { denied } = await book.sync(opened?.client as never);
      isDenied = denied !== undefined;
      await opened?.close();
      const settings = readSettings(home);
      if (settings !== undefined) writeSettings(home, { ...settings, relay });
    }
    const { anchored, scopes } = book.status();
    const revoked = book.query("SELECT 1 FROM revocations WHERE device = ? AND status = 'revoked'", [book.device]);
    return {
      learnt: url === undefined ? undefined : own() - before,
      anchored,
      isForked: scopes.some(({ forked }) => forked),
      isRevoked: isDenied || revoked.length > 0,
      sameDevice: book.device === chosen?.device,
    };
  } finally {
    await book.close();
  }
}

function wordsOf({ verdicts, findings, chosen }: Judgement): string[] {
  const refused = verdicts.filter(({ code }) => code !== undefined);
  return [
    ...refused.map(({ place, name, code, message }) => `${place}: ${name}: ${code}: ${message}`),
    ...findings.map(({ code, message }) => `${code}: ${message}`),
    ...(chosen === undefined
      ? []
      : [`number ${chosen.number} of ${new Date(chosen.at).toISOString()}, device ${chosen.device.slice(0, 12)}`]),
  ];
}

function reportLines(
  { ops, from, trust, aside, lost, passedOver }: Awaited<ReturnType<typeof bringBack>>,
  { learnt, anchored, isForked, isRevoked, sameDevice }: Learnt,
): string[] {
  const later = Object.entries(from).filter(([, size]) => size > 0);
  return [
    ...passedOver,
    `${grouped(ops)} ops are back, and verified`,
    ...(trust === 'untrusted' ? ['the rows are as that device says: tally prove folds them from the log'] : []),
    ...later.map(
      ([scope, size]) => `${scope}: its first ${grouped(size)} ops are in no archive that was found; the rows are here`,
    ),
    ...aside.map(({ hash, code }) => `op ${hash.slice(0, 12)} waits: ${code}`),
    ...lost.map(([scope, device, seq]) => `LOST: the backup knew op ${seq} of ${device.slice(0, 12)} in ${scope}`),
    ...(learnt === undefined || learnt === 0
      ? []
      : [`${grouped(learnt)} ops of this device were in no backup: the relay gave them back`]),
    ...(isForked
      ? ['FORKED: the relay has other ops of this device than the backup: it went on elsewhere (tally status)']
      : []),
    ...(sameDevice ? [] : ['its key is not here: this is another device now (tally enrol --replaces)']),
    ...(isRevoked
      ? ['REVOKED: this device was taken out meanwhile: enrol another in its place (tally enrol --replaces)']
      : []),
    ...(anchored || !sameDevice || isRevoked
      ? []
      : ['it writes nothing before it has met its relay (tally sync --relay URL)']),
  ];
}

function answer(
  context: CommandContext,
  judged: Judgement,
  lines: readonly string[],
  report: (Awaited<ReturnType<typeof bringBack>> & Learnt) | undefined,
): number {
  const { verdicts, findings, chosen } = judged;
  const json = {
    book: chosen?.book ?? '',
    device: chosen?.device ?? '',
    number: chosen?.number ?? 0,
    verdicts,
    findings,
    report,
  };
  for (const line of context.json ? [JSON.stringify(json)] : lines) context.print(line);
  const isWhole =
    report === undefined ||
    (report.lost.length === 0 && report.passedOver.length === 0 && !report.isForked && !report.isRevoked);
  const isWell = isWhole && findings.length === 0 && verdicts.every(({ code }) => code === undefined);
  return isWell ? 0 : 1;
}
