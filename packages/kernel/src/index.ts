// @tallystick/kernel: verbs to effects to SQLite, and `openBook`. See docs/architecture.md.
export type { Undecodable } from './admit.ts';
export type { CryptoProvider } from './admitter.ts';
export type { Lacking } from './lacking.ts';
export type { ArchiveOptions, ArchiveReport } from './archive.ts';
export type { AsOf, AsOfPlace } from './as-of.ts';
export type { AttestOptions } from './attest.ts';
export type { CommitRequest, Edge, NotCommitted, OpPlace } from './author.ts';
export { Book } from './book.ts';
export {
  books,
  builtinVerbs,
  businessDays,
  certificates,
  corrections,
  devices,
  disagreements,
  manifest,
  marks,
  quarantine,
  recoveries,
  refusals,
  tableShapes,
} from './builtin.ts';
export type { Commit, Committed, Stage, TypedRequest, VerbArgs, VerbName } from './commit.ts';
export type { BookDigest, ScopeDigest } from './digest.ts';
export type { Disagreement } from './disagreement.ts';
export type { BookStore, ImagePlace, SqlDriver, SqlValue, Statement, StoreImage } from './driver.ts';
export { KernelError, type KernelErrorCode } from './errors.ts';
export type { ImageMisfit } from './image.ts';
export type { LackingTable } from './in-force.ts';
export type { AdoptArgs } from './manifest.ts';
export { openBook, type OpenBookOptions } from './open-book.ts';
export type { ProofProblem, ProofReport } from './prove.ts';
export type { Replayed, ReplayOptions } from './replay.ts';
export type { QuarantinedOp, Renewal } from './renewal.ts';
export { loadParts, replay, verifyLog } from './log-check.ts';
export type { OtherView, RelayFinding } from './relay-findings.ts';
export type { AbsentTable } from './residency.ts';
export type { SnapshotManifest } from './snapshot.ts';
export type { SnapshotReport } from './snapshot-save.ts';
export type { SnapshotOptions, SnapshotSource } from './snapshot-start.ts';
export type { SnapshotTrust } from './snapshot-trust.ts';
export type { SnapshotStatus } from './snapshot-use.ts';
export type { ListenOptions } from './listen.ts';
export type { SyncReport } from './sync-report.ts';
export {
  type Columns,
  type Effect,
  type RegisterTable,
  type Row,
  type RowOf,
  registerTable,
  type SetTable,
  type SumTable,
  setTable,
  sumTable,
} from './table.ts';
export type { ImportReport } from './transfer.ts';
export {
  type ArgsSchema,
  type Compensated,
  compensate,
  type Contested,
  contest,
  type Correction,
  defineVerb,
  type OpFacts,
  type Outcome,
  type Refusal,
  refuse,
  type Verb,
  type View,
} from './verb.ts';
export type { OlderOps } from './whole-log.ts';
export type { LogProblem, VerifyOptions, VerifyReport } from './verify.ts';
export type { BookStatus, Change, PendingOp, ScopeStatus } from './status.ts';
export type { Stop } from './verdict.ts';
