// The package's one error class. It is thrown for a wrong caller or a relay that cheats, never for how a claim ends.
export type CasErrorCode = 'cas/other-token' | 'cas/bad-receipt';

export class CasError extends Error {
  override readonly name = 'CasError';
  readonly code: CasErrorCode;

  constructor(code: CasErrorCode, message: string) {
    super(`${code}: ${message}`);
    this.code = code;
  }
}
