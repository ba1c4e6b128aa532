// The one error class of this package. It is thrown for a broken key store, signer or caller, never for what a record holds.
export type SignErrorCode =
  | 'sign/key-name'
  | 'sign/key-exists'
  | 'sign/key-file'
  | 'sign/key-file-mode'
  | 'sign/key-seal'
  | 'sign/key-storage'
  | 'sign/seed'
  | 'sign/signer'
  | 'sign/token'
  | 'sign/wrong-device'
  | 'sign/book';

export class SignError extends Error {
  readonly code: SignErrorCode;

  constructor(code: SignErrorCode, message: string, options?: { cause?: unknown }) {
    super(`${code}: ${message}`, options);
    this.name = 'SignError';
    this.code = code;
  }
}
