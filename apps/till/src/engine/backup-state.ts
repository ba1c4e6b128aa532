// What the screens know of this till's backups, and what they hand over to make and to bring back one. Plain data.
import type { Backup } from './standing.ts';

/** An identity of the shop's own that opens backups: sealed to a passkey, or on a paper that a person keeps. */
export interface BackupOpener {
  readonly kind: 'passkey' | 'paper';
  /** Age recipient of the identity. */
  readonly recipient: string;
  /** The identity, sealed to the passkey; '' for one on paper. */
  readonly sealed: string;
}

export interface BackupState {
  /** Who can open one: how many recipients the shop's book names, and whether this till has more. */
  readonly openers: { readonly office: number; readonly passkey: boolean; readonly paper: boolean };
  /** The last one that lies ready on this device, and is gone with it. */
  readonly ready: { readonly number: number; readonly at: number } | undefined;
  /** The last one that is known to be elsewhere: the office holds it, or a person said that they keep it. */
  readonly outside: OutsideBackup | undefined;
  /** Entries of the book here, of whoever, that stand in none elsewhere. */
  readonly behind: number;
  /** Twice the time or number has gone by in which one should have been made. */
  readonly isMissed: boolean;
  /** Whether somebody takes them without a person. */
  readonly isUnattended: boolean;
  /** The address of the bucket to which it hands itself in. */
  readonly bucket: string | undefined;
  /** Why the last attempt failed. */
  readonly fault: string | undefined;
  /** Set on a till that was brought back from one. */
  readonly restored: RestoredFrom | undefined;
}

/** Where a till without an office hands itself in; the keys can open nothing. */
export interface BucketSettings {
  /** `https://s3.example/my-bucket`, or with a folder. */
  readonly url: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

export interface OutsideBackup {
  readonly number: number;
  /** By this device's clock, in ms. */
  readonly at: number;
  /** Ops that the book had then. */
  readonly ops: number;
  readonly by: 'office' | 'bucket' | 'person';
}

export interface RestoredFrom {
  readonly number: number;
  readonly at: number;
  /** Entries of this till that no backup had and the relay gave back; undefined until it has answered. */
  readonly learnt: number | undefined;
  /** Chains whose last entries the backup named, and which are still not here. */
  readonly missing: number;
}

/** One file of everything, for a person. */
export interface BackupFile {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly number: number;
  /** Ops that stand in it. */
  readonly ops: number;
}

/** What a person gave: files, and what opens them. */
export interface BackupRequest {
  readonly files: readonly { readonly name: string; readonly bytes: Uint8Array }[];
  /** Age identities. */
  readonly identities: readonly string[];
  /** The number on a paper. */
  readonly known?: number;
}

/** A file that is not believed, or something that is wrong with all of them. */
export interface BackupFault {
  /** Of the file; '' for all. */
  readonly name: string;
  readonly code: string;
  readonly message: string;
}

export interface FoundBackup {
  readonly faults: readonly BackupFault[];
  /** Undefined where nothing can be brought back. */
  readonly till: FoundTill | undefined;
}

export interface FoundTill {
  readonly book: string;
  readonly device: string;
  readonly shop: string;
  readonly till: string;
  readonly number: number;
  readonly at: number;
  /** Where its relay was. */
  readonly relay: string;
  readonly keyId: string;
  /** What stands in the book of its key. */
  readonly keys: readonly Backup[];
}
