// The package's one error class, its literal codes, and the shape of outcomes that callers branch on. Codes: docs/spec/op.md.

/** Why a text or a value is not canonical JSON (docs/spec/op.md, "Canonical text"). */
export type CanonicalCode =
  | 'canonical/too-large'
  | 'canonical/too-deep'
  | 'canonical/syntax'
  | 'canonical/form'
  | 'canonical/null'
  | 'canonical/number'
  | 'canonical/unicode'
  | 'canonical/type';

/** Why a canonical text is not an op (docs/spec/op.md, "Members"). */
export type OpCode =
  | 'op/shape'
  | 'op/member'
  | 'op/args'
  | 'op/at'
  | 'op/device'
  | 'op/id'
  | 'op/prev'
  | 'op/scope'
  | 'op/seen'
  | 'op/seq'
  | 'op/verb'
  | 'op/genesis';

/** Why bytes are not a record (docs/spec/op.md, "Record"). */
export type RecordCode = 'record/short' | 'record/utf8' | 'record/signature' | 'record/key' | 'record/corrupt';

/** What a log store or an id mint throws. */
export type StoreCode =
  | 'store/closed'
  | 'store/damaged'
  | 'store/dropped'
  | 'store/format'
  | 'store/missing'
  | 'store/moved'
  | 'store/newer'
  | 'store/position'
  | 'store/read'
  | 'store/transaction'
  | 'store/write';

export type OplogCode =
  | CanonicalCode
  | OpCode
  | RecordCode
  | StoreCode
  | 'bundle/length'
  | 'frame/size'
  | 'id/clock'
  | 'id/exhausted';

/** Everything this package throws. Branch on `code`, never on the message. */
export class OplogError extends Error {
  override readonly name = 'OplogError';
  readonly code: OplogCode;

  constructor(code: OplogCode, message: string, options?: { readonly cause?: unknown }) {
    super(`${code}: ${message}`, options);
    this.code = code;
  }
}

/** The least a refused outcome says. */
export interface Failure<C extends string = string> {
  readonly code: C;
  readonly message: string;
}

/** What a caller must branch on is returned, not thrown. */
export type Result<T, F extends { readonly code: string } = Failure> =
  | { readonly ok: true; readonly value: T }
  | ({ readonly ok: false } & F);

/** A value now or later: stores on a worker or a network may be asynchronous, the ones in this package never are. */
export type MaybePromise<T> = T | Promise<T>;
