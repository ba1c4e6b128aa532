// The codes of this package. What was read, stored or handed in is answered by a code; what a caller asked for and cannot be done is thrown.

/** Why an envelope does not open (docs/spec/envelope.md, "Opening"). */
export type EnvelopeCode = 'erasure/not-an-envelope' | 'erasure/no-match' | 'erasure/damaged';

/** Why a wrapped key gives no key (docs/spec/envelope.md, "Wrapped keys"). */
export type WrapCode = 'erasure/not-wrapped' | 'erasure/not-a-reader' | 'erasure/other-key';

export type ThrownCode =
  | 'erasure/subject'
  | 'erasure/key'
  | 'erasure/place'
  | 'erasure/text'
  | 'erasure/readers'
  | 'erasure/shredded'
  | 'erasure/key-exists'
  | 'erasure/store';

export class ErasureError extends Error {
  readonly code: ThrownCode;

  constructor(code: ThrownCode, message: string, options?: { readonly cause?: unknown }) {
    super(`${code}: ${message}`, options);
    this.name = 'ErasureError';
    this.code = code;
  }
}

/** The message is for people and never holds personal data; branch on the code. */
export interface ErasureFailure<C extends EnvelopeCode | WrapCode> {
  readonly ok: false;
  readonly code: C;
  readonly message: string;
}

export type ErasureResult<T, C extends EnvelopeCode | WrapCode> =
  | { readonly ok: true; readonly value: T }
  | ErasureFailure<C>;

export function refuse<C extends EnvelopeCode | WrapCode>(code: C, message: string): ErasureFailure<C> {
  return { ok: false, code, message };
}
