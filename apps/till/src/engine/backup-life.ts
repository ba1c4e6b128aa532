// This till keeps itself: a copy of the book lies ready on the device, sealed, and goes to the office whenever it can, or to a person who asks for it. It runs
// beside the sales and never before them. Decision 051.
import type { DeviceId, Scope } from '@tallystick/oplog';
import type { BackupKeeper, BackupPlace, Cadence, PartHead } from '@tallystick/recovery';
import type {
  BackupFile,
  BackupOpener,
  BackupState,
  BucketSettings,
  OutsideBackup,
  RestoredFrom,
} from './backup-state.ts';
import { readEscrow } from './escrow-check.ts';
import { messageOf } from './link.ts';
import type { OpenShop } from './open-shop.ts';
import type { Outcome } from './port.ts';
import type { MadeKey } from './requests.ts';

export interface TillBackup {
  readonly state: BackupState;
  /** Something was entered: what is new is sealed soon, so that hiding the page has only to write. */
  entered(): void;
  /** What the cadence asks for. */
  look(): Promise<void>;
  /** The page is hidden: everything goes out that is not out yet. */
  hide(): Promise<void>;
  makeFile(): Promise<Outcome<BackupFile>>;
  /** A person said that they keep the file of this number. */
  taken(file: Pick<BackupFile, 'number' | 'ops'>): Promise<void>;
  nameOpener(opener: BackupOpener): Promise<void>;
  /** Where it hands itself in, once that was tried; nowhere any more where it is left out. */
  nameBucket(settings: BucketSettings | undefined): Promise<Outcome<void>>;
  stop(): void;
}

export interface BackupParts {
  readonly keeper: BackupKeeper;
  readonly device: BackupPlace;
  readonly office: BackupPlace | undefined;
  /** As it is named now. */
  readonly readBucket: () => Promise<BackupPlace | undefined>;
  readonly writeBucket: (settings: BucketSettings | undefined) => Promise<void>;
  readonly carry: (from: BackupPlace, to: BackupPlace, options: { readonly checkedUpTo: number }) => Promise<number>;
  readonly countOps: () => number;
  /** One file of everything that lies ready. */
  readonly join: (openers: readonly string[]) => Promise<Uint8Array>;
}

export type Kept = Pick<OpenShop, 'book' | 'log' | 'record'>;

const [outsideNote, openersNote, sinceNote] = ['till/backup/outside', 'till/backup/openers', 'till/backup/since'];
/** The address alone: its keys are in no log. */
const bucketNote = 'till/backup/bucket';
export const restoredNote = 'till/backup/restored';
/** Where the office takes them; a tenth of an hour is soon for a shop and rare for a network. */
const unattended: Cadence = { everyMs: 15 * 60_000, everyOps: 50 };
/** Where a person has to. */
const byHand: Cadence = { everyMs: 24 * 3_600_000, everyOps: 500 };
const lookMs = 30_000;
/** From the last entry to the sealing of what is new. */
const idleMs = 2_000;
/** A whole holds sales up while it reads the rows, so nobody must have entered anything for so long. */
const quietMs = 20_000;
/** A relay brings hundreds of ops at once to a till that joined or came back: nobody had time to keep them, so their number alone is no missed backup so soon. */
const graceMs = 2 * 60_000;
const mostRecipients = 8;

export function createTillBackup(
  shop: Kept,
  onChange: () => void,
  load: (shop: Kept, life: { recipients(): readonly string[]; isQuiet(): boolean }) => Promise<BackupParts>,
): TillBackup {
  const { book, log } = shop;
  let parts: Promise<BackupParts> | undefined;
  let loaded: BackupParts | undefined;
  let fault: string | undefined;
  let lastEntryMs = Date.now();
  let isHidden = false;
  let isStopped = false;
  let soon: ReturnType<typeof setTimeout> | undefined;
  noteOnce(log, sinceNote, String(Date.now()));

  const openers = (): readonly BackupOpener[] => readNote<readonly BackupOpener[]>(log, openersNote) ?? [];
  const recipients = (): readonly string[] =>
    [...new Set([...readEscrow(book), ...openers().map(({ recipient }) => recipient)])].slice(0, mostRecipients);
  const isWhole = (): boolean => (book.status().snapshot?.absent ?? []).length === 0;
  const isQuiet = (): boolean => isHidden || (Date.now() - lastEntryMs > quietMs && isWhole());

  /** Fetched when it is first needed, and again where that failed. */
  async function open(): Promise<BackupParts> {
    parts ??= load(shop, { recipients, isQuiet });
    try {
      loaded = await parts;
      return loaded;
    } catch (error) {
      parts = undefined;
      throw error;
    }
  }

  /** Whatever goes wrong here is said under "This till", and is in nobody's way. */
  async function quietly(work: (parts: BackupParts) => Promise<unknown>): Promise<void> {
    if (isStopped || recipients().length === 0) return;
    try {
      await work(await open());
      fault = undefined;
    } catch (error) {
      fault = messageOf(error);
    }
    if (!isStopped) onChange();
  }

  async function carry(parts_: BackupParts): Promise<void> {
    const { carryAll } = await import('./backup-carry.ts');
    const isOpened = (): boolean => opensAlone(readEscrow(book), openers());
    await carryAll(parts_, shop, async (made) => (isOpened() ? noteOutside(made) : undefined));
  }

  async function noteOutside(made: OutsideBackup): Promise<void> {
    await log.setMeta(outsideNote, JSON.stringify(made));
  }

  let looking: Promise<void> | undefined;
  const timer = setInterval(() => void life.look(), lookMs);
  const life: TillBackup = {
    get state() {
      return readState(shop, { openers: openers(), parts: loaded, fault });
    },
    entered() {
      lastEntryMs = Date.now();
      clearTimeout(soon);
      soon = setTimeout(() => void quietly(({ keeper }) => keeper.prepare()), idleMs);
    },
    // One at a time: a whole on a slow line takes longer than it is until the next look.
    look: () =>
      (looking ??= quietly(async (open_) => {
        await open_.keeper.keep();
        await carry(open_);
      }).finally(() => (looking = undefined))),
    async hide() {
      isHidden = true;
      await quietly(async (open_) => {
        await open_.keeper.backUp();
        await carry(open_);
      });
      isHidden = false;
    },
    async makeFile() {
      if (recipients().length === 0) return { ok: false, code: 'till/no-opener', message: 'nobody could open it' };
      try {
        const { keeper, join, countOps } = await open();
        await keeper.backUp();
        const { number, behind } = keeper.standing();
        const sealed = openers().flatMap((opener) => (opener.sealed === '' ? [] : [opener.sealed]));
        const bytes = await join(sealed);
        const name = `tallystick-${book.status().deviceName ?? 'till'}-${String(number).padStart(5, '0')}.age`;
        return { ok: true, value: { name, bytes, number, ops: countOps() - behind } };
      } catch (error) {
        return { ok: false, code: 'till/backup', message: messageOf(error) };
      }
    },
    taken: ({ number, ops }) => noteOutside({ number, ops, at: Date.now(), by: 'person' }),
    async nameOpener(opener) {
      const others = openers().filter(({ kind }) => kind !== opener.kind);
      await log.setMeta(openersNote, JSON.stringify([...others, opener]));
    },
    async nameBucket(settings) {
      if (settings !== undefined && recipients().length === 0)
        return { ok: false, code: 'till/no-opener', message: 'nobody could open it' };
      if (settings !== undefined && !opensAlone(readEscrow(book), openers()))
        return {
          ok: false,
          code: 'till/passkey-only',
          message: 'a passkey opens what a person was given, and no bucket',
        };
      try {
        await (await open()).writeBucket(settings);
        await log.setMeta(bucketNote, settings?.url ?? '');
        onChange();
        void life.look();
        return { ok: true, value: undefined };
      } catch (error) {
        return { ok: false, code: 'till/bucket', message: messageOf(error) };
      }
    },
    stop() {
      isStopped = true;
      clearInterval(timer);
      clearTimeout(soon);
    },
  };
  return life;
}

/** As plain data. Before the code that makes backups is here, it says what the log remembers. */
function readState(
  shop: Kept,
  {
    openers,
    parts,
    fault,
  }: { openers: readonly BackupOpener[]; parts: BackupParts | undefined; fault: string | undefined },
): BackupState {
  const { book, log, record } = shop;
  const last = outside(log);
  const escrow = readEscrow(book);
  const standing = parts?.keeper.standing();
  // What a till was brought back with stands in the backup that it came from.
  const kept = last?.ops ?? readNote<NotedRestore>(log, restoredNote)?.ops ?? 0;
  const behind = Math.max(0, countOps(book) - kept);
  const bucket = log.meta(bucketNote) || undefined;
  const isUnattended = (record.office !== undefined || bucket !== undefined) && opensAlone(escrow, openers);
  const cadence = isUnattended ? unattended : byHand;
  const since = last?.at ?? Number(log.meta(sinceNote) ?? Date.now());
  // As in `standingOf`: of a time that is ahead of now nobody knows how long ago it was.
  const elapsedMs = since - Date.now() > cadence.everyMs ? Number.POSITIVE_INFINITY : Date.now() - since;
  return {
    openers: {
      office: escrow.length,
      passkey: openers.some(({ kind }) => kind === 'passkey'),
      paper: openers.some(({ kind }) => kind === 'paper'),
    },
    ready: standing?.at === undefined ? undefined : { number: standing.number, at: standing.at },
    outside: last,
    behind,
    isMissed: behind > 0 && elapsedMs >= (behind >= 2 * cadence.everyOps ? graceMs : 2 * cadence.everyMs),
    isUnattended,
    bucket,
    fault,
    restored: readRestored(shop),
  };
}

/** Whether what the office holds can be opened: what a passkey opens with goes along in a file that a person was given, and nowhere else. */
function opensAlone(escrow: readonly string[], openers: readonly BackupOpener[]): boolean {
  return escrow.length > 0 || openers.some(({ kind }) => kind === 'paper');
}

export function countOps(book: Pick<Kept['book'], 'status'>): number {
  return book.status().scopes.reduce((sum, { settled, pending, waiting }) => sum + settled + pending + waiting, 0);
}

/** The passkey of a till's key opens its backups too. */
export async function noteKeyOpener({ backup }: Pick<OpenShop, 'backup'>, made: MadeKey | undefined): Promise<void> {
  if (made?.opener !== undefined) await backup?.nameOpener(made.opener);
}

/** Number of the backup of this very device that the till was brought back from; 0 for none. */
export function restoredNumber({ book, log }: Pick<Kept, 'book' | 'log'>): number {
  const from = readNote<NotedRestore>(log, restoredNote);
  return from?.device === book.device ? from.number : 0;
}

interface NotedRestore {
  readonly number: number;
  readonly at: number;
  /** Whose backup it is, and its last op in it. */
  readonly device: DeviceId;
  readonly seq: number;
  /** Ops that came back with it. */
  readonly ops?: number;
  /** Last ops of others that the backup named and did not bring. */
  readonly lost: readonly PartHead[];
}

/** What the relay knew beyond the backup, once the till has heard from it. */
function readRestored({ book, log, record }: Kept): RestoredFrom | undefined {
  const from = readNote<NotedRestore>(log, restoredNote);
  if (from === undefined) return undefined;
  const { number, at, device, seq, lost } = from;
  const learntNote = `${restoredNote}/learnt`;
  if (book.status().anchored) {
    const known = book.log.head(device, record.scope)?.seq ?? 0;
    noteOnce(log, learntNote, String(Math.max(0, known - seq)));
  }
  const learnt = log.meta(learntNote);
  const missing = lost.filter(
    ([scope, of, last]) => (log.head(of as DeviceId, scope as Scope)?.seq ?? 0) < last,
  ).length;
  return { number, at, learnt: learnt === undefined ? undefined : Number(learnt), missing };
}

/** A log that takes nothing now is no reason for a till not to open: it is noted the next time. */
function noteOnce(log: Kept['log'], name: string, text: string): void {
  if (log.meta(name) !== undefined) return;
  try {
    void Promise.resolve(log.setMeta(name, text)).catch(() => undefined);
  } catch {
    // A full disk says so where something is entered.
  }
}

function outside(log: Kept['log']): OutsideBackup | undefined {
  return readNote<OutsideBackup>(log, outsideNote);
}

/** What this till wrote itself; undefined where it wrote nothing. */
export function readNote<T>(log: Kept['log'], name: string): T | undefined {
  const text = log.meta(name);
  return text === undefined ? undefined : (JSON.parse(text) as T);
}
