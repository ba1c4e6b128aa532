// `tally keys`: the keys of this directory, backed up and put back: by passphrase, by the organisation's escrow, or as shares on paper.
import { existsSync, readFileSync } from 'node:fs';
import {
  combineShares,
  type Opener,
  parseShare,
  type Recipient,
  shareToText,
  shareToWords,
  splitKey,
} from '@tallystick/custody';
import type { KeyId } from '@tallystick/oplog';
import { keysFolder, openReader, type ShopBook } from '../book.ts';
import { type Command, type CommandContext, dataOption, parseCount, usage } from '../command.ts';
import { OfficeError } from '../errors.ts';
import { escrowRecipients } from '../escrow.ts';
import { type Home, homeAt, takeHome } from '../home.ts';
import {
  type KeyBackupFile,
  keysFolderOf,
  listKeyNames,
  type NamedKey,
  openKeyFile,
  openKeys,
  parseKeyBackup,
  putKeysBack,
  readIdentity,
  readSecret,
  sealKeys,
  writePrivateFile,
} from '../key-files.ts';
import { listDevices } from '../device-text.ts';
import { mustBeCommitted } from '../refusal-words.ts';
import { exchangeOnce } from './changing.ts';
import { requireData } from './init.ts';

export const keys: Command = {
  name: 'keys',
  summary: 'List the keys of this directory, back them up, or put them back after they were lost.',
  operands: 'list|backup|restore [FILE...]',
  minOperands: 1,
  maxOperands: 17,
  options: {
    data: dataOption,
    'passphrase-file': {
      type: 'string',
      value: 'FILE',
      help: 'its first line is the passphrase; - reads standard input',
    },
    'work-factor': {
      type: 'string',
      value: 'N',
      help: 'backup: 10 to 18; each step doubles what trying a passphrase costs (18)',
    },
    escrow: { type: 'boolean', help: 'backup: sealed to the recipients that the book names (tally escrow)' },
    identity: { type: 'string', value: 'FILE', help: "restore: the organisation's identity" },
    expect: {
      type: 'string',
      value: 'KEY',
      help: 'restore from sheets: the id of the key that is missed, or its first twelve digits or more',
    },
    shares: { type: 'string', value: 'K/N', help: 'backup one key as N shares, any K of which give it back' },
    name: {
      type: 'string',
      value: 'NAME',
      help: 'which key is split into shares; the name to put it back under (device)',
    },
    office: { type: 'boolean', help: 'restore: these are the keys of an office' },
  },
  notes: [
    'tally keys backup FILE --passphrase-file P    all keys, sealed by a passphrase of 12 or more characters',
    'tally keys backup FILE --escrow               all keys, sealed to the organisation',
    'tally keys backup --shares 2/3 --name root    one key as words, a sheet for each person',
    'tally keys restore FILE --passphrase-file P   or --identity FILE; DIR must not have these keys',
    'tally keys restore SHEET SHEET --expect KEY   each file holds the words of a sheet; tally devices --json of any copy of the book has the id',
    'Afterwards tally sync --relay URL --book ID brings the book.',
  ].join('\n'),
  async run(context) {
    const home = homeAt(requireData(context.text('data'), 'keys', context.path));
    const [what, ...files] = context.positionals;
    const work = works.get(what ?? '');
    if (work === undefined) throw usage(`${JSON.stringify(what)} is not list, backup or restore`, 'keys');
    const lock = takeHome(home);
    try {
      return await work(context, home, files);
    } finally {
      lock.release();
    }
  },
};

type Work = (context: CommandContext, home: Home, files: readonly string[]) => Promise<number>;

const works: ReadonlyMap<string, Work> = new Map([
  ['list', list],
  ['backup', backup],
  ['restore', restore],
]);

async function list(context: CommandContext, home: Home): Promise<number> {
  const folder = keysFolderOf(home);
  const rows: { name: string; keyId: string }[] = [];
  for (const name of listKeyNames(folder)) {
    const { keyId, seed } = await openKeyFile(folder, name);
    seed.fill(0);
    rows.push({ name, keyId });
  }
  const lines = rows.length === 0 ? ['There are no keys here.'] : rows.map(({ name, keyId }) => `${name}  ${keyId}`);
  for (const line of context.json ? [JSON.stringify({ folder, keys: rows })] : lines) context.print(line);
  return 0;
}

async function backup(context: CommandContext, home: Home, files: readonly string[]): Promise<number> {
  const shares = context.text('shares');
  const passphrase = passphraseOf(context);
  if ([shares !== undefined, passphrase !== undefined, context.flag('escrow')].filter(Boolean).length !== 1)
    throw usage('give one of --passphrase-file FILE, --escrow and --shares K/N', 'keys');
  const hasBook = existsSync(home.officeFile) || existsSync(home.deviceFile);
  const book = hasBook ? await openReader(home) : undefined;
  try {
    if (shares !== undefined) return await backUpAsShares(context, home, book, shares);
    return await backUpToFile(context, home, book, { files, passphrase });
  } finally {
    await book?.close();
  }
}

async function backUpToFile(
  context: CommandContext,
  home: Home,
  book: ShopBook | undefined,
  { files, passphrase }: { readonly files: readonly string[]; readonly passphrase: string | undefined },
): Promise<number> {
  const [file, more] = files;
  if (file === undefined || more !== undefined) throw usage('FILE is missing, or there are several', 'keys');
  const to: Recipient =
    passphrase === undefined
      ? { kind: 'organisation', recipients: requireEscrow(book) }
      : {
          kind: 'passphrase',
          passphrase,
          workFactor: parseCount(context.text('work-factor') ?? '18', 'work-factor', 'keys', 10, 18),
        };
  const sealed = await sealKeys(keysFolderOf(home), to, book?.id);
  const path = context.path(file);
  writePrivateFile(path, `${JSON.stringify(sealed, undefined, 2)}\n`);
  await tellBook(book, home, sealed.keys, to.kind === 'organisation' ? 'organisation' : 'file');
  const names = sealed.keys.map(({ name }) => name);
  context.print(context.json ? JSON.stringify({ file: path, keys: names }) : `${names.join(', ')} in ${path}`);
  return 0;
}

function requireEscrow(book: ShopBook | undefined): readonly string[] {
  const recipients = book === undefined ? [] : escrowRecipients(book);
  if (recipients.length === 0)
    throw new OfficeError('office/keys', 'the book names no escrow (see: tally escrow --help)');
  return recipients;
}

/** The book says how the keys in force of its devices are backed up, and keeps what only the organisation opens. */
async function tellBook(
  book: ShopBook | undefined,
  home: Home,
  sealed: readonly Pick<KeyBackupFile['keys'][number], 'keyId' | 'sealed'>[],
  kind: 'organisation' | 'shares' | 'file',
): Promise<void> {
  if (book === undefined || book.status().role === undefined) return;
  for (const { device, keyId } of listDevices(book)) {
    const backed = sealed.find((key) => key.keyId === keyId);
    if (backed === undefined) continue;
    const text = kind === 'organisation' ? backed.sealed : '';
    mustBeCommitted(await book.commit('key.backup', { device, keyId, kind, sealed: text }));
  }
  await exchangeOnce(book, home);
}

function passphraseOf(context: CommandContext): string | undefined {
  const file = context.text('passphrase-file');
  return file === undefined ? undefined : readSecret(file === '-' ? file : context.path(file));
}

async function backUpAsShares(
  context: CommandContext,
  home: Home,
  book: ShopBook | undefined,
  plan: string,
): Promise<number> {
  const [, threshold, count] = /^(\d{1,2})\/(\d{1,2})$/.exec(plan) ?? [];
  if (threshold === undefined || count === undefined)
    throw usage(`--shares ${JSON.stringify(plan)} is not K/N`, 'keys');
  const folder = keysFolderOf(home);
  const name = context.text('name') ?? (listKeyNames(folder).includes('root') ? 'root' : 'device');
  const key = await openKeyFile(folder, name);
  const shares = await splitKey(key, { threshold: Number(threshold), count: Number(count) });
  key.seed.fill(0);
  await tellBook(book, home, [{ keyId: key.keyId, sealed: '' }], 'shares');
  const sheets = shares.map((share, index) => ({
    sheet: index + 1,
    words: shareToWords(share),
    text: shareToText(share),
  }));
  if (context.json) context.print(JSON.stringify({ name, keyId: key.keyId, threshold: Number(threshold), sheets }));
  else
    for (const { sheet, words, text } of sheets)
      context.print(
        `Sheet ${sheet} of ${count} of the key ${name}; any ${threshold} give it back\n${words}\n${text}\n`,
      );
  return 0;
}

async function restore(context: CommandContext, home: Home, files: readonly string[]): Promise<number> {
  const folder = context.flag('office') ? keysFolder(home.officeFile) : keysFolderOf(home);
  const [file] = files;
  if (file === undefined) throw usage('FILE is missing', 'keys');
  const opened = hasOpener(context)
    ? await openKeys(parseKeyBackup(context.path(file)), openerOf(context))
    : [await combineSheets(context, files)];
  await putKeysBack(folder, opened);
  const names = opened.map(({ name }) => name);
  context.print(context.json ? JSON.stringify({ folder, keys: names }) : `${names.join(', ')} back in ${folder}`);
  return 0;
}

/** Without one, what is put back are sheets. */
function hasOpener(context: CommandContext): boolean {
  return context.text('passphrase-file') !== undefined || context.text('identity') !== undefined;
}

function openerOf(context: CommandContext): Opener {
  const passphrase = passphraseOf(context);
  const identity = context.text('identity');
  if ((passphrase === undefined) === (identity === undefined))
    throw usage('give either --passphrase-file FILE or --identity FILE', 'keys');
  if (passphrase !== undefined) return { kind: 'passphrase', passphrase } as const;
  return { kind: 'organisation', identity: readIdentity(context.path(identity ?? '')) } as const;
}

async function combineSheets(context: CommandContext, files: readonly string[]): Promise<NamedKey> {
  const shares = files.map((file) => {
    const path = context.path(file);
    if (!existsSync(path)) throw new OfficeError('office/no-file', `${path}: no such file`);
    const share = parseShare(readFileSync(path, 'utf8').trim());
    if (!share.ok) throw new OfficeError('office/keys', `${path}: ${share.message} (${share.code})`);
    return share.value;
  });
  // Anybody can split a key of their own, so what comes together is compared with the key that is missed.
  const missed = context.text('expect') ?? '';
  if (!/^[0-9a-f]{12,64}$/.test(missed))
    throw usage(
      'sheets take --expect KEY, twelve digits or more of the id of the missed key (see: tally devices --json)',
      'keys',
    );
  const combined = await combineShares(shares, missed.length === 64 ? { expect: missed as KeyId } : {});
  if (!combined.ok) throw new OfficeError('office/keys', `${combined.message} (${combined.code})`);
  if (!combined.value.keyId.startsWith(missed)) {
    combined.value.seed.fill(0);
    throw new OfficeError('office/keys', `the sheets give another key, ${combined.value.keyId} (custody/other-key)`);
  }
  return { name: context.text('name') ?? 'device', key: combined.value };
}
