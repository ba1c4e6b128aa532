// @tallystick/oplog: op records, their canonical text, ids, order and the log store port. Spec: docs/spec/op.md.
export {
  type BookId,
  type DeviceId,
  type KeyId,
  type OpHash,
  type OpId,
  type Position,
  parseBookId,
  parseDeviceId,
  parseKeyId,
  parseOpHash,
  parseOpId,
  parseRootHash,
  parseScope,
  parseVerbRef,
  type RootHash,
  type Scope,
  type Seq,
  type VerbRef,
} from './brands.ts';
export { encodeCanonical, type Json, type JsonObject } from './canonical.ts';
export {
  type CanonicalCode,
  type Failure,
  type MaybePromise,
  type OpCode,
  type OplogCode,
  OplogError,
  type RecordCode,
  type Result,
  type StoreCode,
} from './errors.ts';
export { decodeHex, encodeHex } from './hex.ts';
export { createIdMint, type IdMint, type IdMintOptions } from './id-mint.ts';
export type {
  AppendFile,
  Aside,
  BaseHead,
  ChainHead,
  LogBase,
  LogStore,
  ReceiptLine,
  ReceiptNote,
  StoredRecord,
  StrictRecord,
  SyncLogStore,
  Tip,
} from './log-store.ts';
export { forgetArgs } from './held-args.ts';
export { encodeOp, type Op, type OpFailure, type Seen } from './op.ts';
export { orderTail, unionRecords } from './order.ts';
export {
  encodeRecord,
  maxRecordBytes,
  type OpRecord,
  signatureOf,
  textOf,
  trustedRecord,
} from './record.ts';
