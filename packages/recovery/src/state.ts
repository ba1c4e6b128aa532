// What a device remembers of the backups it made, so that the next is a delta. Losing it costs one whole.
import type { PartHead } from './part.ts';

export interface KeeperState {
  readonly version: 1;
  /** Whose backups these are; whoever reads it where it is left out. */
  readonly device?: string;
  readonly number: number;
  /** SHA-256 of the last header line. */
  readonly hash: string;
  /** When the last part was made, in ms by this device's clock. */
  readonly at: number;
  /** When places were asked for what they hold last and nothing was written, in ms. */
  readonly asked?: number;
  /** Numbers of the last wholes, the newest first. */
  readonly wholes: readonly number[];
  readonly wholeBytes: number;
  /** Of the deltas since the last whole. */
  readonly deltas: number;
  readonly deltaBytes: number;
  /** Ops in all scopes, settled and pending, when the last part was made. */
  readonly ops: number;
  readonly sizes: Readonly<Record<string, number>>;
  readonly heads: readonly PartHead[];
  /** By scope, up to where its settled ops stand in archives. */
  readonly archived: Readonly<Record<string, number>>;
  /** By name, the last part that each place was seen to hold, and why it holds no later one. */
  readonly places: Readonly<Record<string, PlaceState>>;
  /** To whom the last whole was sealed. */
  readonly sealedTo: string;
  /** The number of a part that is on its way to its places: who finds it at a start was ended in between, and its files may be there. */
  readonly trying?: number;
  /** Of the files since the last whole but one, and of those that are on their way: what tells them from those of a copy of this device. */
  readonly sums?: Readonly<Record<string, string>>;
  /** Those that stand in the places, all told. */
  readonly archives?: readonly KeptArchive[];
  /** Archives since the last of a period. */
  readonly group?: ArchiveGroup;
  /** The last archive of a period: its number, and up to where it goes by scope. */
  readonly period?: { readonly number: number; readonly sizes: Readonly<Record<string, number>> };
}

/** Archives whose ops stand one after another: one archive could have them all. */
export interface ArchiveGroup {
  /** Where the first begins, by scope. */
  readonly since: Readonly<Record<string, number>>;
  /** Theirs are greater numbers. */
  readonly after: number;
  readonly parts: number;
}

/** An archive that no later one has all ops of. */
export interface KeptArchive {
  readonly number: number;
  /** Position of its first op, by scope. */
  readonly from: Readonly<Record<string, number>>;
}

export interface PlaceState {
  readonly number: number;
  readonly at: number;
  readonly error?: string;
  /** It holds that part whole: `error` is of older ones, which it does not let go of. */
  readonly isHeld?: boolean;
  /** Numbers of parts that another copy of this device left there. */
  readonly others?: readonly number[];
  /** Numbers of archives that are gone from there and that nobody can seal anew: the log has let go of their ops. */
  readonly gone?: readonly number[];
}

/** Where the state is kept: a file, a line in a log's metadata. */
export interface StateStore {
  load(): string | undefined;
  save(text: string): void | Promise<void>;
}

/** Undefined for what is none, which costs a whole and nothing else. */
export function parseState(text: string | undefined): KeeperState | undefined {
  try {
    const value = JSON.parse(text ?? '') as Partial<KeeperState> | null;
    const isState =
      value?.version === 1 &&
      Number.isSafeInteger(value.number) &&
      Array.isArray(value.wholes) &&
      Array.isArray(value.heads) &&
      typeof value.sizes === 'object' &&
      typeof value.archived === 'object' &&
      typeof value.places === 'object';
    return isState ? (value as KeeperState) : undefined;
  } catch {
    return undefined;
  }
}
