/** What a book says of itself: who writes here, how far each scope is folded, what stops it, and which ops are not settled yet. */
import type { BookId, DeviceId, OpHash, OpId, Scope as ScopeName } from '@tallystick/oplog';
import type { Role } from '@tallystick/sign';
import { type Lacking, lackingOf } from './lacking.ts';
import type { Stage } from './commit.ts';
import { type Disagreement, readDisagreements } from './disagreement.ts';
import type { ImageMisfit } from './image.ts';
import type { OwnDevice } from './own-device.ts';
import { type OtherView, otherViews, type RelayFinding, relayFindings } from './relay-findings.ts';
import { appointedRelay, META_RELAY, pinnedEpoch } from './relay-epoch.ts';
import type { Replica } from './replica.ts';
import { type SnapshotStatus, snapshotStatus } from './snapshot-use.ts';
import type { Stop } from './verdict.ts';

/** In the log's meta while this device must first learn its own last op. */
export const META_UNANCHORED = 'unanchored';

export interface BookStatus {
  readonly book: BookId;
  readonly device: DeviceId;
  /** Undefined until this device's enrolment has arrived. */
  readonly role: Role | undefined;
  readonly deviceName: string | undefined;
  /** The first public key of this device in hex: what `device.enroll` names beside `device`. */
  readonly publicKey: string;
  /** False while this device must first learn its own last op from a relay or another device, or the integrator says that it lacks one. */
  readonly anchored: boolean;
  readonly relayKey: string | undefined;
  /** The epoch of that relay: 0 for the one that the book began with. */
  readonly relayEpoch: number;
  /** Where the book says that the relay it appointed is reached; undefined where it says nothing. */
  readonly relayAddress: string | undefined;
  /** Why opening folded the whole log and used no image of the rows; undefined where one was used, or the database keeps them. */
  readonly imageMisfit: ImageMisfit | undefined;
  /** Of a book that began from a snapshot: how far that is trusted, and which tables are not here yet. */
  readonly snapshot: SnapshotStatus | undefined;
  /** Devices that folded the same and signed different outcomes: a bug, or rows that somebody edited. Evidence; it does not go away. */
  readonly disagreements: readonly Disagreement[];
  /** What the relay was convicted of here, each with its proof. Evidence; it does not go away. */
  readonly relayFindings: readonly RelayFinding[];
  /** Devices that say they saw another log than this one. Ask each for its book file and import it: where it holds the relay's note, that proves which is so. */
  readonly otherViews: readonly OtherView[];
  readonly scopes: readonly ScopeStatus[];
  /** What the book has adopted and this program lacks. A scope stops where it is needed. */
  readonly lacking: readonly Lacking[];
}

export interface ScopeStatus {
  readonly scope: ScopeName;
  /** Ops with a position in the shared order. */
  readonly settled: number;
  /** Ops without one. */
  readonly pending: number;
  /** Ops beside those without effect until more of `hq` is here: marks beyond it, and what builds on them. They stop nothing else. */
  readonly waiting: number;
  readonly stop: Stop | undefined;
  /** This device's key wrote two ops at one place here: a cloned tab, a restored backup, a copied database. `renew` goes on. */
  readonly forked: boolean;
}

export interface PendingOp {
  readonly id: OpId;
  readonly hash: OpHash;
  readonly scope: ScopeName;
  readonly verb: string;
  readonly at: number;
  readonly stage: Exclude<Stage, 'settled'>;
}

export interface Change {
  /** `disagreement` comes after the change that brought it, once for each time that there are more; `resident` when tables have been loaded; `relay-proof` when the relay was convicted of something. */
  readonly kind: 'commit' | 'import' | 'sync' | 'disagreement' | 'resident' | 'relay-proof';
}

/** `isUnanchored`: this device must first learn its own last op. */
interface Opened {
  readonly replica: Replica;
  readonly own: OwnDevice;
  readonly isUnanchored: boolean;
}

/** `hasImages`: the rows are kept as images, so that an opening may have found none to use. */
export function statusOf({ replica, own, isUnanchored }: Opened, hasImages: boolean): BookStatus {
  const row = own.row();
  return {
    book: replica.book as BookId,
    device: own.id,
    role: row?.['role'] as Role | undefined,
    deviceName: row?.['name'] as string | undefined,
    publicKey: own.publicKey,
    anchored: !isUnanchored,
    relayKey: replica.log.meta(META_RELAY),
    relayEpoch: pinnedEpoch(replica.log),
    relayAddress: appointedRelay(replica)?.address || undefined,
    imageMisfit: hasImages ? replica.misfit : undefined,
    snapshot: snapshotStatus(replica),
    disagreements: readDisagreements(replica.sql),
    relayFindings: relayFindings(replica.log),
    otherViews: otherViews(replica.log),
    scopes: replica.scopes().map((scope) => ({
      scope: scope.name as ScopeName,
      settled: scope.folded,
      pending: scope.tailSize,
      waiting: scope.waiting.length,
      stop: scope.stop,
      forked: own.author.forked.has(scope.name),
    })),
    lacking: lackingOf(replica),
  };
}

export function pendingOpsOf(replica: Replica): readonly PendingOp[] {
  return replica.scopes().flatMap((scope) =>
    scope.tail.map(({ op, hash }) => ({
      id: op.id,
      hash,
      scope: op.scope,
      verb: op.verb,
      at: op.at,
      stage: replica.log.receiptPosition(hash) === undefined ? ('local' as const) : ('durable' as const),
    })),
  );
}
