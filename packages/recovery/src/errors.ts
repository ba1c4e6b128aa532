// The codes of this package. What was found in a place is answered by a code; what a caller asked for and cannot be done is thrown.

/** Why a file is not believed (docs/spec/recovery.md, "Reading"). */
export type PartCode =
  | 'recovery/not-a-backup'
  | 'recovery/truncated'
  | 'recovery/no-match'
  | 'recovery/damaged'
  | 'recovery/format'
  | 'recovery/foreign'
  | 'recovery/forged';

/** What is wrong with all that was found together. */
export type FindingCode = 'recovery/older' | 'recovery/withheld' | 'recovery/two-series' | 'recovery/incomplete';

export type ThrownCode =
  | 'recovery/which'
  | 'recovery/not-empty'
  | 'recovery/log'
  | 'recovery/place'
  | 'recovery/unverified'
  | 'recovery/recipients';

export type RecoveryCode = PartCode | FindingCode | ThrownCode;

export type PartResult<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly code: PartCode; readonly message: string };

/** Everything this package throws on purpose. */
export class RecoveryError extends Error {
  override readonly name = 'RecoveryError';
  readonly code: RecoveryCode;

  constructor(code: RecoveryCode, message: string, options?: { readonly cause?: unknown }) {
    super(`${code}: ${message}`, options);
    this.code = code;
  }
}

export function refuse(code: PartCode, message: string): { readonly ok: false; code: PartCode; message: string } {
  return { ok: false, code, message };
}
