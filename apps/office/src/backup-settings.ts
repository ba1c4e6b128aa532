// Where a data directory keeps its book besides: the places, to whom it is sealed, and what was backed up last. Secrets of places are in a file that
// only its owner may read. Nothing here is a fact of the books.
import {
  createBackupKeeper,
  type BackupKeeper,
  type BackupPlace,
  bucketPlace,
  parseState,
  standingOf,
} from '@tallystick/recovery';
import type { BackupStanding, KeeperState } from '@tallystick/recovery';
import { mailboxPlace } from '@tallystick/recovery/mail';
import { folderPlace } from '@tallystick/recovery/node';
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { type ShopBook, shopCrypto } from './book.ts';
import { OfficeError } from './errors.ts';
import { escrowRecipients } from './escrow.ts';
import type { Home } from './home.ts';

const serverSchema = z.strictObject({
  host: z.string().min(1),
  port: z.int().min(1).max(65_535),
  /** TLS from the first byte; without it STARTTLS, which the server must have unless it is `plain`: somebody on the way could leave it out. */
  secure: z.boolean(),
  /** Tells a server on this machine, which has no certificate, from one that must show one. */
  plain: z.boolean().exactOptional(),
  user: z.string().exactOptional(),
  password: z.string().exactOptional(),
});
const placeSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('folder'), path: z.string().min(1) }),
  z.strictObject({
    kind: z.literal('bucket'),
    url: z.url({ protocol: /^https?$/ }),
    accessKeyId: z.string(),
    secretAccessKey: z.string(),
    region: z.string().exactOptional(),
  }),
  z.strictObject({
    kind: z.literal('mailbox'),
    smtp: serverSchema,
    imap: serverSchema,
    from: z.string().min(3),
    to: z.string().min(3),
    folder: z.string().exactOptional(),
  }),
]);
export type PlaceSettings = z.infer<typeof placeSchema>;

const settingsSchema = z.strictObject({
  version: z.literal(1),
  recipients: z.array(z.string()),
  places: z.array(placeSchema),
});
export type BackupSettings = z.infer<typeof settingsSchema>;

const noSettings: BackupSettings = { version: 1, recipients: [], places: [] };
const folderOf = (home: Home): string => join(home.root, 'backup');
const settingsFile = (home: Home): string => join(folderOf(home), 'settings.json');
/** What proves the keys of this book beside a snapshot; there since ops went from its log. */
const proofFile = (home: Home): string => join(folderOf(home), 'proof');
const stateFile = (home: Home): string => join(folderOf(home), 'state.json');

export function readBackupSettings(home: Home): BackupSettings {
  if (!existsSync(settingsFile(home))) return noSettings;
  return parsed(settingsFile(home), settingsSchema);
}

export function writeBackupSettings(home: Home, settings: BackupSettings): void {
  replace(settingsFile(home), `${JSON.stringify(settings, undefined, 2)}\n`);
}

/** A place as it is named on the command line: a folder, or a JSON file that says what a bucket or a mailbox needs. */
export function placeSettings(text: string): PlaceSettings {
  return text.endsWith('.json') ? parsed(resolve(text), placeSchema) : { kind: 'folder', path: resolve(text) };
}

export function openPlace(settings: PlaceSettings): BackupPlace {
  switch (settings.kind) {
    case 'folder':
      return folderPlace(settings.path);
    case 'bucket':
      return bucketPlace(settings);
    case 'mailbox': {
      const { from, to, folder } = settings;
      const [smtp, imap] = [serverOf(settings.smtp), serverOf(settings.imap)];
      const user = { user: settings.imap.user ?? '', pass: settings.imap.password ?? '' };
      return mailboxPlace({
        smtp: { ...smtp, ...(settings.smtp.plain === true ? { ignoreTLS: true } : { requireTLS: true }) },
        imap: { ...imap, auth: user, ...(imap.secure ? {} : { doSTARTTLS: settings.imap.plain !== true }) },
        from,
        to,
        ...(folder === undefined ? {} : { folder }),
      });
    }
  }
}

function serverOf({ host, port, secure, user, password }: z.infer<typeof serverSchema>): {
  host: string;
  port: number;
  secure: boolean;
  auth?: { user: string; pass: string };
} {
  return { host, port, secure, ...(user === undefined ? {} : { auth: { user, pass: password ?? '' } }) };
}

/** Throws `office/backup` where there is no place, or nobody to seal to. */
export function openKeeper(home: Home, book: ShopBook): BackupKeeper {
  const settings = readBackupSettings(home);
  if (settings.places.length === 0)
    throw new OfficeError('office/backup', `${home.root}: no place for backups is named yet (tally backup --to PLACE)`);
  const recipients = settings.recipients.length > 0 ? settings.recipients : escrowRecipients(book);
  if (recipients.length === 0)
    throw new OfficeError(
      'office/backup',
      'nobody is named to seal to: --recipients, or tally escrow for the whole book',
    );
  return createBackupKeeper({
    book,
    hasher: shopCrypto.hasher,
    recipients: () => recipients,
    places: settings.places.map(openPlace),
    proof: () => readProof(home),
    state: { load: () => readText(stateFile(home)), save: (text) => replace(stateFile(home), text) },
  });
}

/** Before ops go: those that brought keys stand in what is kept here, which goes with each whole. */
export async function keepProof(home: Home, book: ShopBook): Promise<void> {
  const files = new Map<string, Uint8Array>();
  const before = readProof(home);
  if (before !== undefined) files.set('proof', before);
  const place = {
    load: (name: string) => files.get(name),
    save: (name: string, parts: readonly Uint8Array[]) => void files.set(name, Buffer.concat(parts)),
  };
  await book.saveSnapshot(place);
  await book.saveSnapshotProof(place);
  replace(proofFile(home), files.get('proof') ?? new Uint8Array());
}

function readProof(home: Home): Uint8Array | undefined {
  return existsSync(proofFile(home)) ? readFileSync(proofFile(home)) : undefined;
}

/** How the backups of a directory stand; undefined where none are set up. */
export function backupStanding(home: Home, ops: number): BackupStanding | undefined {
  const places = readBackupSettings(home).places.map((place) => openPlace(place).name);
  if (places.length === 0) return undefined;
  const state: KeeperState | undefined = parseState(readText(stateFile(home)));
  // Where none was ever made, every op has waited since before it was asked.
  return standingOf(state, { atMs: Date.now(), ops, sinceMs: 0, places });
}

/** The last number that counts: files of a greater one are of a process that died, and go with the next backup. Undefined where nothing is remembered. */
export const lastBackup = (home: Home): number | undefined => parseState(readText(stateFile(home)))?.number;

/** What a restored directory goes on from: a lower number than what was restored would lose against it, wherever the next backups go. */
export function noteRestored(
  home: Home,
  { number, at, hash }: { readonly number: number; readonly at: number; readonly hash: string },
): void {
  const state: KeeperState = {
    version: 1,
    number,
    hash,
    at,
    wholes: [],
    wholeBytes: 0,
    deltas: 0,
    deltaBytes: 0,
    ops: 0,
    sizes: {},
    heads: [],
    archived: {},
    places: {},
    sealedTo: '',
  };
  replace(stateFile(home), JSON.stringify(state));
}

/** For people and `tally status`. */
export function standingLines(standing: BackupStanding | undefined): string[] {
  if (standing === undefined) return ['backups: none are set up (tally backup --to PLACE)'];
  const { number, at, behind, isMissed, lacking } = standing;
  const last = at === undefined ? 'none made yet' : `number ${number} of ${new Date(at).toISOString()}`;
  const words = behind === 0 ? 'everything stands in it' : `${behind} ops stand in none`;
  return [
    `${isMissed ? 'BACKUP MISSED' : 'backups'}: ${last}, ${words}`,
    ...copiedLines(standing),
    ...goneLines(standing),
    ...lacking.map(({ place, number: held, error }) => `BACKUP NOT KEPT in ${place}: it has number ${held} (${error})`),
  ];
}

const mostNumbersShown = 12;

/** Of places where another copy of this device keeps its backups too: it was copied, or restored while the old machine lived. */
export function copiedLines({ copied }: BackupStanding): string[] {
  return copied.map(({ place, numbers }) => {
    const shown = numbers.slice(0, mostNumbersShown).join(', ');
    const named = numbers.length > mostNumbersShown ? `${shown} and older ones` : shown;
    return `THIS DEVICE WAS COPIED: ${place} has backups of it that were not made here (recovery/two-series), and keeps them: number ${named}`;
  });
}

/** Of places from which archives went whose ops are not here any more either. */
export function goneLines({ gone }: BackupStanding): string[] {
  return gone.map(
    ({ place, numbers }) =>
      `ARCHIVES GONE from ${place}: number ${numbers.join(', ')}, and the ops in them are not here any more: bring the files back, from wherever there is a copy`,
  );
}

function readText(path: string): string | undefined {
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
}

function parsed<T>(path: string, schema: z.ZodType<T>): T {
  try {
    return schema.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch (cause) {
    const issue = cause instanceof z.ZodError ? `: ${cause.issues[0]?.path.join('.')} ${cause.issues[0]?.message}` : '';
    throw new OfficeError('office/backup', `${path} cannot be understood${issue}`, { cause });
  }
}

function replace(path: string, text: string | Uint8Array): void {
  mkdirSync(resolve(path, '..'), { recursive: true, mode: 0o700 });
  writeFileSync(`${path}.new`, text, { mode: 0o600, flush: true });
  chmodSync(`${path}.new`, 0o600);
  renameSync(`${path}.new`, path);
}
