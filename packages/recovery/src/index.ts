// A book kept outside its stores, and brought back. Format: docs/spec/recovery.md.
export { type ArchivedOps, archivedOps } from './archived-ops.ts';
export { type BucketOptions, bucketPlace } from './bucket.ts';
export { carryParts } from './carry.ts';
export { filesOf, joinFiles, type PersonsFile } from './persons-file.ts';
export { type BackupStanding, type Cadence, defaultCadence, standingOf } from './cadence.ts';
export { type FindingCode, type PartCode, type RecoveryCode, RecoveryError } from './errors.ts';
export { type ClockOptions, findWrongTimes, type WrongTime } from './clock.ts';
export {
  type Chosen,
  type Finding,
  type FoundFile,
  judgeBackups,
  type Judgement,
  type JudgeOptions,
  type Verdict,
} from './judge.ts';
export { opsOf } from './gather.ts';
export {
  type ArchiveReport,
  type BackupKeeper,
  type BackupReport,
  createBackupKeeper,
  type KeeperOptions,
} from './keeper.ts';
export { noteOf, openPart, type OpenPart, type PartHead, type PartHeader, type PartKind, sealPart } from './part.ts';
export { type BackupPlace, isPartOf, memoryPlace, parsePartName, partName } from './place.ts';
export { filesIn, logOf, restoreArchives, restoreBook, type RestoreOptions, type RestoreReport } from './restore.ts';
export { rebuildBook, type RebuildOptions, type Rebuilt } from './rebuild.ts';
export { type KeeperState, parseState, type StateStore } from './state.ts';
export { tryPlace } from './verified-save.ts';
export {
  type MissingOp,
  type MissingPositions,
  type ScopeSurvey,
  type Survey,
  surveyLogs,
  type Survivor,
  type Trace,
} from './survey.ts';
