// How the till stands as a whole: its shop, its relay, its key, and what is wrong. Plain data, sent anew whenever any of it changes.
import type { RelayFinding } from '@tallystick/kernel';
import type { Owed } from '@tallystick/retail/corrections';
import type { AsideUnread } from './aside-unread.ts';
import type { BackupState } from './backup-state.ts';
import type { DaySummary, Session } from './shown.ts';

/** No connection, nothing said in the time it was given, too much to do, or an answer that is none of a relay. */
export type RelaySilence = 'unreachable' | 'silent' | 'busy' | 'garbled';

/** Where the till stands with its relay. `since` and `at` are clock readings in ms. */
export type Link =
  | { readonly kind: 'alone' }
  | { readonly kind: 'connecting' }
  | { readonly kind: 'linked'; readonly at: number }
  | { readonly kind: 'no-network'; readonly since: number }
  | { readonly kind: 'relay-unreachable'; readonly since: number; readonly reason: string; readonly how: RelaySilence }
  | { readonly kind: 'not-enrolled' }
  | { readonly kind: 'relay-distrusted'; readonly reason: string }
  | { readonly kind: 'refused'; readonly reason: string };

export interface Shop {
  readonly book: string;
  readonly device: string;
  readonly name: string;
  readonly till: string;
  readonly currency: string;
  readonly relay: string | undefined;
  /** This till is on a van, where a scan may be the sale. */
  readonly isVan?: boolean;
}

export type Phase =
  | { readonly kind: 'starting' }
  | { readonly kind: 'waiting'; readonly shop: Shop | undefined }
  | { readonly kind: 'first-run' }
  | { readonly kind: 'open'; readonly shop: Shop }
  | { readonly kind: 'failed'; readonly code: string; readonly message: string };

/** Everything the screens show about the till as a whole; sent anew whenever any of it changes. */
export interface TillState {
  readonly phase: Phase;
  readonly link: Link;
  readonly session: Session | undefined;
  /** With a handful of documents only: what stands here is sent at every change. */
  readonly today: DaySummary | undefined;
  /** Documents of before a backup are still to come: nothing is said of any day. */
  readonly isComing: boolean;
  /** How much of them is here, in whole hundredths. */
  readonly comingPercent: number;
  /** Why they cannot be read on this device, where that was tried. */
  readonly comingFault: string | undefined;
  /** Somebody counts goods, so nothing says how much there should be. */
  readonly isCounting: boolean;
  /** Ops that no relay has answered for yet. Always 0 where there is no relay. */
  readonly unsent: number;
  readonly lastSyncAt: number | undefined;
  /** Set when the log file could not be written: nothing is being saved until it works again. */
  readonly storageFault: string | undefined;
  /** Entries of this till that the book gave no effect. */
  readonly refused: number;
  /** Entries of this till that stand otherwise than they were meant. */
  readonly corrections: CorrectionCount;
  /** Undefined for a till that has no fiscal numbers to give. */
  readonly fiscal: FiscalLeft | undefined;
  /** What the relay was convicted of here. The till keeps the proof. */
  readonly relayFindings: readonly RelayFinding['kind'][];
  /** Set when the fold stopped at something this version does not understand. */
  readonly stop: string | undefined;
  /** Another device wrote with this one's key, so one of the two has no effect. */
  readonly isCopied: boolean;
  /** Set when a start had to cut a damaged end off the log. */
  readonly torn: Torn | undefined;
  readonly clock: Clock;
  /** Undefined for a till alone. */
  readonly key: KeyState | undefined;
  /** Undefined for a till alone, and in a browser that gives it no files. */
  readonly backup: BackupState | undefined;
}

export interface Torn {
  /** Cut off at this start; 0 when it was an earlier one. */
  readonly bytes: number;
  /** Number of the newest document of this till that is left. */
  readonly lastDocument: string | undefined;
  /** Which it is is said when all documents are here. */
  readonly isComing?: boolean;
  /** Some of what was cut may be at the relay: nothing is written before that is known. */
  readonly mustReachRelay: boolean;
}

export type BackupKind = 'passkey' | 'organisation' | 'shares' | 'file';

/** What the book is told of a key's backup. `sealed` is '' for shares, which people keep. */
export interface Backup {
  readonly kind: BackupKind;
  readonly sealed: string;
}

export interface KeyState {
  /** How the key in force is backed up; empty when it cannot come back. */
  readonly backups: readonly BackupKind[];
  /** To whom the organisation wants keys sealed; empty where it keeps no escrow. */
  readonly escrow: readonly string[];
  /** The key was sealed to others than the shop's book names: that is no backup, and somebody else may have the key. */
  readonly isSealedElsewhere: boolean;
  /** The shop has let this device in, as far as this till knows. */
  readonly isEnrolled: boolean;
  readonly isRevoked: boolean;
  /** False while it must first learn from the relay what it wrote last. */
  readonly isAnchored: boolean;
  /** What it wrote and does not have, because it stands in a log that was put aside. */
  readonly unread: AsideUnread | undefined;
}

/** Whether the device's clock can be right: `behind` the day it was admitted, or `ahead` by what the relay says. */
export type Clock = 'fine' | 'behind' | 'ahead';

export interface TillStatus {
  readonly logBytes: number;
  readonly scopes: readonly { readonly scope: string; readonly size: number; readonly pending: number }[];
  readonly role: string | undefined;
  readonly refusals: readonly RefusedEntry[];
  /** The newest first. */
  readonly corrections: readonly CorrectedEntry[];
  readonly asides: number;
}

/** An op of this device that is in the log and has no effect. */
export interface RefusedEntry {
  readonly verb: string;
  /** The number that is on its paper; '' where it has none. */
  readonly number: string;
  readonly code: string;
  readonly details: string;
  readonly at: number | undefined;
  /** What was tendered with it, less the change; undefined where nothing was. */
  readonly paidMinor: number | undefined;
}

export interface CorrectionCount {
  readonly count: number;
  /** Not shown to anybody yet. */
  readonly unseen: number;
}

/** An op of this device that stands, because it was done, though something spoke against it. */
export interface CorrectedEntry {
  readonly op: string;
  readonly verb: string;
  /** Every reason, the first of all first. */
  readonly codes: readonly string[];
  /** The number of its document; '' for an entry without one. */
  readonly document: string;
  readonly at: number | undefined;
  readonly totalMinor: number | undefined;
  readonly currency: string;
  readonly lines: readonly string[];
  /** `who` as people call it. */
  readonly owed: readonly Owed[];
}

/** What fiscal numbers are for: sales, or what comes back. */
export type FiscalUse = 'sale' | 'refund';

export interface FiscalLeft {
  /** Of the series in use; of two, of that which ends first. */
  readonly left: number;
  /** Every series that this till was leased numbers of. */
  readonly series: readonly { readonly name: string; readonly left: number }[];
  /** The series that numbers sales and exchanges, and that which numbers refunds. */
  readonly sale: string;
  readonly refund: string;
}
